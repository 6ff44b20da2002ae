/**
 * fovea-rle-1: the run-length code of one slice's label map.
 *
 * A slice is uint8 per pixel, row-major. Its bytes are runs of (value: 1 byte, length: unsigned LEB128, at least 1);
 * neighbouring runs differ in value and the lengths sum to rows × columns. The code is canonical: equal masks have
 * equal bytes, here and in `ml.imaging.masks`. A slice of zeros alone is absent and is never stored.
 */

/** Runs that do not describe a slice of the expected size. */
export class RleError extends Error {}

/**
 * Encode one slice.
 * @param {Uint8Array} mask row-major labels, at least one pixel
 * @returns {Uint8Array} the run bytes
 */
export function encodeRle(mask) {
  let out = new Uint8Array(1024);
  let length = 0;
  for (let start = 0; start < mask.length;) {
    const value = mask[start];
    let end = start + 1;
    while (end < mask.length && mask[end] === value) end++;
    if (length + 6 > out.length) {
      const larger = new Uint8Array(out.length * 2);
      larger.set(out);
      out = larger;
    }
    out[length++] = value;
    let run = end - start;
    while (run > 127) {
      out[length++] = (run & 127) | 128;
      run >>>= 7;
    }
    out[length++] = run;
    start = end;
  }
  return out.slice(0, length);
}

/**
 * Decode the runs of one slice.
 * @param {Uint8Array} runs
 * @param {number} size rows × columns
 * @param {Uint8Array} [into] filled and returned when given; must hold `size` pixels
 * @returns {Uint8Array} row-major labels
 * @throws {RleError} when the runs are not a canonical code of a slice of `size` pixels
 */
export function decodeRle(runs, size, into = new Uint8Array(size)) {
  let position = 0;
  let filled = 0;
  let previous = -1;
  while (position < runs.length) {
    const value = runs[position++];
    let run = 0;
    let scale = 1;
    let byte;
    do {
      if (position >= runs.length) throw new RleError('the last run is cut off');
      if (scale > 2 ** 28) throw new RleError('a run is longer than any slice');
      byte = runs[position++];
      run += (byte & 127) * scale;
      scale *= 128;
    } while (byte & 128);
    if (byte === 0 && scale > 128) throw new RleError('a run length has a padding byte');
    if (run === 0) throw new RleError('a run is empty');
    if (value === previous) throw new RleError('neighbouring runs have the same value');
    if (filled + run > size) throw new RleError(`the runs hold more than ${size} pixels`);
    into.fill(value, filled, filled + run);
    filled += run;
    previous = value;
  }
  if (filled !== size) throw new RleError(`the runs hold ${filled} pixels, the slice has ${size}`);
  return into;
}

/**
 * Whether a slice holds no label at all, and is therefore absent in storage.
 * @param {Uint8Array} mask
 */
export function isEmptyMask(mask) {
  for (let index = 0; index < mask.length; index++) if (mask[index]) return false;
  return true;
}

/**
 * Whether two byte arrays are equal.
 * @param {Uint8Array | null | undefined} a
 * @param {Uint8Array | null | undefined} b
 */
export function equalBytes(a, b) {
  if (!a || !b) return !a && !b;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
