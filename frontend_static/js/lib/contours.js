/**
 * The outline of a label as closed lines along pixel edges, for drawing.
 *
 * @typedef {number[]} Ring x0, y0, x1, y1, … corners in pixels of the frame, closed, without points on straight runs
 */

/**
 * Outlines of every label in a slice, holes included. Each ring keeps its label on its right-hand side.
 * @param {Uint8Array} mask row-major labels
 * @param {number} columns
 * @param {number} rows
 * @returns {Map<number, Ring[]>} by label, background left out
 */
export function traceContours(mask, columns, rows) {
  /** @type {Map<number, Ring[]>} */
  const found = new Map();
  const seen = new Uint8Array(mask.length);
  for (let index = 0; index < mask.length; index++) {
    const label = mask[index];
    // A ring passes every top edge of its pixels; starting only at those unseen finds each ring once.
    if (!label || seen[index] || (index >= columns && mask[index - columns] === label)) continue;
    const rings = found.get(label) ?? [];
    rings.push(traceRing(mask, seen, columns, rows, index));
    found.set(label, rings);
  }
  return found;
}

// Directions right, down, left, up; with the label on the right-hand side of the way.
const STEP_X = [1, 0, -1, 0];
const STEP_Y = [0, 1, 0, -1];

/**
 * @param {Uint8Array} mask
 * @param {Uint8Array} seen marks pixels whose top edge was passed
 * @param {number} columns
 * @param {number} rows
 * @param {number} start index of a pixel whose upper neighbour has another label
 * @returns {Ring}
 */
function traceRing(mask, seen, columns, rows, start) {
  const label = mask[start];
  const holds = (/** @type {number} */ x, /** @type {number} */ y) =>
    x >= 0 && y >= 0 && x < columns && y < rows && mask[y * columns + x] === label;
  let x = start % columns;
  let y = (start - x) / columns;
  const [startX, startY] = [x, y];
  let direction = 0;
  const ring = [x, y];
  for (;;) {
    if (direction === 0) seen[y * columns + x] = 1;
    x += STEP_X[direction];
    y += STEP_Y[direction];
    const previous = direction;
    direction = nextDirection(holds, x, y, previous);
    if (x === startX && y === startY && direction === 0) return ring;
    if (direction !== previous) ring.push(x, y);
  }
}

/**
 * At corner (x, y): turn right when the pixel ahead on the right is outside, left when the one ahead on the left is
 * inside, else go on. Diagonal neighbours are kept apart (4-connected).
 * @param {(x: number, y: number) => boolean} holds
 * @param {number} x
 * @param {number} y
 * @param {number} direction
 */
function nextDirection(holds, x, y, direction) {
  // The four pixels round the corner: [ahead left, ahead right] by direction.
  const aheadRight = [[0, 0], [-1, 0], [-1, -1], [0, -1]][direction];
  const aheadLeft = [[0, -1], [0, 0], [-1, 0], [-1, -1]][direction];
  if (!holds(x + aheadRight[0], y + aheadRight[1])) return (direction + 1) % 4;
  if (holds(x + aheadLeft[0], y + aheadLeft[1])) return (direction + 3) % 4;
  return direction;
}
