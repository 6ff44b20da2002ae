/**
 * Labels drawn over the image: what a person drew as solid outlines in the class's colour, what the model proposes
 * as dashed violet outlines with a light fill and its name and confidence. One canvas over the stage; each label map is kept as a
 * small picture of its own, so that a stroke repaints only the rectangle it touched.
 *
 * @typedef {import('./stage.js').Affine} Affine
 * @typedef {import('../lib/diff.js').BoxLabel} BoxLabel
 * @typedef {import('../lib/diff.js').PolygonLabel} PolygonLabel
 * @typedef {import('../lib/geometry.js').Point} Point
 * @typedef {{name: string, color: string, hidden?: boolean}} Look
 */
import { traceContours } from '../lib/contours.js';

const FILL_ALPHA = 0.3;
const OUTLINE_LIMIT = 1_000_000;

/**
 * A label map as a picture and outlines, kept until it changes.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Rectangle pixels of the frame, ends exclusive
 */
export class MaskPicture {
  #canvas = document.createElement('canvas');
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
  #picture = new ImageData(1, 1);
  /** @type {Map<number, Path2D>} */ outlines = new Map();
  /** @type {Map<number, Point>} top of each label's outline, where its name goes */ tops = new Map();
  empty = true;

  /**
   * Paint a label map anew.
   * @param {Uint8Array | null} mask
   * @param {number} columns
   * @param {number} rows
   * @param {(label: number) => [number, number, number, number]} colour red, green, blue, alpha, 0–255
   * @param {Rectangle | null} [touched] in the middle of a stroke: all that changed since the last call; the outlines
   *   of large images are then left as they were
   */
  update(mask, columns, rows, colour, touched = null) {
    const part = this.empty ? null : touched;
    this.empty = !mask;
    if (!mask) return;
    if (this.#picture.width !== columns || this.#picture.height !== rows) {
      [this.#canvas.width, this.#canvas.height] = [columns, rows];
      this.#picture = new ImageData(columns, rows);
    }
    this.#paint(mask, colour, part ?? { left: 0, top: 0, right: columns, bottom: rows });
    if (!part || mask.length < OUTLINE_LIMIT) this.#trace(mask, columns, rows);
  }

  /**
   * @param {Uint8Array} mask
   * @param {(label: number) => [number, number, number, number]} colour
   * @param {Rectangle} part
   */
  #paint(mask, colour, { left, top, right, bottom }) {
    const { width, data } = this.#picture;
    const words = new Uint32Array(data.buffer);
    const table = new Uint32Array(256);
    for (let label = 1; label < 256; label++) table[label] = packed(colour(label));
    for (let row = top; row < bottom; row++) {
      for (let at = row * width + left; at < row * width + right; at++) words[at] = table[mask[at]];
    }
    this.#context.putImageData(this.#picture, 0, 0, left, top, right - left, bottom - top);
  }

  /**
   * @param {Uint8Array} mask
   * @param {number} columns
   * @param {number} rows
   */
  #trace(mask, columns, rows) {
    this.outlines.clear();
    this.tops.clear();
    for (const [label, rings] of traceContours(mask, columns, rows)) {
      const path = new Path2D();
      for (const ring of rings) {
        path.moveTo(ring[0], ring[1]);
        for (let i = 2; i < ring.length; i += 2) path.lineTo(ring[i], ring[i + 1]);
        path.closePath();
      }
      this.outlines.set(label, path);
      this.tops.set(label, [(rings[0][0] + rings[0][2]) / 2, rings[0][1]]);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Affine} affine
   */
  drawFill(context, affine) {
    if (this.empty) return;
    context.save();
    context.transform(...affine);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#canvas, 0, 0);
    context.restore();
  }
}

/** @param {[number, number, number, number]} rgba */
function packed([red, green, blue, alpha]) {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * A CSS hex colour with an alpha, as bytes.
 * @param {string} color "#rrggbb"
 * @param {number} [alpha] 0–1
 * @returns {[number, number, number, number]}
 */
export function rgba(color, alpha = FILL_ALPHA) {
  const value = parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255, Math.round(alpha * 255)];
}

/**
 * A line with a dark edge, readable on white and on black.
 * @param {CanvasRenderingContext2D} context
 * @param {Path2D} path in canvas coordinates
 * @param {string} color
 * @param {{dashed?: boolean, width?: number}} [style]
 */
export function strokeLine(context, path, color, { dashed = false, width = 1.75 } = {}) {
  context.lineJoin = 'round';
  context.setLineDash(dashed ? [6, 4] : []);
  context.strokeStyle = 'rgb(0 0 0 / 55%)';
  context.lineWidth = width + 1.5;
  if (!dashed) context.stroke(path);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke(path);
  context.setLineDash([]);
}

/**
 * @param {Path2D} path in pixels of the frame
 * @param {Affine} affine
 */
export function onCanvas(path, affine) {
  const moved = new Path2D();
  moved.addPath(path, new DOMMatrix([...affine]));
  return moved;
}

/**
 * @param {Affine} affine
 * @param {Point} point in pixels of the frame
 * @returns {Point} on the canvas
 */
export function toCanvas([a, b, c, d, e, f], [x, y]) {
  return [a * x + c * y + e, b * x + d * y + f];
}

/**
 * A name beside a shape.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {Point} at canvas point that the text stands on
 * @param {string} color
 */
export function drawTag(context, text, [x, y], color) {
  context.font = '11px ui-monospace, monospace';
  context.textBaseline = 'bottom';
  context.lineWidth = 3;
  context.strokeStyle = 'rgb(0 0 0 / 75%)';
  context.strokeText(text, x, y - 3);
  context.fillStyle = color;
  context.fillText(text, x, y - 3);
}

/**
 * @param {BoxLabel} box
 * @returns {Path2D}
 */
export function boxPath(box) {
  const path = new Path2D();
  path.rect(box.x, box.y, box.w, box.h);
  return path;
}

/**
 * @param {Point[]} points
 * @param {boolean} [closed]
 * @returns {Path2D}
 */
export function linePath(points, closed = true) {
  const path = new Path2D();
  points.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
  if (closed) path.closePath();
  return path;
}
