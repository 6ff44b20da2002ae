/**
 * What the browser keeps of work that the server has not confirmed. One record per case and person: the save that
 * was sent and not answered, and what was changed since. Replaying first the one, then the other, loses and doubles
 * nothing, because a save carries its key and the server answers a known key as it did before.
 *
 * @typedef {{id: string, accepted: string[], corrected: string[], rejected: string[]} | null} Decisions
 * @typedef {{key: string, base_version: number, content: import('./diff.js').Change, partial: true, seconds: number,
 *   prediction: Decisions}} Save
 * @typedef {{format: 'fovea-journal-1', id: string, user: string, item: string, title: string, sent: Save | null,
 *   pending: import('./diff.js').Change | null, base_version: number, at: string}} JournalRecord
 */

const FORMAT = 'fovea-journal-1';

/**
 * @param {{user: string, item: string, title: string, sent: Save | null,
 *   pending: import('./diff.js').Change | null, baseVersion: number, now: Date}} parts
 * @returns {JournalRecord | null} null when there is nothing to keep
 */
export function makeRecord({ user, item, title, sent, pending, baseVersion, now }) {
  if (!sent && !pending) return null;
  return {
    format: FORMAT, id: recordId(user, item), user, item, title, sent, pending, base_version: baseVersion,
    at: now.toISOString(),
  };
}

/**
 * The record's key in the store: work is never replayed under another person's name.
 * @param {string} user
 * @param {string} item
 */
export function recordId(user, item) {
  return `${user}/${item}`;
}

/**
 * A stored value as a record, or null when it is none (another version's, or damaged).
 * @param {unknown} value
 * @returns {JournalRecord | null}
 */
export function readRecord(value) {
  const record = /** @type {JournalRecord} */ (value);
  if (!record || record.format !== FORMAT || typeof record.item !== 'string') return null;
  if (!Number.isInteger(record.base_version) || record.id !== recordId(record.user, record.item)) return null;
  return record.sent || record.pending ? record : null;
}
