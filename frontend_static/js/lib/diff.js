/**
 * What differs between two states of an annotation's content, and how a difference is put on a state.
 *
 * @typedef {Record<string, string | string[]>} Answers
 * @typedef {{id: string, class: string, frame: string, x: number, y: number, w: number, h: number, score?: number}} BoxLabel
 * @typedef {{id: string, class: string, frame: string, points: import('./geometry.js').Point[]}} PolygonLabel
 * @typedef {{answers?: Answers, boxes?: BoxLabel[], polygons?: PolygonLabel[], slices?: Record<string, string>}} Content
 *   slices: base64 of fovea-rle-1 by frame key; slices without a label are absent
 * @typedef {{answers?: Answers, boxes?: BoxLabel[], polygons?: PolygonLabel[], slices?: Record<string, string | null>}} Change
 *   parts that are absent did not change; a slice that is null was emptied
 */

const PARTS = /** @type {const} */ (['answers', 'boxes', 'polygons']);

/**
 * Slices whose label map differs.
 * @param {Record<string, string>} before
 * @param {Record<string, string>} after
 * @returns {Record<string, string | null>} the new slice by frame key, null where it was emptied
 */
export function changedSlices(before, after) {
  /** @type {Record<string, string | null>} */
  const changed = {};
  for (const key of Object.keys(before)) if (!(key in after)) changed[key] = null;
  for (const [key, slice] of Object.entries(after)) if (before[key] !== slice) changed[key] = slice;
  return changed;
}

/**
 * @param {Content} before
 * @param {Content} after
 * @returns {Change | null} null when nothing differs
 */
export function diffContent(before, after) {
  /** @type {Change} */
  const change = {};
  for (const part of PARTS) {
    if (!sameJson(before[part], after[part])) Object.assign(change, { [part]: after[part] ?? (part === 'answers' ? {} : []) });
  }
  const slices = changedSlices(before.slices ?? {}, after.slices ?? {});
  if (Object.keys(slices).length) change.slices = slices;
  return Object.keys(change).length ? change : null;
}

/**
 * Put a change on a state; the state itself stays as it is.
 * @param {Content} content
 * @param {Change} change
 * @returns {Content}
 */
export function applyChange(content, change) {
  const { slices: changedSlices = {}, ...parts } = change;
  /** @type {Record<string, string>} */
  const slices = { ...content.slices };
  for (const [key, slice] of Object.entries(changedSlices)) {
    if (slice === null) delete slices[key];
    else slices[key] = slice;
  }
  return { ...content, ...parts, slices };
}

/**
 * Equal as JSON, whatever the order of an object's keys; an absent part equals an empty one.
 * @param {unknown} a
 * @param {unknown} b
 */
export function sameJson(a, b) {
  return canonical(a) === canonical(b);
}

/** @param {unknown} value */
function canonical(value) {
  const text = JSON.stringify(value ?? null, (_, inner) =>
    inner && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner);
  return text === '{}' || text === '[]' ? 'null' : text;
}
