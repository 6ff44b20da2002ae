/**
 * Box: drag draws one, a press on an existing one selects and moves it, its corners resize it.
 *
 * @typedef {import('./tools.js').Scene} Scene
 * @typedef {import('./tools.js').Tool} Tool
 * @typedef {import('../lib/geometry.js').Point} Point
 * @typedef {import('../lib/diff.js').BoxLabel} BoxLabel
 */
import { boxBetween, boxHolds, clamp } from '../lib/geometry.js';
import { boxPath, onCanvas, strokeLine } from './layers.js';

const HANDLE_POINTS = 8;
const SMALLEST_POINTS = 4;

/** @implements {Tool} */
export class BoxTool {
  /** @type {BoxLabel | null} the box as it is being drawn */ #draft = null;
  /** @type {{kind: 'draw' | 'move', anchor: Point, box: BoxLabel | null} | null} */ #drag = null;

  /** @param {{onSketch: () => void, onSelect: (id: string) => void, selected: () => string, newId: () => string}} options */
  constructor({ onSketch, onSelect, selected, newId }) {
    this.onSketch = onSketch;
    this.onSelect = onSelect;
    this.selected = selected;
    this.newId = newId;
  }

  /** @type {import('./tools.js').Tool['sketch']} */
  sketch = (context, affine) => {
    if (this.#draft) strokeLine(context, onCanvas(boxPath(this.#draft), affine), '#ffffff');
  };

  /**
   * @param {Scene} scene
   * @param {Point} point
   */
  down(scene, point) {
    const here = scene.document.boxes.filter((box) => box.frame === scene.frame.key);
    const chosen = here.find((box) => box.id === this.selected());
    const opposite = chosen && oppositeCorner(chosen, point, HANDLE_POINTS * scene.pixelsPerPoint);
    if (chosen && opposite) {
      this.#drag = { kind: 'draw', anchor: opposite, box: chosen };
      return;
    }
    const hit = here.filter((box) => boxHolds(box, point)).sort((a, b) => a.w * a.h - b.w * b.h)[0];
    this.onSelect(hit?.id ?? '');
    if (hit) this.#drag = { kind: 'move', anchor: point, box: hit };
    else if (scene.shape) this.#drag = { kind: 'draw', anchor: point, box: null };
  }

  /**
   * @param {Scene} scene
   * @param {Point[]} points
   */
  move(scene, points) {
    const point = points[points.length - 1];
    if (!this.#drag || !point) return;
    const { kind, anchor, box } = this.#drag;
    const { rows, columns } = scene.frame;
    const base = box ?? { id: '', class: scene.shape, frame: scene.frame.key, x: 0, y: 0, w: 0, h: 0 };
    if (kind === 'draw') this.#draft = { ...base, ...boxBetween(anchor, point, columns, rows) };
    else {
      const x = clamp(base.x + point[0] - anchor[0], 0, columns - base.w);
      const y = clamp(base.y + point[1] - anchor[1], 0, rows - base.h);
      this.#draft = { ...base, x, y };
    }
    this.onSketch();
  }

  /** @param {Scene} scene */
  up(scene) {
    const [draft, drag] = [this.#draft, this.#drag];
    this.cancel();
    if (!draft || !drag) return;
    const smallest = SMALLEST_POINTS * scene.pixelsPerPoint;
    if (draft.w < smallest || draft.h < smallest) return;
    const box = { ...draft, id: draft.id || this.newId(), ...rounded(draft) };
    delete box.score;
    const others = scene.document.boxes.filter((other) => other.id !== box.id);
    scene.document.edit(`${drag.box ? 'change' : 'draw'} box ${box.class}`, (gesture) => gesture.set('boxes', [...others, box]));
    this.onSelect(box.id);
  }

  cancel() {
    const open = this.#draft !== null;
    this.#draft = null;
    this.#drag = null;
    this.onSketch();
    return open;
  }
}

/**
 * The corner across from the handle under a point, or null when none is near.
 * @param {BoxLabel} box
 * @param {Point} point
 * @param {number} reach
 * @returns {Point | null}
 */
function oppositeCorner(box, [px, py], reach) {
  for (const [u, v] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
    if (Math.abs(px - box.x - u * box.w) < reach && Math.abs(py - box.y - v * box.h) < reach) {
      return [box.x + (1 - u) * box.w, box.y + (1 - v) * box.h];
    }
  }
  return null;
}

/** @param {BoxLabel} box */
function rounded({ x, y, w, h }) {
  const round = (/** @type {number} */ value) => Math.round(value * 100) / 100;
  return { x: round(x), y: round(y), w: round(w), h: round(h) };
}
