/**
 * Saving by itself. Every gesture goes to the journal at once and to the server soon after; a drag is never
 * interrupted; each save carries a key, so that sending it twice makes one version; a save that got no answer is sent again with
 * the same key until there is one; a stale base is a conflict to look at, never an overwrite.
 *
 * @typedef {import('../lib/document.js').AnnotationDocument} AnnotationDocument
 * @typedef {import('../lib/diff.js').Content} Content
 * @typedef {import('../lib/journal.js').Save} Save
 * @typedef {import('../lib/journal.js').Decisions} Decisions
 * @typedef {import('../api/client.js').ApiError} ApiError
 * @typedef {'saved' | 'unsaved' | 'saving' | 'offline' | 'signed-out' | 'conflict' | 'refused'} SaveState
 * @typedef {{version: number, content: Content, author?: string, saved_at?: string}} CurrentVersion
 * @typedef {{name: SaveState, at: Date | null, message: string, current: CurrentVersion | null}} SaveStatus
 * @typedef {object} AutosaveOptions
 * @property {string} user
 * @property {string} item
 * @property {string} title
 * @property {AnnotationDocument} document
 * @property {number} version the server's version that the document was read from
 * @property {Content} saved what that version holds
 * @property {Date | null} savedAt
 * @property {import('./journal_store.js').JournalStore} journal
 * @property {(save: Save, options?: {keepalive?: boolean}) => Promise<{version: number, saved_at: string}>} send
 * @property {() => Decisions} decisions what became of the proposal, as of now
 * @property {() => number} seconds of work since the last call
 * @property {(status: SaveStatus) => void} onStatus
 */
import { applyChange, diffContent } from '../lib/diff.js';
import { makeRecord, recordId } from '../lib/journal.js';

const QUIET_MS = 1200;
const LONGEST_MS = 8000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
const KEEPALIVE_BYTES = 60_000;

export class Autosave {
  /** @type {SaveStatus} */ status;
  /** @type {Save | null} sent, or to be sent, and not answered */ #sent = null;
  /** @type {Content} what the server is known to hold */ #saved;
  #timer = 0;
  #dirtySince = 0;
  #retry = FIRST_RETRY_MS;
  /** @type {Promise<void> | null} */ #sending = null;
  #ends = new AbortController();

  /** @param {AutosaveOptions} options */
  constructor(options) {
    this.options = options;
    this.version = options.version;
    this.#saved = options.saved;
    this.status = { name: 'saved', at: options.savedAt, message: '', current: null };
    this.stopListening = options.document.onChange((event) => event.kind === 'load' || this.#changed());
    addEventListener('online', () => this.#sent && this.#schedule(0), { signal: this.#ends.signal });
    addEventListener('pagehide', () => this.#leave(), { signal: this.#ends.signal });
  }

  /** What the server does not hold yet. */
  get unsaved() {
    return this.#sent !== null || diffContent(this.#saved, this.options.document.content()) !== null;
  }

  /**
   * Take up a save of an earlier page that got no answer: it is sent again first, with its own key.
   * @param {Save} save
   */
  resume(save) {
    this.#sent = save;
    this.#set('unsaved');
    this.#schedule(0);
  }

  /**
   * Unsaved work of an earlier page meets a version it was not based on.
   * @param {CurrentVersion} current
   */
  conflict(current) {
    this.#keep();
    this.#set('conflict', { message: 'This case was saved by someone else after your unsaved changes.', current });
  }

  /** Something beside the document's content changed that is worth saving with it. */
  touch() {
    this.#changed();
  }

  /**
   * Save now and wait for the answer.
   * @returns {Promise<boolean>} whether the server holds everything
   */
  async flush() {
    clearTimeout(this.#timer);
    await this.#sending;
    for (let tries = 0; tries < 3 && this.unsaved && !this.#stuck; tries++) await this.#save();
    return !this.unsaved;
  }

  /**
   * As flush, and make a first version even of a case on which there was nothing to draw.
   * @returns {Promise<boolean>}
   */
  async settle() {
    if (!(await this.flush())) return false;
    if (this.version > 0) return true;
    const { answers = {}, boxes = [], polygons = [], slices = {} } = this.options.document.content();
    this.#sent = this.#saveOf({ answers, boxes, polygons, slices });
    return this.flush();
  }

  /**
   * Settle a conflict: keep this person's content as a new version over the other one's, or take the other's.
   * @param {'mine' | 'theirs'} choice
   */
  resolve(choice) {
    const { current } = this.status;
    if (!current) return;
    this.#sent = null;
    this.version = current.version;
    this.#saved = current.content;
    this.#set('unsaved');
    if (choice === 'theirs') {
      this.options.document.load(current.content);
      this.#keep();
      this.#set('saved', { at: current.saved_at ? new Date(current.saved_at) : new Date() });
    } else {
      this.#changed();
    }
  }

  /** Stop; what is not saved stays in the journal. */
  dispose() {
    clearTimeout(this.#timer);
    this.stopListening();
    this.#ends.abort();
  }

  get #stuck() {
    return ['conflict', 'refused'].includes(this.status.name);
  }

  #changed() {
    this.#keep();
    if (this.#stuck && this.status.name === 'conflict') return;
    if (this.status.name === 'saved' || this.status.name === 'refused') this.#set('unsaved');
    this.#dirtySince ||= performance.now();
    const waited = performance.now() - this.#dirtySince;
    this.#schedule(Math.max(0, Math.min(QUIET_MS, LONGEST_MS - waited)));
  }

  /** @param {number} delay ms */
  #schedule(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#due(), delay);
  }

  #due() {
    if (this.options.document.busy) this.#schedule(200);
    else if (!this.#sending) this.#save();
  }

  /** One save from beginning to answer; several calls share it. */
  #save() {
    this.#sending ??= this.#attempt().finally(() => { this.#sending = null; });
    return this.#sending;
  }

  async #attempt() {
    this.#sent ??= this.#make();
    const save = this.#sent;
    if (!save) return this.#set('saved');
    this.#dirtySince = 0;
    await this.#keep();
    this.#set('saving');
    try {
      const answer = await this.options.send(save);
      this.#landed(save, answer);
    } catch (error) {
      this.#failed(/** @type {ApiError} */ (error));
    }
  }

  /** @returns {Save | null} */
  #make() {
    const content = diffContent(this.#saved, this.options.document.content());
    return content && this.#saveOf(content);
  }

  /** @param {import('../lib/diff.js').Change} content @returns {Save} */
  #saveOf(content) {
    return {
      key: crypto.randomUUID(), base_version: this.version, content, partial: true,
      seconds: Math.round(this.options.seconds() * 10) / 10, prediction: this.options.decisions(),
    };
  }

  /**
   * @param {Save} save
   * @param {{version: number, saved_at: string}} answer
   */
  #landed(save, answer) {
    this.#saved = applyChange(this.#saved, save.content);
    // A save of an earlier page may have been followed by others that the document was already read from.
    this.version = Math.max(this.version, answer.version);
    this.#sent = null;
    this.#retry = FIRST_RETRY_MS;
    this.#keep();
    if (this.unsaved) {
      this.#set('unsaved');
      this.#schedule(QUIET_MS);
    } else {
      this.#set('saved', { at: new Date(answer.saved_at) });
    }
  }

  /** @param {ApiError} error */
  #failed(error) {
    if (error.status === 409) {
      this.#sent = null;
      this.#keep();
      return this.#set('conflict', { message: error.message, current: error.details?.current ?? null });
    }
    if (error.signedOut || error.passing) {
      const signedOut = error.signedOut;
      this.#set(signedOut ? 'signed-out' : 'offline', { message: error.message });
      this.#schedule(signedOut ? 5000 : this.#retry);
      this.#retry = Math.min(this.#retry * 2, LAST_RETRY_MS);
      return undefined;
    }
    this.#sent = null;
    return this.#set('refused', { message: error.message ?? String(error) });
  }

  /** Write the journal: what was sent, and what differs from that. */
  #keep() {
    const { user, item, title, document, journal } = this.options;
    const base = this.#sent ? applyChange(this.#saved, this.#sent.content) : this.#saved;
    const pending = diffContent(base, document.content());
    const record = makeRecord({ user, item, title, sent: this.#sent, pending, baseVersion: this.version, now: new Date() });
    const written = record ? journal.put(record) : journal.remove(recordId(user, item));
    return written.catch(() => { journal.durable = false; });
  }

  /** The page goes away: try a last save that outlives it; the journal has it anyway. */
  #leave() {
    if (this.#stuck || this.options.document.busy) return;
    const save = this.#sent ?? this.#make();
    if (!save || JSON.stringify(save).length > KEEPALIVE_BYTES) return;
    this.#sent = save;
    this.#keep();
    this.options.send(save, { keepalive: true }).catch(() => {});
  }

  /**
   * @param {SaveState} name
   * @param {Partial<SaveStatus>} [more]
   */
  #set(name, more = {}) {
    this.status = { name, at: this.status.at, message: '', current: null, ...more };
    this.options.onStatus(this.status);
  }
}
