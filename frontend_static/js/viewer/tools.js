/**
 * What the left mouse button does. A tool gets points in pixels of the frame and edits the document in gestures; it
 * is told when the pointer goes down, moves and comes up, and may be cancelled at any time.
 *
 * @typedef {import('../lib/geometry.js').Point} Point
 * @typedef {import('../lib/document.js').AnnotationDocument} AnnotationDocument
 * @typedef {{document: AnnotationDocument, frame: import('../lib/document.js').Frame, label: {name: string, index: number},
 *   shape: string, radius: number, pixelsPerPoint: number, keepOutline: boolean, locked: Set<number>}} Scene
 *   what a tool works on at this moment. label: the class masks are drawn with, index 0 when the schema has none;
 *   shape: name of the class for boxes and outlines; radius: of the brush, in pixels of the frame;
 *   pixelsPerPoint: pixels of the frame per CSS pixel of the screen
 * @typedef {{shiftKey: boolean, ctrlKey: boolean, altKey: boolean}} Modifiers
 * @typedef {object} Tool
 * @property {(scene: Scene, point: Point, modifiers: Modifiers) => void} down
 * @property {(scene: Scene, points: Point[], modifiers: Modifiers) => void} move
 * @property {(scene: Scene, point: Point, modifiers: Modifiers) => void} up
 * @property {() => boolean} cancel whether there was something to cancel
 * @property {(point: Point | null, scene: Scene) => void} [hover] the pointer moves with no button down
 * @property {() => boolean} [finish] close what is being drawn, as Enter does
 * @property {((context: CanvasRenderingContext2D, affine: import('./stage.js').Affine) => void) | null} sketch
 */
import { clamp } from '../lib/geometry.js';
import { fillStroke } from '../lib/raster.js';

/**
 * Brush and eraser: each gesture is one stroke of capsules between the pointer's positions.
 * @implements {Tool}
 */
export class BrushTool {
  /** @type {import('../lib/document.js').Gesture | null} */ #gesture = null;
  /** @type {Point} */ #last = [0, 0];
  sketch = null;

  /**
   * @param {{erase: boolean, onPaint: (touched: import('./layers.js').Rectangle) => void}} options onPaint: after each
   *   piece of a stroke
   */
  constructor({ erase, onPaint }) {
    this.erase = erase;
    this.onPaint = onPaint;
  }

  /**
   * @param {Scene} scene
   * @param {Point} point
   */
  down(scene, point) {
    const label = this.erase ? 'erase' : `paint ${scene.label.name}`;
    if (!this.erase && !scene.label.index) return;
    this.#gesture = scene.document.begin(label);
    this.#last = point;
    this.#paint(scene, [point]);
  }

  /**
   * @param {Scene} scene
   * @param {Point[]} points
   */
  move(scene, points) {
    this.#paint(scene, points);
  }

  up() {
    this.#gesture?.commit();
    this.#gesture = null;
  }

  cancel() {
    const open = this.#gesture !== null;
    this.#gesture?.cancel();
    this.#gesture = null;
    return open;
  }

  /**
   * @param {Scene} scene
   * @param {Point[]} points
   */
  #paint(scene, points) {
    if (!this.#gesture) return;
    const { rows, columns, key } = scene.frame;
    const slice = { mask: this.#gesture.mask(key), rows, columns };
    const allows = (/** @type {number} */ value) => !scene.locked.has(value);
    const path = [this.#last, ...points];
    for (const point of points) {
      fillStroke(slice, this.#last, point, scene.radius, this.erase ? 0 : scene.label.index, allows);
      this.#last = point;
    }
    this.onPaint(strokeBounds(path, scene.radius, columns, rows));
  }
}

/**
 * The rectangle of pixels that a stroke can have touched.
 * @param {Point[]} path
 * @param {number} radius
 * @param {number} columns
 * @param {number} rows
 */
function strokeBounds(path, radius, columns, rows) {
  const [xs, ys] = [path.map(([x]) => x), path.map(([, y]) => y)];
  return {
    left: clamp(Math.floor(Math.min(...xs) - radius), 0, columns), top: clamp(Math.floor(Math.min(...ys) - radius), 0, rows),
    right: clamp(Math.ceil(Math.max(...xs) + radius) + 1, 0, columns), bottom: clamp(Math.ceil(Math.max(...ys) + radius) + 1, 0, rows),
  };
}
