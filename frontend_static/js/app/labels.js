/**
 * The classes of the project as the person uses them: which one is active, hidden or locked.
 *
 * @typedef {import('../api/items.js').Schema} Schema
 * @typedef {import('../lib/document.js').AnnotationDocument} AnnotationDocument
 * @typedef {import('../ui/panel.js').SegmentRow} SegmentRow
 * @typedef {import('../viewer/viewer.js').Viewer} Viewer
 */
import { amountText, LabelCounts } from '../lib/measure.js';

export class Labels {
  #active = { mask: 0, box: 0 };
  /** @type {Schema} */ #schema = {};
  /** @type {number[]} */ #spacing = [];
  /** @type {AnnotationDocument | null} */ #document = null;
  #counts = new LabelCounts();
  /** @type {import('../viewer/overlay.js').Looks} */ looks = { labels: new Map(), shapes: new Map() };

  /**
   * @param {Viewer} viewer
   * @param {() => void} onChange
   */
  constructor(viewer, onChange) {
    this.viewer = viewer;
    this.onChange = onChange;
  }

  /**
   * @param {Schema} schema
   * @param {AnnotationDocument} document
   * @param {number[]} spacing mm
   */
  open(schema, document, spacing) {
    const shown = this.looks;
    this.#schema = schema;
    this.#document = document;
    this.#spacing = spacing;
    this.#counts = new LabelCounts();
    this.#counts.update(document, document.labelledFrames());
    const classes = schema.classes ?? [];
    const boxes = schema.boxes ?? [];
    this.looks = {
      labels: new Map(classes.map(({ index, name, color }) => [index, { name, color, hidden: shown.labels.get(index)?.hidden }])),
      shapes: new Map([...classes, ...boxes].map(({ name, color }) => [name, { name, color, hidden: shown.shapes.get(name)?.hidden }])),
    };
    this.#active.mask = Math.min(this.#active.mask, Math.max(0, classes.length - 1));
    this.#active.box = Math.min(this.#active.box, Math.max(0, boxes.length - 1));
    this.#tellViewer();
  }

  /** @param {string[]} frames whose masks changed */
  recount(frames) {
    if (this.#document) this.#counts.update(this.#document, frames);
  }

  get hasMasks() { return (this.#schema.classes ?? []).length > 0; }
  get hasBoxes() { return (this.#schema.boxes ?? []).length > 0; }

  /** Choose the class a tool draws with; masks first, then boxes. @param {number} place 0 for the first */
  choose(place) {
    const masks = this.#schema.classes?.length ?? 0;
    if (place < masks) this.#active.mask = place;
    else if (place - masks < (this.#schema.boxes?.length ?? 0)) this.#active.box = place - masks;
    else return;
    this.#tellViewer();
    const drawsMask = ['brush', 'eraser', 'polygon'].includes(this.viewer.tool);
    if (place >= masks) this.viewer.setTool('box');
    else if (!drawsMask) this.viewer.setTool('brush');
    this.onChange();
  }

  /** The previous or next class of the kind the tool draws. @param {number} by */
  step(by) {
    const kind = this.#kind;
    const count = (kind === 'mask' ? this.#schema.classes : this.#schema.boxes)?.length ?? 0;
    if (!count) return;
    this.#active[kind] = (this.#active[kind] + by + count) % count;
    this.#tellViewer();
    this.onChange();
  }

  /** Name of the class in use. */
  get name() {
    return this.#kind === 'mask' ? this.viewer.label.name : this.viewer.shape;
  }

  get #kind() {
    return /** @type {'mask' | 'box'} */ (this.viewer.tool === 'box' || !this.hasMasks ? 'box' : 'mask');
  }

  /** @param {SegmentRow} row */
  toggleHidden(row) {
    const hidden = !row.hidden;
    const shape = this.looks.shapes.get(row.name);
    if (shape) shape.hidden = hidden;
    for (const look of this.looks.labels.values()) if (look.name === row.name) look.hidden = hidden;
    this.viewer.refreshLooks();
    this.onChange();
  }

  /** @param {SegmentRow} row */
  toggleLocked(row) {
    const index = this.#schema.classes?.find(({ name }) => name === row.name)?.index;
    if (index === undefined) return;
    if (!this.viewer.locked.delete(index)) this.viewer.locked.add(index);
    this.onChange();
  }

  /** @returns {SegmentRow[]} */
  rows() {
    const classes = this.#schema.classes ?? [];
    const masks = classes.map(({ name, color, index }, place) => ({
      name, color, kind: /** @type {const} */ ('mask'), hint: place < 9 ? `Alt ${place + 1}` : '',
      amount: amountText(this.#counts.total(index), this.#spacing), active: this.#kind === 'mask' && place === this.#active.mask,
      hidden: Boolean(this.looks.labels.get(index)?.hidden), locked: this.viewer.locked.has(index),
    }));
    const boxes = (this.#schema.boxes ?? []).map(({ name, color }, place) => ({
      name, color, kind: /** @type {const} */ ('box'), hint: classes.length + place < 9 ? `Alt ${classes.length + place + 1}` : '',
      amount: String(this.#document?.boxes.filter((box) => box.class === name).length || '–'),
      active: this.#kind === 'box' && place === this.#active.box, hidden: Boolean(this.looks.shapes.get(name)?.hidden), locked: false,
    }));
    return [...masks, ...boxes];
  }

  #tellViewer() {
    const chosen = this.#schema.classes?.[this.#active.mask];
    this.viewer.label = chosen ? { name: chosen.name, index: chosen.index } : { name: '', index: 0 };
    this.viewer.shape = this.#schema.boxes?.[this.#active.box]?.name ?? '';
  }
}
