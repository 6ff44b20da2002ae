/**
 * How much of each label there is.
 *
 * @typedef {import('./document.js').AnnotationDocument} AnnotationDocument
 */
import { number } from './format.js';

/** Pixels per label over all frames, counted anew only where something changed. */
export class LabelCounts {
  /** @type {Map<string, Map<number, number>>} */ #byFrame = new Map();

  /**
   * @param {AnnotationDocument} document
   * @param {Iterable<string>} frames keys of the frames that changed
   */
  update(document, frames) {
    for (const key of frames) {
      const mask = document.mask(key);
      if (mask) this.#byFrame.set(key, countLabels(mask));
      else this.#byFrame.delete(key);
    }
  }

  /**
   * @param {number} label
   * @returns {number} pixels
   */
  total(label) {
    let sum = 0;
    for (const counts of this.#byFrame.values()) sum += counts.get(label) ?? 0;
    return sum;
  }
}

/**
 * @param {Uint8Array} mask
 * @returns {Map<number, number>} pixels by label, background left out
 */
export function countLabels(mask) {
  const table = new Uint32Array(256);
  for (let index = 0; index < mask.length; index++) table[mask[index]]++;
  const counts = new Map();
  for (let label = 1; label < 256; label++) if (table[label]) counts.set(label, table[label]);
  return counts;
}

/**
 * A number of pixels as volume (ml) where spacing has three parts, as area (cm²) where it has two, else as pixels.
 * @param {number} pixels
 * @param {number[]} spacing row, column and, for volumes, slice spacing in mm
 */
export function amountText(pixels, spacing) {
  if (!pixels) return '–';
  const known = spacing.every((value) => value > 0);
  if (known && spacing.length === 3) return `${grouped(pixels * spacing[0] * spacing[1] * spacing[2] / 1000)} ml`;
  if (known && spacing.length === 2) return `${grouped(pixels * spacing[0] * spacing[1] / 100)} cm²`;
  return `${grouped(pixels)} px`;
}

/** @param {number} value */
function grouped(value) {
  const text = number(value, value < 10 ? 2 : value < 100 ? 1 : 0);
  return text.replace(/\B(?=(\d{3})+$)/g, ' ');
}
