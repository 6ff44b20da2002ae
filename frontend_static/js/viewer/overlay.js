/**
 * The canvas over the stage: draws the document's labels, the proposal's and what a tool is drawing, in step with
 * the image's zoom and pan.
 *
 * @typedef {import('./stage.js').Stage} Stage
 * @typedef {import('./stage.js').Affine} Affine
 * @typedef {import('../lib/document.js').AnnotationDocument} AnnotationDocument
 * @typedef {import('./layers.js').Look} Look
 * @typedef {import('../lib/diff.js').BoxLabel} BoxLabel
 * @typedef {import('../lib/diff.js').PolygonLabel} PolygonLabel
 * @typedef {{masks: Map<string, Uint8Array>, boxes: BoxLabel[], polygons: PolygonLabel[], hidden: Set<string>,
 *   confidence: Record<string, number>}} Proposal hidden: names of classes not (or no longer) offered
 * @typedef {{labels: Map<number, Look>, shapes: Map<string, Look>}} Looks by class index, and by name for boxes and polygons
 */
import { percent } from '../lib/format.js';
import { boxPath, drawTag, linePath, MaskPicture, onCanvas, rgba, strokeLine, toCanvas } from './layers.js';

const MODEL = '#b79bff';
/** @type {Look} */
const UNKNOWN = { name: '?', color: '#98a2b0' };

export class Overlay {
  /** @type {AnnotationDocument | null} */ document = null;
  /** @type {Proposal | null} */ proposal = null;
  /** @type {Looks} */ looks = { labels: new Map(), shapes: new Map() };
  /** What is left out: everything (peek, hide) or the filled labels alone. */
  hidden = false;
  fillHidden = false;
  selected = '';
  /** @type {((context: CanvasRenderingContext2D, affine: Affine) => void) | null} drawn last, by the active tool */
  sketch = null;
  #drawn = new MaskPicture();
  #proposed = new MaskPicture();
  #frameRequest = 0;
  /** @type {string} frame whose labels are painted; "" when they are to be painted anew */ #shownFrame = '';
  /** @type {import('./layers.js').Rectangle | null} what a stroke changed since the last drawing */
  #touched = null;
  #shownProposal = '';

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Stage} stage
   */
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.stopListening = stage.onRender(() => this.draw());
  }

  /** Key of the frame on show. */
  get frameKey() {
    return this.stage.series?.frames[this.stage.index]?.key ?? '';
  }

  /** Draw at the next animation frame. */
  schedule() {
    this.#frameRequest ||= requestAnimationFrame(() => {
      this.#frameRequest = 0;
      this.draw();
    });
  }

  /**
   * The labels of the frame on show changed.
   * @param {import('./layers.js').Rectangle | null} [touched] in the middle of a stroke: what it changed
   */
  refresh(touched = null) {
    if (!touched) this.#shownFrame = '';
    else this.#touched = united(this.#touched, touched);
    this.schedule();
  }

  /** The proposal, or what is hidden of it, changed. */
  refreshProposal() {
    this.#shownProposal = '';
    this.schedule();
  }

  /** Draw now. */
  draw() {
    const { context, canvas, stage } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!stage.series || !this.document) return;
    const affine = stage.transform();
    if (!this.hidden) {
      this.#drawProposal(affine);
      this.#drawDocument(affine);
    }
    this.sketch?.(context, affine);
  }

  /** @param {Affine} affine */
  #drawDocument(affine) {
    const { context, frameKey, document } = this;
    const frame = document?.frames.get(frameKey);
    if (!frame || !document) return;
    const anew = this.#shownFrame !== frameKey;
    if (anew || this.#touched) {
      const touched = anew ? null : this.#touched;
      this.#drawn.update(document.mask(frameKey), frame.columns, frame.rows, (label) => this.#labelColour(label), touched);
      this.#shownFrame = frameKey;
      this.#touched = null;
    }
    if (!this.#drawn.empty && !this.fillHidden) {
      this.#drawn.drawFill(context, affine);
      for (const [label, path] of this.#drawn.outlines) {
        const look = this.#label(label);
        if (!look.hidden) strokeLine(context, onCanvas(path, affine), look.color);
      }
    }
    for (const box of document.boxes) if (box.frame === frameKey) this.#drawShape(box, boxPath(box), [box.x, box.y], affine);
    for (const polygon of document.polygons) {
      if (polygon.frame === frameKey) this.#drawShape(polygon, linePath(polygon.points), polygon.points[0], affine);
    }
  }

  /**
   * @param {BoxLabel | PolygonLabel} shape
   * @param {Path2D} path
   * @param {import('../lib/geometry.js').Point} top
   * @param {Affine} affine
   */
  #drawShape(shape, path, top, affine) {
    const look = this.looks.shapes.get(shape.class) ?? UNKNOWN;
    if (look.hidden) return;
    const chosen = shape.id === this.selected;
    strokeLine(this.context, onCanvas(path, affine), look.color, { width: chosen ? 2.75 : 1.75 });
    drawTag(this.context, shape.class, toCanvas(affine, top), look.color);
    if (chosen && 'w' in shape) this.#drawHandles(shape, affine, look.color);
  }

  /**
   * @param {BoxLabel} box
   * @param {Affine} affine
   * @param {string} color
   */
  #drawHandles(box, affine, color) {
    for (const [u, v] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      const [x, y] = toCanvas(affine, [box.x + u * box.w, box.y + v * box.h]);
      this.context.fillStyle = color;
      this.context.fillRect(x - 3.5, y - 3.5, 7, 7);
    }
  }

  /** @param {Affine} affine */
  #drawProposal(affine) {
    const { context, frameKey, proposal, document } = this;
    const frame = document?.frames.get(frameKey);
    if (!proposal || !frame) return;
    if (this.#shownProposal !== frameKey) {
      this.#proposed.update(proposal.masks.get(frameKey) ?? null, frame.columns, frame.rows, (label) =>
        proposal.hidden.has(this.#label(label).name) ? [0, 0, 0, 0] : rgba(MODEL, 0.16));
      this.#shownProposal = frameKey;
    }
    if (!this.#proposed.empty && !this.fillHidden) {
      this.#proposed.drawFill(context, affine);
      for (const [label, path] of this.#proposed.outlines) this.#drawProposedLabel(label, path, affine, proposal);
    }
    for (const box of proposal.boxes) if (box.frame === frameKey) this.#drawProposedShape(box, boxPath(box), [box.x, box.y], affine, proposal);
    for (const polygon of proposal.polygons) {
      if (polygon.frame === frameKey) this.#drawProposedShape(polygon, linePath(polygon.points), polygon.points[0], affine, proposal);
    }
  }

  /**
   * @param {number} label
   * @param {Path2D} path
   * @param {Affine} affine
   * @param {Proposal} proposal
   */
  #drawProposedLabel(label, path, affine, proposal) {
    const { name } = this.#label(label);
    if (proposal.hidden.has(name)) return;
    strokeLine(this.context, onCanvas(path, affine), MODEL, { dashed: true });
    const top = this.#proposed.tops.get(label);
    const sure = proposal.confidence[name];
    if (top) drawTag(this.context, sure === undefined ? name : `${name} ${percent(sure)}`, toCanvas(affine, top), MODEL);
  }

  /**
   * @param {BoxLabel | PolygonLabel} shape
   * @param {Path2D} path
   * @param {import('../lib/geometry.js').Point} top
   * @param {Affine} affine
   * @param {Proposal} proposal
   */
  #drawProposedShape(shape, path, top, affine, proposal) {
    if (proposal.hidden.has(shape.class)) return;
    const onto = onCanvas(path, affine);
    this.context.fillStyle = 'rgb(183 155 255 / 12%)';
    this.context.fill(onto);
    strokeLine(this.context, onto, MODEL, { dashed: true });
    const score = 'score' in shape && shape.score !== undefined ? ` ${percent(shape.score)}` : '';
    drawTag(this.context, `${shape.class}${score}`, toCanvas(affine, top), MODEL);
  }

  /** @param {number} label */
  #label(label) {
    return this.looks.labels.get(label) ?? UNKNOWN;
  }

  /** @param {number} label @returns {[number, number, number, number]} */
  #labelColour(label) {
    const look = this.#label(label);
    return look.hidden ? [0, 0, 0, 0] : rgba(look.color);
  }

  dispose() {
    this.stopListening();
    cancelAnimationFrame(this.#frameRequest);
  }
}

/**
 * @param {import('./layers.js').Rectangle | null} a
 * @param {import('./layers.js').Rectangle} b
 */
function united(a, b) {
  if (!a) return b;
  return {
    left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom),
  };
}
