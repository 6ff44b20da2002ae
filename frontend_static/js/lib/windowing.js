/**
 * Window/level: presets by modality and automatic percentiles. A window is a width and a centre (level) in the units
 * that the modality's rescale gives (HU for CT).
 *
 * @typedef {{width: number, center: number}} Window
 * @typedef {{name: string, width: number, center: number}} Preset
 */

/** @type {Record<string, Preset[]>} */
const PRESETS = {
  CT: [
    { name: 'soft tissue', width: 400, center: 40 },
    { name: 'lung', width: 1500, center: -600 },
    { name: 'liver', width: 150, center: 90 },
    { name: 'bone', width: 2500, center: 480 },
    { name: 'brain', width: 80, center: 40 },
  ],
  PT: [
    { name: 'SUV 0–5', width: 5, center: 2.5 },
    { name: 'SUV 0–10', width: 10, center: 5 },
  ],
};

/** Shares of the pixels that lie outside an automatic window, below and above: presets 1–3 where none are fixed. */
const AUTOMATIC = [
  { name: 'auto', low: 0.01, high: 0.99 },
  { name: 'auto, high contrast', low: 0.05, high: 0.95 },
  { name: 'full range', low: 0, high: 1 },
];

/**
 * Fixed presets of a modality, in the order of the keys 1–9; empty where automatic ones serve.
 * @param {string} modality DICOM code
 * @returns {Preset[]}
 */
export function fixedPresets(modality) {
  return PRESETS[modality] ?? [];
}

/**
 * All presets for an image, in the order of the keys 1–9.
 * @param {string} modality
 * @param {ArrayLike<number>} values a sample of the pixels, in physical units
 * @returns {Preset[]}
 */
export function presetsFor(modality, values) {
  const fixed = fixedPresets(modality);
  if (fixed.length) return fixed;
  const sorted = Float64Array.from(values).sort();
  return AUTOMATIC.map(({ name, low, high }) => ({ name, ...windowBetween(quantile(sorted, low), quantile(sorted, high)) }));
}

/**
 * @param {number} low
 * @param {number} high
 * @returns {Window}
 */
export function windowBetween(low, high) {
  return { width: Math.max(high - low, 1e-3), center: (low + high) / 2 };
}

/**
 * @param {Window} window
 * @returns {{lower: number, upper: number}}
 */
export function windowRange({ width, center }) {
  return { lower: center - width / 2, upper: center + width / 2 };
}

/**
 * The window after a drag: right widens, up brightens (lowers the level), in proportion to the present width, so
 * that a drag across the image means the same for CT and for an 8-bit picture.
 * @param {Window} window
 * @param {number} dx CSS pixels to the right
 * @param {number} dy CSS pixels down
 * @param {number} size CSS pixels that double the width
 * @returns {Window}
 */
export function dragWindow(window, dx, dy, size = 300) {
  const width = Math.max(window.width * 2 ** (dx / size), 1e-3);
  return { width, center: window.center + (dy / size) * window.width };
}

/**
 * @param {ArrayLike<number>} sorted ascending
 * @param {number} share 0–1
 */
function quantile(sorted, share) {
  if (!sorted.length) return 0;
  return sorted[Math.min(sorted.length - 1, Math.round(share * (sorted.length - 1)))];
}
