/**
 * Reading case after case: open, preload the next, submit, skip, flag, keep the lease.
 *
 * @typedef {import('../api/items.js').WorkspaceDocument} WorkspaceDocument
 * @typedef {import('../viewer/images.js').Series} Series
 * @typedef {import('../lib/journal.js').JournalRecord} JournalRecord
 * @typedef {import('../api/items.js').FetchedCase} FetchedCase
 * @typedef {{doc: WorkspaceDocument, series: Series, document: AnnotationDocument, proposal: ProposalControl | null,
 *   autosave: Autosave, recovered: boolean}} OpenCase
 * @typedef {object} SessionEvents
 * @property {(open: OpenCase) => Promise<void>} show paint the case; resolves when it is on the screen
 * @property {(series: Series, doc: WorkspaceDocument) => Promise<void>} preload
 * @property {(status: import('./autosave.js').SaveStatus) => void} onSave
 * @property {(state: 'loading' | 'ready' | 'none' | 'failed') => void} onNext what is known of the next case
 * @property {() => void} onEmpty nothing waits
 * @property {(message: string) => void} onLeaseLost
 */
import { flagItem, nextItem, releaseLease, renewLease, saveAnnotation, skipItem, submitItem, withMetadata } from '../api/items.js';
import { applyChange } from '../lib/diff.js';
import { AnnotationDocument } from '../lib/document.js';
import { Autosave } from './autosave.js';
import { WorkClock } from './clock.js';
import { ProposalControl } from './proposal.js';

const HEARTBEAT_MS = 60_000;

export class Session {
  /** @type {OpenCase | null} */ current = null;
  /** @type {Promise<FetchedCase | null> | null} */ #upcoming = null;
  #heartbeat = 0;
  #clock = new WorkClock();
  #ends = new AbortController();

  /**
   * @param {{project: string, user: string, journal: import('./journal_store.js').JournalStore, events: SessionEvents}} options
   */
  constructor({ project, user, journal, events }) {
    this.project = project;
    this.user = user;
    this.journal = journal;
    this.events = events;
    addEventListener('pagehide', () => this.current && releaseLease(this.current.doc.id).catch(() => {}), { signal: this.#ends.signal });
  }

  /** Open the first case. @param {FetchedCase | null} first null: nothing waits */
  async start(first) {
    return first ? this.#open(first) : this.events.onEmpty();
  }

  /**
   * Save what is unsaved, submit, and show the next case. The next one is asked for while the submission is on its way.
   * @throws {import('../api/client.js').ApiError | Error} when it was not submitted; the case stays open
   */
  async submitAndNext() {
    const open = this.#needed();
    if (!(await open.autosave.settle())) throw new Error(`Not submitted: ${open.autosave.status.message || 'your work is not saved yet'}`);
    const key = crypto.randomUUID();
    return this.#leave(open, () => submitItem(open.doc.id, { base_version: open.autosave.version, key }));
  }

  /**
   * @param {'bad_quality' | 'not_applicable' | 'unsure' | 'other'} reason
   * @param {string} note
   */
  async skipAndNext(reason, note) {
    const open = this.#needed();
    await open.autosave.flush();
    return this.#leave(open, () => skipItem(open.doc.id, { reason, note }));
  }

  /** @param {string} note */
  flag(note) {
    return flagItem(this.#needed().doc.id, note);
  }

  dispose() {
    clearInterval(this.#heartbeat);
    this.#ends.abort();
    this.#clock.dispose();
    this.current?.autosave.dispose();
  }

  #needed() {
    if (!this.current) throw new Error('No case is open.');
    return this.current;
  }

  /**
   * @param {OpenCase} open
   * @param {() => Promise<unknown>} finish
   */
  async #leave(open, finish) {
    performance.mark('fovea:leave');
    const finished = finish();
    const asked = nextItem(this.project, { exclude: [open.doc.id] });
    const [done, next] = await Promise.allSettled([finished, asked]);
    if (done.status === 'rejected') {
      if (next.status === 'fulfilled' && next.value) releaseLease(next.value.id).catch(() => {});
      renewLease(open.doc.id).catch(() => {});
      throw done.reason;
    }
    open.autosave.dispose();
    clearInterval(this.#heartbeat);
    this.current = null;
    if (next.status === 'rejected') throw next.reason;
    if (!next.value) return this.events.onEmpty();
    await this.#open(await this.#withSeries(next.value));
    performance.measure('fovea:next-painted', 'fovea:leave');
    return undefined;
  }

  /**
   * The series of a case, from what was preloaded when that is the same case.
   * @param {WorkspaceDocument} doc
   */
  async #withSeries(doc) {
    const upcoming = await this.#upcoming?.catch(() => null);
    return upcoming && String(upcoming.doc.id) === String(doc.id) ? { doc, series: upcoming.series } : withMetadata(doc);
  }

  /** @param {FetchedCase} fetched */
  async #open({ doc, series }) {
    const record = (await this.journal.all(this.user)).find(({ item }) => item === String(doc.id)) ?? null;
    const server = doc.annotation.content ?? {};
    const document = new AnnotationDocument(doc.frames, withJournal(server, record));
    const proposal = doc.prediction ? new ProposalControl(doc.prediction, document, doc.schema) : null;
    const autosave = this.#autosave(doc, document, proposal);
    const open = { doc, series, document, proposal, autosave, recovered: record !== null };
    this.current = open;
    await this.events.show(open);
    if (record) takeUp(record, doc, autosave);
    else this.events.onSave(autosave.status);
    this.#keepLease(doc);
    this.#upcoming = this.#fetchNext(doc);
  }

  /**
   * @param {WorkspaceDocument} doc
   * @param {AnnotationDocument} document
   * @param {ProposalControl | null} proposal
   */
  #autosave(doc, document, proposal) {
    const { version, content, saved_at: savedAt } = doc.annotation;
    return new Autosave({
      user: this.user, item: String(doc.id), title: doc.case.title, document, version, saved: content ?? {},
      savedAt: savedAt ? new Date(savedAt) : null, journal: this.journal,
      send: (save, options) => saveAnnotation(doc.id, save, options),
      decisions: () => proposal?.decisions() ?? null,
      seconds: () => this.#clock.take(),
      onStatus: (status) => this.current?.document === document && this.events.onSave(status),
    });
  }

  /** @param {WorkspaceDocument} doc */
  async #keepLease(doc) {
    clearInterval(this.#heartbeat);
    const renew = () => renewLease(doc.id).catch((error) => {
      if (error.status === 409 && this.current?.doc === doc) this.events.onLeaseLost(error.message);
    });
    if (!doc.lease.mine && !doc.lease.holder) renew();
    this.#heartbeat = setInterval(renew, HEARTBEAT_MS);
  }

  /**
   * @param {WorkspaceDocument} doc
   * @returns {Promise<FetchedCase | null>}
   */
  async #fetchNext(doc) {
    this.events.onNext('loading');
    try {
      const next = await nextItem(this.project, { exclude: [doc.id], preview: true });
      if (!next) {
        this.events.onNext('none');
        return null;
      }
      const fetched = await withMetadata(next);
      this.events.preload(fetched.series, next).then(() => this.events.onNext('ready'), () => this.events.onNext('failed'));
      return fetched;
    } catch {
      this.events.onNext('failed');
      return null;
    }
  }
}

/**
 * @param {import('../lib/diff.js').Content} server
 * @param {JournalRecord | null} record
 */
function withJournal(server, record) {
  const sent = record?.sent ? applyChange(server, record.sent.content) : server;
  return record?.pending ? applyChange(sent, record.pending) : sent;
}

/**
 * Hand unsaved work of an earlier page to the autosave, or show that it meets a version it was not based on.
 * @param {JournalRecord} record
 * @param {WorkspaceDocument} doc
 * @param {Autosave} autosave
 */
function takeUp(record, doc, autosave) {
  const { version, content, author, saved_at: savedAt } = doc.annotation;
  if (record.sent) autosave.resume(record.sent);
  else if (record.base_version === version) autosave.touch();
  else autosave.conflict({ version, content: content ?? {}, author: author ?? undefined, saved_at: savedAt ?? undefined });
}
