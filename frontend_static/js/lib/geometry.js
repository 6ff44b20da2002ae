/**
 * Directions and plane geometry. Patient coordinates are DICOM's LPS in millimetres; image coordinates are pixels of
 * the frame with edges at pixel borders: pixel (column 0, row 0) covers x 0–1, y 0–1.
 *
 * @typedef {[number, number]} Point x, y
 * @typedef {{x: number, y: number, w: number, h: number}} Box
 */

const AXES = /** @type {const} */ ([['L', 'R'], ['P', 'A'], ['H', 'F']]);

/**
 * Letters for a direction in LPS, the largest component first (PS3.3 C.7.6.1.1.1): [0.9, 0.4, 0] is "LP".
 * @param {number[]} direction three components
 * @param {number} [threshold] components below it are left out
 * @returns {string}
 */
export function directionLetters(direction, threshold = 0.25) {
  return direction
    .map((value, axis) => ({ size: Math.abs(value), letter: AXES[axis][value >= 0 ? 0 : 1] }))
    .filter((part) => part.size >= threshold)
    .sort((a, b) => b.size - a.size)
    .map((part) => part.letter)
    .join('');
}

/**
 * Letters for the four edges of an image as stored, from Image Orientation (Patient).
 * @param {number[] | null | undefined} orientation six numbers: direction of a row (to the right), of a column (down)
 * @returns {{left: string, right: string, top: string, bottom: string} | null} null when unknown
 */
export function edgeLetters(orientation) {
  if (!orientation || orientation.length !== 6 || orientation.some((value) => !Number.isFinite(value))) return null;
  const right = orientation.slice(0, 3);
  const down = orientation.slice(3);
  return {
    left: directionLetters(right.map((v) => -v)),
    right: directionLetters(right),
    top: directionLetters(down.map((v) => -v)),
    bottom: directionLetters(down),
  };
}

/**
 * Name of the plane that an image lies in.
 * @param {number[] | null | undefined} orientation as for edgeLetters
 * @returns {'axial' | 'coronal' | 'sagittal' | 'oblique' | null}
 */
export function planeName(orientation) {
  if (!orientation || orientation.length !== 6) return null;
  const [a, b, c, d, e, f] = orientation;
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d].map(Math.abs);
  const axis = normal.indexOf(Math.max(...normal));
  if (normal[axis] < 0.8) return 'oblique';
  return /** @type {const} */ (['sagittal', 'coronal', 'axial'])[axis];
}

/**
 * The box between two corners, in whatever order they were dragged, clipped to the image.
 * @param {Point} a
 * @param {Point} b
 * @param {number} columns
 * @param {number} rows
 * @returns {Box}
 */
export function boxBetween(a, b, columns, rows) {
  const x0 = clamp(Math.min(a[0], b[0]), 0, columns);
  const y0 = clamp(Math.min(a[1], b[1]), 0, rows);
  const x1 = clamp(Math.max(a[0], b[0]), 0, columns);
  const y1 = clamp(Math.max(a[1], b[1]), 0, rows);
  return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
}

/**
 * @param {Box} box
 * @param {Point} point
 * @param {number} [margin]
 */
export function boxHolds(box, [x, y], margin = 0) {
  return x >= box.x - margin && x <= box.x + box.w + margin && y >= box.y - margin && y <= box.y + box.h + margin;
}

/**
 * Intersection over union of two boxes, 0 when they do not meet.
 * @param {Box} a
 * @param {Box} b
 */
export function boxOverlap(a, b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a.w * a.h + b.w * b.h - w * h);
}

/**
 * Area of a simple polygon in square pixels (shoelace formula).
 * @param {Point[]} points
 */
export function polygonArea(points) {
  let twice = 0;
  points.forEach(([x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/**
 * Whether a point lies in a polygon (even-odd rule).
 * @param {Point[]} points
 * @param {Point} point
 */
export function polygonHolds(points, [x, y]) {
  let inside = false;
  points.forEach(([x1, y1], index) => {
    const [x2, y2] = points[(index + points.length - 1) % points.length];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}

/**
 * Leave out points that lie within `tolerance` of the line their neighbours make (Ramer 1972; Douglas & Peucker
 * 1973). First and last stay.
 * @param {Point[]} points an open line
 * @param {number} tolerance pixels
 * @returns {Point[]}
 */
export function simplify(points, tolerance) {
  if (points.length < 3) return points.slice();
  const keep = new Uint8Array(points.length);
  keep[0] = keep[points.length - 1] = 1;
  const spans = [[0, points.length - 1]];
  while (spans.length) {
    const [first, last] = /** @type {[number, number]} */ (spans.pop());
    let farthest = -1;
    let distance = tolerance;
    for (let index = first + 1; index < last; index++) {
      const d = distanceToSegment(points[index], points[first], points[last]);
      if (d > distance) [farthest, distance] = [index, d];
    }
    if (farthest < 0) continue;
    keep[farthest] = 1;
    spans.push([first, farthest], [farthest, last]);
  }
  return points.filter((_, index) => keep[index]);
}

/**
 * @param {Point} point
 * @param {Point} a
 * @param {Point} b
 */
export function distanceToSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const squared = dx * dx + dy * dy;
  const t = squared ? clamp(((x - ax) * dx + (y - ay) * dy) / squared, 0, 1) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
