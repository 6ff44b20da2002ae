/**
 * Reading DICOM JSON (PS3.18 annex F): attributes of one frame, wherever the object keeps them.
 *
 * @typedef {Record<string, {vr?: string, Value?: any[]}>} DicomJson one instance
 */

const PER_FRAME_GROUPS = '52009230';
const SHARED_GROUPS = '52009229';

/**
 * Values of an attribute for one frame: from the object itself, or, in enhanced multi-frame objects, from the frame's
 * own or the shared functional groups (PS3.3 C.7.6.16).
 * @param {DicomJson} instance
 * @param {string} tag eight hexadecimal digits
 * @param {number} [frame] from 1
 * @returns {any[]} empty when absent
 */
export function frameValues(instance, tag, frame = 1) {
  const own = instance[tag]?.Value;
  if (own?.length) return own;
  const groups = [instance[PER_FRAME_GROUPS]?.Value?.[frame - 1], instance[SHARED_GROUPS]?.Value?.[0]];
  for (const group of groups) {
    for (const sequence of Object.values(group ?? {})) {
      const values = /** @type {{Value?: any[]}} */ (sequence).Value?.[0]?.[tag]?.Value;
      if (values?.length) return values;
    }
  }
  return [];
}

/**
 * As numbers, where they are numbers.
 * @param {DicomJson} instance
 * @param {string} tag
 * @param {number} [frame]
 * @returns {number[]}
 */
export function frameNumbers(instance, tag, frame) {
  return frameValues(instance, tag, frame).map(Number).filter(Number.isFinite);
}
