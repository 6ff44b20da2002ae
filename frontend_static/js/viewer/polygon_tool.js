/**
 * Polygon: click sets corners, dragging draws freehand, a click on the first corner, a double click or Enter closes.
 * A closed polygon fills the class on the label map, or is kept as an outline.
 *
 * @typedef {import('./tools.js').Scene} Scene
 * @typedef {import('./tools.js').Tool} Tool
 * @typedef {import('../lib/geometry.js').Point} Point
 */
import { polygonArea, simplify } from '../lib/geometry.js';
import { fillPolygon } from '../lib/raster.js';
import { linePath, onCanvas, strokeLine, toCanvas } from './layers.js';

const CLOSE_POINTS = 9;
const DRAG_POINTS = 4;
const DOUBLE_CLICK_MS = 350;

/** @implements {Tool} */
export class PolygonTool {
  /** @type {Point[]} */ #points = [];
  /** @type {Point | null} */ #hover = null;
  /** @type {Scene | null} */ #scene = null;
  /** @type {Point | null} */ #pressed = null;
  #dragged = false;
  #lastClick = 0;

  /** @param {{onSketch: () => void, newId: () => string}} options */
  constructor({ onSketch, newId }) {
    this.onSketch = onSketch;
    this.newId = newId;
  }

  /** @type {import('./tools.js').Tool['sketch']} */
  sketch = (context, affine) => {
    if (!this.#points.length || !this.#scene) return;
    const line = this.#hover && !this.#dragged ? [...this.#points, this.#hover] : this.#points;
    strokeLine(context, onCanvas(linePath(line, false), affine), '#ffffff');
    for (const [index, point] of (this.#dragged ? this.#points.slice(0, 1) : this.#points).entries()) {
      const [x, y] = toCanvas(affine, point);
      context.fillStyle = index ? '#ffffff' : '#4da3ff';
      context.fillRect(x - 3, y - 3, 6, 6);
    }
  };

  /**
   * @param {Scene} scene
   * @param {Point} point
   */
  down(scene, point) {
    if (this.#scene && this.#scene.frame.key !== scene.frame.key) this.cancel();
    this.#scene = scene;
    this.#pressed = point;
    const doubled = performance.now() - this.#lastClick < DOUBLE_CLICK_MS;
    this.#lastClick = performance.now();
    const reach = CLOSE_POINTS * scene.pixelsPerPoint;
    const first = this.#points[0];
    if (this.#points.length > 2 && (doubled || Math.hypot(point[0] - first[0], point[1] - first[1]) < reach)) {
      this.finish();
      return;
    }
    this.#points.push(point);
    this.onSketch();
  }

  /**
   * @param {Scene} scene
   * @param {Point[]} points
   */
  move(scene, points) {
    if (!this.#pressed || !this.#points.length) return;
    for (const point of points) {
      const last = this.#points[this.#points.length - 1];
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) < DRAG_POINTS * scene.pixelsPerPoint * (this.#dragged ? 0.25 : 1)) continue;
      this.#dragged = true;
      this.#points.push(point);
    }
    this.onSketch();
  }

  up() {
    this.#pressed = null;
    if (!this.#dragged || !this.#scene) return;
    this.#points = simplify(this.#points, 0.5 * this.#scene.pixelsPerPoint);
    this.finish();
  }

  /** @param {Point | null} point */
  hover(point) {
    this.#hover = point;
    if (this.#points.length) this.onSketch();
  }

  finish() {
    const [scene, points] = [this.#scene, this.#points];
    this.cancel();
    if (!scene || points.length < 3 || polygonArea(points) < 0.5) return false;
    if (scene.keepOutline || !scene.label.index) return this.#keep(scene, points);
    return scene.document.edit(`fill ${scene.label.name}`, (gesture) => {
      const slice = { mask: gesture.mask(scene.frame.key), rows: scene.frame.rows, columns: scene.frame.columns };
      fillPolygon(slice, points, scene.label.index, (value) => !scene.locked.has(value));
    });
  }

  /**
   * @param {Scene} scene
   * @param {Point[]} points
   */
  #keep(scene, points) {
    const name = scene.shape || scene.label.name;
    if (!name) return false;
    const rounded = points.map(([x, y]) => /** @type {Point} */ ([round(x), round(y)]));
    const polygon = { id: this.newId(), class: name, frame: scene.frame.key, points: rounded };
    return scene.document.edit(`outline ${name}`, (gesture) => gesture.set('polygons', [...scene.document.polygons, polygon]));
  }

  cancel() {
    const open = this.#points.length > 0;
    this.#points = [];
    this.#dragged = false;
    this.#pressed = null;
    this.#lastClick = 0;
    this.onSketch();
    return open;
  }
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
