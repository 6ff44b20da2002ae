/**
 * Saving by itself. Every gesture goes to the journal at once and to the server soon after; a drag is never
 * interrupted. Each save carries a key, so that sending it twice makes one version; the key is in the journal before
 * it is on the wire, so that a later page knows the save again. One that got no answer is sent again until there is
 * one; a stale base is a conflict to look at, never an overwrite.
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
  /** @type {Save | null} sent, and not answered */ #sent = null;
  /** @type {Save | null} what would be sent now; never beside a sent one */ #draft = null;
  /** @type {string} key of the save that the journal holds */ #journaled = '';
  #seconds = 0;
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
    addEventListener('pageshow', () => this.#sent && this.#schedule(0), { signal: this.#ends.signal });
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
    this.#prepare();
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
    await this.#save();
    return !this.unsaved;
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
      this.#prepare();
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
    this.#prepare();
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
    if (!this.#sent) this.#prepare();
    this.#sent ??= this.#draft;
    this.#draft = null;
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

  /** Make the draft anew from what the server does not hold. */
  #prepare() {
    const content = this.#sent ? null : diffContent(this.#saved, this.options.document.content());
    this.#draft = content && this.#saveOf(content);
  }

  /** @param {import('../lib/diff.js').Change} content @returns {Save} */
  #saveOf(content) {
    this.#seconds += this.options.seconds();
    return {
      key: crypto.randomUUID(), base_version: this.version, content, partial: true,
      seconds: Math.round(this.#seconds * 10) / 10, prediction: this.options.decisions(),
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
    this.#seconds = Math.max(0, this.#seconds - save.seconds);
    this.#retry = FIRST_RETRY_MS;
    this.#prepare();
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
    if (error.status === 409 && error.details?.current) return this.#collided(error.message, error.details.current);
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

  /**
   * Another version stands where this one was to go; when it holds the very same, the work is safe already.
   * @param {string} message
   * @param {CurrentVersion} current
   */
  #collided(message, current) {
    this.#sent = null;
    if (diffContent(current.content, this.options.document.content()) === null) {
      this.version = current.version;
      this.#saved = current.content;
      this.#keep();
      return this.#set('saved', { at: new Date(current.saved_at ?? Date.now()) });
    }
    this.#prepare();
    this.#keep();
    return this.#set('conflict', { message, current });
  }

  /** Write the journal: the save on its way, or the one to be sent next, and what differs from that. */
  async #keep() {
    const { user, item, title, document, journal } = this.options;
    const save = this.#sent ?? this.#draft;
    const base = save ? applyChange(this.#saved, save.content) : this.#saved;
    const pending = diffContent(base, document.content());
    const record = makeRecord({ user, item, title, sent: save, pending, baseVersion: this.version, now: new Date() });
    try {
      await (record ? journal.put(record) : journal.remove(recordId(user, item)));
      this.#journaled = save?.key ?? '';
    } catch {
      journal.durable = false;
    }
  }

  /** The page goes away: send once more what the journal knows the key of, in a request that outlives the page. */
  #leave() {
    const save = this.#sent ?? this.#draft;
    if (this.#stuck || !save || save.key !== this.#journaled || JSON.stringify(save).length > KEEPALIVE_BYTES) return;
    this.#sent = save;
    this.#draft = null;
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
