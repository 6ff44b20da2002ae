/**
 * From shapes to pixels. A pixel belongs to a shape when its centre (column + 0.5, row + 0.5) lies in it.
 * All functions write into a row-major uint8 mask and return how many pixels changed.
 *
 * @typedef {import('./geometry.js').Point} Point
 * @typedef {{mask: Uint8Array, columns: number, rows: number}} Slice
 * @typedef {(value: number) => boolean} Allows whether a pixel that holds `value` may be written
 */

const ANY = () => true;

/**
 * Write `label` into the run [from, to) of one row.
 * @param {Slice} slice
 * @param {number} row
 * @param {number} from first column, clipped
 * @param {number} to end column, exclusive, clipped
 * @param {number} label
 * @param {Allows} allows
 */
function fillRun(slice, row, from, to, label, allows) {
  let changed = 0;
  const start = row * slice.columns + Math.max(0, from);
  const end = row * slice.columns + Math.min(slice.columns, to);
  for (let index = start; index < end; index++) {
    const value = slice.mask[index];
    if (value === label || !allows(value)) continue;
    slice.mask[index] = label;
    changed++;
  }
  return changed;
}

/**
 * A stroke: the capsule of all points within `radius` of the segment from a to b. A radius of 0.5 or less writes
 * the pixels on the line.
 * @param {Slice} slice
 * @param {Point} a
 * @param {Point} b
 * @param {number} radius pixels
 * @param {number} label
 * @param {Allows} [allows]
 */
export function fillStroke(slice, a, b, radius, label, allows = ANY) {
  if (radius <= 0.5) return fillLine(slice, a, b, label, allows);
  const top = Math.max(0, Math.ceil(Math.min(a[1], b[1]) - radius - 0.5));
  const bottom = Math.min(slice.rows - 1, Math.floor(Math.max(a[1], b[1]) + radius - 0.5));
  let changed = 0;
  for (let row = top; row <= bottom; row++) {
    const span = capsuleSpan(a, b, radius, row + 0.5);
    if (!span) continue;
    changed += fillRun(slice, row, Math.ceil(span[0] - 0.5), Math.floor(span[1] - 0.5) + 1, label, allows);
  }
  return changed;
}

/**
 * Where the horizontal line at height y runs through a capsule (a convex shape: one span or none).
 * @param {Point} a
 * @param {Point} b
 * @param {number} radius
 * @param {number} y
 * @returns {[number, number] | null}
 */
function capsuleSpan(a, b, radius, y) {
  let low = Infinity;
  let high = -Infinity;
  const add = (/** @type {number} */ x) => {
    low = Math.min(low, x);
    high = Math.max(high, x);
  };
  for (const [cx, cy] of [a, b]) {
    const reach = radius * radius - (y - cy) * (y - cy);
    if (reach < 0) continue;
    add(cx - Math.sqrt(reach));
    add(cx + Math.sqrt(reach));
  }
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dx, dy);
  if (length > 0) {
    const [nx, ny] = [(-dy / length) * radius, (dx / length) * radius];
    for (const side of [1, -1]) {
      const y0 = a[1] + side * ny;
      if (dy === 0) continue;
      const t = (y - y0) / dy;
      if (t >= 0 && t <= 1) add(a[0] + side * nx + t * dx);
    }
  }
  return low <= high ? [low, high] : null;
}

/**
 * The pixels that a line runs through, one per step of its longer axis (Bresenham 1965).
 * @param {Slice} slice
 * @param {Point} a
 * @param {Point} b
 * @param {number} label
 * @param {Allows} allows
 */
function fillLine(slice, a, b, label, allows) {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(b[0] - a[0]), Math.abs(b[1] - a[1]))));
  let changed = 0;
  for (let step = 0; step <= steps; step++) {
    const column = Math.floor(a[0] + ((b[0] - a[0]) * step) / steps);
    const row = Math.floor(a[1] + ((b[1] - a[1]) * step) / steps);
    if (row < 0 || row >= slice.rows) continue;
    changed += fillRun(slice, row, column, column + 1, label, allows);
  }
  return changed;
}

/**
 * A closed polygon (even-odd rule), by scan lines through the pixel centres.
 * @param {Slice} slice
 * @param {Point[]} points
 * @param {number} label
 * @param {Allows} [allows]
 */
export function fillPolygon(slice, points, label, allows = ANY) {
  let changed = 0;
  const heights = points.map((point) => point[1]);
  const top = Math.max(0, Math.ceil(Math.min(...heights) - 0.5));
  const bottom = Math.min(slice.rows - 1, Math.floor(Math.max(...heights) - 0.5));
  for (let row = top; row <= bottom; row++) {
    const crossings = rowCrossings(points, row + 0.5);
    for (let index = 0; index + 1 < crossings.length; index += 2) {
      const from = Math.ceil(crossings[index] - 0.5);
      const to = Math.ceil(crossings[index + 1] - 0.5);
      changed += fillRun(slice, row, from, to, label, allows);
    }
  }
  return changed;
}

/**
 * @param {Point[]} points
 * @param {number} y
 * @returns {number[]} where the outline crosses the line at height y, left to right
 */
function rowCrossings(points, y) {
  const crossings = [];
  for (let index = 0; index < points.length; index++) {
    const [x1, y1] = points[index];
    const [x2, y2] = points[(index + 1) % points.length];
    if (y1 > y !== y2 > y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
  }
  return crossings.sort((a, b) => a - b);
}
