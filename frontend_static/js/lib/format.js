/** Numbers and times as the workspace writes them: true minus signs, few digits, words for small spans. */

/**
 * A number with at most `digits` decimals, without trailing zeros, with a typographic minus.
 * @param {number} value
 * @param {number} [digits]
 */
export function number(value, digits = 0) {
  if (!Number.isFinite(value)) return '–';
  const rounded = Number(value.toFixed(digits));
  return (Object.is(rounded, -0) ? '0' : String(rounded)).replace('-', '−');
}

/**
 * Window width and level; more decimals for narrow windows (SUV, float maps).
 * @param {{width: number, center: number}} window
 */
export function windowText({ width, center }) {
  const digits = width < 1 ? 3 : width < 20 ? 1 : 0;
  return `W ${number(width, digits)} L ${number(center, digits)}`;
}

/**
 * A share as percent: 0.712 is "71 %".
 * @param {number} share
 */
export function percent(share) {
  return `${number(share * 100)} %`;
}

/**
 * Pixel and slice spacing in millimetres: "0.78 × 0.78 × 5 mm".
 * @param {(number | null | undefined)[]} spacing
 */
export function spacingText(spacing) {
  const known = spacing.filter((value) => value !== null && value !== undefined && Number.isFinite(value));
  if (!known.length) return '';
  return `${known.map((value) => number(/** @type {number} */ (value), 2)).join(' × ')} mm`;
}

/**
 * How long ago, in words: "just now", "12 s ago", "3 min ago", "2 h ago", then the date.
 * @param {Date} then
 * @param {Date} now
 */
export function ago(then, now) {
  const seconds = Math.max(0, (now.getTime() - then.getTime()) / 1000);
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return then.toISOString().slice(0, 10);
}

/**
 * Counted noun: plural(1, 'slice') is "1 slice", plural(3, 'slice') is "3 slices".
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  if (count === 1) return `1 ${noun}`;
  return `${number(count)} ${noun}${/(s|x|ch|sh)$/.test(noun) ? 'es' : 's'}`;
}
