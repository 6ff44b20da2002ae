/**
 * The journal on this computer (IndexedDB). Where the browser gives no database (private windows of some browsers),
 * everything else works and `durable` is false, so that the page can say so.
 *
 * @typedef {import('../lib/journal.js').JournalRecord} JournalRecord
 */
import { readRecord } from '../lib/journal.js';

const DATABASE = 'fovea-journal';
const STORE = 'records';

export class JournalStore {
  /** @type {Promise<IDBDatabase | null>} */ #database;
  durable = true;

  constructor() {
    this.#database = open().catch(() => {
      this.durable = false;
      return null;
    });
  }

  /** @param {JournalRecord} record */
  put(record) {
    return this.#run('readwrite', (store) => store.put(record));
  }

  /** @param {string} id */
  remove(id) {
    return this.#run('readwrite', (store) => store.delete(id));
  }

  /**
   * A person's records, oldest first; damaged ones are left out.
   * @param {string} user
   * @returns {Promise<JournalRecord[]>}
   */
  async all(user) {
    const values = await this.#run('readonly', (store) => store.getAll());
    return /** @type {JournalRecord[]} */ ((values ?? []).map(readRecord).filter(Boolean))
      .filter((record) => record.user === user)
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} work
   * @returns {Promise<T | null>} when it is on the disk; null without a database
   */
  async #run(mode, work) {
    const database = await this.#database;
    if (!database) return null;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode, { durability: 'strict' });
      const asked = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'id' });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}
