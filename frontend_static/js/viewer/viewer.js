/**
 * The viewer: an image with its labels, tools and texts, put together. It is handed series, documents and functions;
 * it never speaks to the server.
 *
 * @typedef {import('../lib/document.js').AnnotationDocument} AnnotationDocument
 * @typedef {import('../lib/windowing.js').Window} Window
 * @typedef {import('../lib/windowing.js').Preset} Preset
 * @typedef {import('../lib/geometry.js').Point} Point
 * @typedef {import('./images.js').Series} Series
 * @typedef {import('./overlay.js').Proposal} Proposal
 * @typedef {import('./overlay.js').Looks} Looks
 * @typedef {'window' | 'pan' | 'zoom' | 'brush' | 'eraser' | 'polygon' | 'box'} ToolName
 * @typedef {{window: Window, inverted: boolean, preset: string}} Display how grey values are shown
 * @typedef {'tool' | 'slice' | 'display' | 'select' | 'progress' | 'error'} EventName
 */
import { presetsFor } from '../lib/windowing.js';
import { clamp } from '../lib/geometry.js';
import { number } from '../lib/format.js';
import { BoxTool } from './box_tool.js';
import { BrushCursor } from './brush_cursor.js';
import { Corners } from './corners.js';
import { ImageSeries } from './images.js';
import { pointerTarget } from './interaction.js';
import { Overlay } from './overlay.js';
import { PointerInput } from './pointer.js';
import { PolygonTool } from './polygon_tool.js';
import { Stage } from './stage.js';
import { BrushTool } from './tools.js';

const BRUSH_LIMITS = /** @type {const} */ ([0.5, 200]);

export class Viewer {
  /** @type {AnnotationDocument | null} */ document = null;
  /** @type {ToolName} */ tool = 'window';
  /** What masks and shapes are drawn with. */
  label = { name: '', index: 0 };
  shape = '';
  brushRadius = 6;
  keepOutline = false;
  /** @type {Set<number>} labels that no tool overwrites */ locked = new Set();
  /** @type {Preset[]} */ presets = [];
  #preset = '';
  #modality = '';
  #proposalNote = '';
  /** @type {Map<EventName, Set<(detail: any) => void>>} */ #listeners = new Map();
  /** @type {Map<string, ImageSeries>} series known, by their first frame's address */ #series = new Map();
  /** @type {AbortController} */ #fetching = new AbortController();
  /** @type {Point | null} where the pointer is, on the stage */ #pointer = null;
  #controlHeld = false;
  #stopDocument = () => {};

  /**
   * @param {HTMLElement} element
   * @param {import('./cornerstone.js').Cornerstone} cornerstone
   */
  constructor(element, cornerstone) {
    this.element = element;
    this.cornerstone = cornerstone;
    const { stage, canvas } = build(element);
    this.stage = new Stage(stage, cornerstone);
    this.overlay = new Overlay(canvas, this.stage);
    this.cursor = new BrushCursor(element);
    this.corners = new Corners(element);
    const sketching = { onSketch: () => this.overlay.schedule(), newId: () => crypto.randomUUID() };
    const onPaint = (/** @type {import('./layers.js').Rectangle} */ touched) => this.overlay.refresh(touched);
    this.tools = {
      brush: new BrushTool({ erase: false, onPaint }),
      eraser: new BrushTool({ erase: true, onPaint }),
      polygon: new PolygonTool(sketching),
      box: new BoxTool({ ...sketching, selected: () => this.selected, onSelect: (id) => this.select(id) }),
    };
    this.input = new PointerInput(canvas, pointerTarget(this));
    this.stopCorners = this.stage.onRender(() => this.#showCorners());
  }

  /** Whether the GPU draws; without it images are drawn on the CPU, slower, and every tool still works. */
  get gpu() { return this.cornerstone.gpu; }
  get index() { return this.stage.index; }
  get count() { return this.stage.series?.frames.length ?? 0; }
  get frameKey() { return this.overlay.frameKey; }
  get selected() { return this.overlay.selected; }
  /** Whether a mouse button is held on the image. */
  get dragging() { return this.input.dragging; }
  /** @returns {Display} */
  get display() { return { window: this.stage.window, inverted: this.stage.inverted, preset: this.#preset }; }

  /**
   * Show a case. Resolves when its image is painted.
   * @param {{series: Series, document: AnnotationDocument, looks: Looks, proposal: Proposal | null, proposalNote: string,
   *   modality: string, index: number, display?: Display | null}} options display: kept from the case before
   */
  async open({ series, document, looks, proposal, proposalNote, modality, index, display }) {
    this.cancel();
    this.#stopDocument();
    this.#fetching.abort();
    const images = this.#register(series);
    this.overlay.document = null;
    const painted = this.#nextRender();
    await this.stage.open(images, clamp(index, 0, images.frames.length - 1));
    this.document = document;
    this.#stopDocument = document.onChange((event) => this.#documentChanged(event));
    Object.assign(this.overlay, { document, looks, proposal, selected: '' });
    this.#modality = modality;
    this.#proposalNote = proposal ? proposalNote : '';
    this.presets = presetsFor(modality, this.stage.isColor ? [] : this.stage.sample());
    this.#preset = '';
    if (display && !this.stage.isColor) this.setDisplay(display);
    this.overlay.refresh();
    this.overlay.refreshProposal();
    await painted;
    this.#fetchSeries();
    this.#emit('slice', this.index);
    this.#emit('display', this.display);
  }

  /**
   * Decode the first image of another case and the ones round it, ahead of need.
   * @param {Series} series
   * @param {number} index
   */
  async preload(series, index) {
    const images = this.#register(series);
    await images.load(clamp(index, 0, images.frames.length - 1), { prefetch: true });
  }

  /**
   * Give back the memory of every series but the one on show and those named.
   * @param {Series[]} keep
   */
  releaseOthers(keep) {
    const kept = new Set([this.stage.series, ...keep.map((series) => this.#series.get(series.frames[0].image_id))]);
    for (const [key, images] of this.#series) {
      if (kept.has(images)) continue;
      images.release();
      this.#series.delete(key);
    }
  }

  /** @param {ToolName} tool */
  setTool(tool) {
    if (tool === this.tool) return;
    this.cancel();
    this.tool = tool;
    this.overlay.sketch = tool in this.tools ? this.tools[/** @type {'box'} */ (tool)].sketch : null;
    this.#showCursor();
    this.overlay.schedule();
    this.#emit('tool', tool);
  }

  /** @param {number} radius pixels of the frame */
  setBrushRadius(radius) {
    this.brushRadius = clamp(Math.round(radius * 2) / 2, ...BRUSH_LIMITS);
    this.#showCursor();
    this.#showPointer();
  }

  /** @param {number} steps larger or smaller by this many notches */
  growBrush(steps) {
    const size = this.brushRadius;
    this.setBrushRadius(size + steps * Math.max(0.5, Math.round(size * 0.15 * 2) / 2));
  }

  /** @param {number} index */
  async goTo(index) {
    if (!this.count) return;
    try {
      const shown = await this.stage.goTo(clamp(index, 0, this.count - 1));
      if (!shown) return;
      this.overlay.refresh();
      this.overlay.refreshProposal();
      this.#emit('slice', this.index);
    } catch (error) {
      this.#emit('error', error);
    }
  }

  /** @param {number} by slices from where scrolling has got to, which may be ahead of what is painted */
  scroll(by) {
    return this.goTo(this.stage.wanted + by);
  }

  /** @param {string} key frame to show */
  goToFrame(key) {
    const index = this.stage.series?.frames.findIndex((frame) => frame.key === key) ?? -1;
    return index >= 0 && index !== this.index ? this.goTo(index) : Promise.resolve();
  }

  /** @param {Display} display */
  setDisplay({ window, inverted, preset }) {
    this.#preset = preset;
    this.stage.inverted = inverted;
    this.stage.setWindow(window);
    this.#emit('display', this.display);
  }

  /** @param {number} place 1–9 for a preset, 0 for the file's own window */
  applyPreset(place) {
    if (this.stage.isColor) return;
    const own = { name: '', ...(this.stage.fileWindow() ?? this.stage.autoWindow()) };
    const preset = place === 0 ? own : this.presets[place - 1];
    if (preset) this.setDisplay({ window: preset, inverted: this.stage.inverted, preset: preset.name });
  }

  invert() {
    this.setDisplay({ ...this.display, inverted: !this.stage.inverted });
  }

  /** Fit the image and take the file's own window. */
  reset() {
    this.#preset = '';
    this.stage.reset();
    this.#emit('display', this.display);
  }

  /** @param {{hidden?: boolean, fillHidden?: boolean}} what hidden: all labels; fillHidden: the label maps */
  setVisible(what) {
    Object.assign(this.overlay, what);
    this.overlay.schedule();
  }

  /** The looks of classes changed (a class was hidden). */
  refreshLooks() {
    this.overlay.refresh();
    this.overlay.refreshProposal();
  }

  /** @param {string} id of a box or polygon, "" for none */
  select(id) {
    if (id === this.overlay.selected) return;
    this.overlay.selected = id;
    this.overlay.schedule();
    this.#emit('select', id);
  }

  /** Abandon what is being drawn. @returns {boolean} whether there was something */
  cancel() {
    const open = Object.values(this.tools).map((tool) => tool.cancel()).some(Boolean);
    if (!open && this.selected) {
      this.select('');
      return true;
    }
    return open;
  }

  /** Close the polygon that is being drawn. @returns {boolean} whether one was */
  finish() {
    return this.tool === 'polygon' && this.tools.polygon.finish();
  }

  /** @param {boolean} held the eraser key (Ctrl) is down: the brush erases meanwhile */
  holdEraser(held) {
    this.#controlHeld = held;
    this.#showCursor();
  }

  /**
   * @param {EventName} name
   * @param {(detail: any) => void} listener
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  dispose() {
    this.#fetching.abort();
    this.#stopDocument();
    this.input.dispose();
    this.overlay.dispose();
    this.stopCorners();
    this.stage.dispose();
    for (const images of this.#series.values()) images.release();
    this.#listeners.clear();
    this.element.replaceChildren();
  }

  /**
   * @param {EventName} name
   * @param {unknown} detail
   */
  #emit(name, detail) {
    this.#listeners.get(name)?.forEach((listener) => listener(detail));
  }

  /** @param {Series} series */
  #register(series) {
    const key = series.frames[0].image_id;
    const known = this.#series.get(key) ?? new ImageSeries(this.cornerstone, series);
    this.#series.set(key, known);
    return known;
  }

  #fetchSeries() {
    const { series } = this.stage;
    if (!series) return;
    this.#fetching = new AbortController();
    series.prefetch(this.index, this.#fetching.signal, (loaded) => this.#emit('progress', { loaded, total: series.frames.length }));
  }

  #nextRender() {
    return /** @type {Promise<void>} */ (new Promise((resolve) => {
      const stop = this.stage.onRender(() => {
        stop();
        resolve();
      });
    }));
  }

  /** @param {import('../lib/document.js').ChangeEvent} event */
  #documentChanged(event) {
    if (event.kind !== 'edit' && event.frames.length && !event.frames.includes(this.frameKey)) this.goToFrame(event.frames[0]);
    if (this.selected && !this.document?.boxes.some((box) => box.id === this.selected)) this.select('');
    this.overlay.refresh();
  }

  #showCorners() {
    this.corners.update(this.stage, { preset: this.#preset, proposal: this.#proposalNote });
    this.#showCursor();
    this.#showPointer();
  }

  /** @param {string} note the line about the proposal in the corner */
  setProposalNote(note) {
    this.#proposalNote = note;
    if (this.stage.series) this.#showCorners();
  }

  #showPointer() {
    const brushing = this.tool === 'brush' || this.tool === 'eraser';
    const spacing = Number(this.stage.values('00280030')[0]);
    const size = this.brushRadius * 2;
    const brush = `${this.tool} ${number(size, 1)} px${spacing ? ` · ${number(size * spacing, 1)} mm` : ''}`;
    this.corners.pointer(this.#valueText(), brushing ? brush : '');
  }

  #valueText() {
    if (!this.#pointer || !this.stage.series) return '';
    const [x, y] = this.stage.toImage(this.#pointer);
    const value = this.stage.valueAt([x, y]);
    if (value === null) return '';
    const text = Array.isArray(value) ? `RGB ${value.join(' ')}` : `${this.#modality === 'CT' ? 'HU' : 'Value'} ${number(value, 2)}`;
    return `${text} (x ${Math.floor(x)}, y ${Math.floor(y)})`;
  }

  #showCursor() {
    const brushing = this.stage.series !== null && (this.tool === 'brush' || this.tool === 'eraser');
    this.overlay.canvas.dataset.tool = this.tool;
    this.cursor.update({
      at: brushing ? this.#pointer : null, radius: this.brushRadius, affine: this.stage.transform(),
      erases: this.tool === 'eraser' || this.#controlHeld,
    });
  }

  /** @param {Point | null} at on the stage; null when it left */
  movePointer(at) {
    this.#pointer = at;
    this.#showCursor();
    this.#showPointer();
  }

  /** What a tool works on now; null when nothing is open. @returns {import('./tools.js').Scene | null} */
  scene() {
    const { document, stage } = this;
    const frame = document?.frames.get(this.frameKey);
    if (!document || !frame) return null;
    return {
      document, frame, label: this.label, shape: this.shape, radius: this.brushRadius,
      pixelsPerPoint: 1 / stage.zoom, keepOutline: this.keepOutline, locked: this.locked,
    };
  }

  /** The document tool that a press starts: Ctrl turns the brush into the eraser. @param {{ctrlKey: boolean}} event */
  activeTool(event) {
    if (this.tool === 'brush' && event.ctrlKey) return this.tools.eraser;
    return this.tools[/** @type {'brush'} */ (this.tool)] ?? null;
  }
}

/** @param {HTMLElement} element */
function build(element) {
  const stage = document.createElement('div');
  const canvas = document.createElement('canvas');
  stage.className = 'stage';
  canvas.className = 'labels';
  canvas.tabIndex = -1;
  canvas.setAttribute('aria-label', 'Image');
  element.append(stage, canvas);
  return { stage, canvas };
}
