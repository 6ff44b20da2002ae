/**
 * Work that an earlier page could not hand over (a closed tab, a lost network, an expired login) and that belongs to
 * other cases than the one on show: sent now, in the background.
 *
 * @typedef {import('../lib/journal.js').JournalRecord} JournalRecord
 * @typedef {import('../lib/journal.js').Save} Save
 * @typedef {import('../api/client.js').ApiError} ApiError
 * @typedef {(item: string, save: Save) => Promise<{version: number}>} Send
 */

/**
 * @param {{journal: import('./journal_store.js').JournalStore, user: string, except: string, send: Send}} options
 * @returns {Promise<{sent: JournalRecord[], stuck: JournalRecord[]}>} stuck: met another version, to be looked at
 */
export async function replayOthers({ journal, user, except, send }) {
  /** @type {{sent: JournalRecord[], stuck: JournalRecord[]}} */
  const result = { sent: [], stuck: [] };
  for (const record of await journal.all(user)) {
    if (record.item === except) continue;
    try {
      await replay(record, journal, send);
      result.sent.push(record);
    } catch (error) {
      const refused = /** @type {ApiError} */ (error);
      if (!refused.passing && !refused.signedOut) result.stuck.push(record);
      else break;
    }
  }
  return result;
}

/**
 * Send what was sent and not answered, then what was changed since. The journal follows each step, so that an end at
 * any moment doubles nothing.
 * @param {JournalRecord} record
 * @param {import('./journal_store.js').JournalStore} journal
 * @param {Send} send
 */
async function replay(record, journal, send) {
  let version = record.base_version;
  if (record.sent) {
    version = (await send(record.item, record.sent)).version;
    await journal.put({ ...record, sent: null, base_version: version });
  }
  if (record.pending) {
    const save = /** @type {Save} */ ({
      key: crypto.randomUUID(), base_version: version, content: record.pending, partial: true, seconds: 0, prediction: null,
    });
    await journal.put({ ...record, sent: save, pending: null, base_version: version });
    await send(record.item, save);
  }
  await journal.remove(record.id);
}
