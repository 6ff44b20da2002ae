/**
 * The image itself: one Cornerstone stack viewport. Knows slices, window, zoom and pan, and how pixels of the frame
 * lie on the canvas; knows nothing of labels.
 *
 * @typedef {import('../lib/geometry.js').Point} Point
 * @typedef {import('../lib/windowing.js').Window} Window
 * @typedef {import('./images.js').ImageSeries} ImageSeries
 * @typedef {[number, number, number, number, number, number]} Affine a, b, c, d, e, f as for CanvasRenderingContext2D:
 *   canvas x = a·column + c·row + e, canvas y = b·column + d·row + f, with pixel edges at whole numbers
 */
import { windowBetween, windowRange } from '../lib/windowing.js';

const ENGINE = 'fovea';
const VIEWPORT = 'stack';

export class Stage {
  /** @type {ImageSeries | null} */ series = null;
  index = 0;
  inverted = false;
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** The slice asked for last, which may not be painted yet. */
  wanted = 0;

  /**
   * @param {HTMLDivElement} element
   * @param {import('./cornerstone.js').Cornerstone} cornerstone
   */
  constructor(element, { core }) {
    this.element = element;
    this.core = core;
    this.engine = new core.RenderingEngine(ENGINE);
    this.engine.enableElement({
      viewportId: VIEWPORT, element, type: core.Enums.ViewportType.STACK, defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.engine.getViewport(VIEWPORT);
    this.onRendered = () => this.#listeners.forEach((listener) => listener());
    element.addEventListener(core.Enums.Events.IMAGE_RENDERED, this.onRendered);
    this.resizes = new ResizeObserver(() => this.#resize());
    this.resizes.observe(element);
  }

  /**
   * Show a series at a slice, fitted.
   * @param {ImageSeries} series
   * @param {number} index
   */
  async open(series, index) {
    this.wanted = index;
    await series.load(index);
    this.series = series;
    this.index = index;
    this.inverted = false;
    await this.viewport.setStack(series.imageIds, index);
    this.viewport.resetCamera();
    this.setWindow(this.fileWindow() ?? this.autoWindow());
  }

  /**
   * Go to a slice; when several are asked for quickly, the last one wins.
   * @param {number} index
   * @returns {Promise<boolean>} whether that slice is now shown
   */
  async goTo(index) {
    const { series } = this;
    if (!series) return false;
    this.wanted = index;
    if (!series.isLoaded(index)) await series.load(index);
    if (this.wanted !== index || this.series !== series) return false;
    await this.viewport.setImageIdIndex(index);
    this.index = index;
    this.viewport.render();
    return true;
  }

  /** Cornerstone's image on show, or null. */
  get image() {
    return this.series ? this.core.cache.getImage(this.series.imageIds[this.index]) ?? null : null;
  }

  /** Values of a DICOM attribute for the image on show. @param {string} tag @returns {any[]} */
  values(tag) {
    return this.series?.values(this.index, tag) ?? [];
  }

  get isColor() {
    return Boolean(this.image?.color);
  }

  /**
   * Stored-and-rescaled value at a pixel: HU for CT; three numbers for colour; null outside.
   * @param {Point} point
   * @returns {number | number[] | null}
   */
  valueAt([x, y]) {
    const { image } = this;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (!image || column < 0 || row < 0 || column >= image.columns || row >= image.rows) return null;
    const values = image.voxelManager.getScalarData();
    const at = row * image.columns + column;
    if (!image.color) return rescaled(image, values[at]);
    const parts = values.length / (image.columns * image.rows);
    return Array.from(values.subarray(at * parts, at * parts + 3));
  }

  /** @returns {Window} */
  get window() {
    const range = this.viewport.getProperties().voiRange ?? { lower: 0, upper: 255 };
    return windowBetween(range.lower, range.upper);
  }

  /** @param {Window} window */
  setWindow(window) {
    const { lower, upper } = windowRange(window);
    this.viewport.setProperties({ voiRange: { lower, upper }, invert: this.inverted !== this.#storedInverted() });
    this.viewport.render();
  }

  /** The window that the file names (VOI LUT module), or null. @returns {Window | null} */
  fileWindow() {
    const { image } = this;
    if (!image || image.color) return image ? { width: 255, center: 127.5 } : null;
    const width = Number(this.values('00281051')[0]);
    const center = Number(this.values('00281050')[0]);
    return width > 1 && Number.isFinite(center) ? { width, center } : null;
  }

  /** A window from the 1st to the 99th percentile of this slice. @returns {Window} */
  autoWindow() {
    const sorted = Float64Array.from(this.sample()).sort();
    return windowBetween(sorted[Math.floor(sorted.length * 0.01)] ?? 0, sorted[Math.floor((sorted.length - 1) * 0.99)] ?? 255);
  }

  /** Some ten thousand values of this slice, evenly spread. @returns {number[]} */
  sample() {
    const { image } = this;
    if (!image) return [];
    const values = image.voxelManager.getScalarData();
    const step = Math.max(1, Math.floor(values.length / 10_000));
    return Array.from({ length: Math.floor(values.length / step) }, (_, n) => rescaled(image, values[n * step]));
  }

  /** @param {boolean} inverted against how the image is meant to look */
  setInverted(inverted) {
    this.inverted = inverted;
    this.setWindow(this.window);
  }

  /** MONOCHROME1 stores bright as low: showing it as meant is an inversion of its own. */
  #storedInverted() {
    return this.values('00280004')[0] === 'MONOCHROME1';
  }

  /** Fit the image, centred, with the file's own window. */
  reset() {
    this.inverted = false;
    this.viewport.resetCamera();
    this.setWindow(this.fileWindow() ?? this.autoWindow());
  }

  /** Canvas pixels (CSS) per image pixel along a row. */
  get zoom() {
    return Math.hypot(...this.transform().slice(0, 2));
  }

  /**
   * Zoom by a factor, keeping the image under a canvas point in place.
   * @param {number} factor
   * @param {Point} [about] defaults to the canvas centre
   */
  zoomBy(factor, about = [this.element.clientWidth / 2, this.element.clientHeight / 2]) {
    const fit = this.viewport.getZoom();
    const target = Math.min(Math.max(fit * factor, 0.1), 60);
    const before = this.viewport.canvasToWorld(about);
    this.viewport.setZoom(target);
    const after = this.viewport.worldToCanvas(before);
    this.panBy(about[0] - after[0], about[1] - after[1]);
  }

  /**
   * @param {number} dx CSS pixels
   * @param {number} dy
   */
  panBy(dx, dy) {
    const [x, y] = this.viewport.getPan();
    this.viewport.setPan([x + dx, y + dy]);
    this.viewport.render();
  }

  /** How pixels of the frame lie on the canvas, in CSS pixels. @returns {Affine} */
  transform() {
    const data = this.viewport.getImageData()?.imageData;
    if (!data) return [1, 0, 0, 1, 0, 0];
    const at = (/** @type {number} */ i, /** @type {number} */ j) => this.viewport.worldToCanvas(data.indexToWorld([i, j, 0]));
    // World points are pixel centres; the frame's own coordinates have pixel edges at whole numbers.
    const [origin, right, down] = [at(0, 0), at(1, 0), at(0, 1)];
    const [a, b] = [right[0] - origin[0], right[1] - origin[1]];
    const [c, d] = [down[0] - origin[0], down[1] - origin[1]];
    return [a, b, c, d, origin[0] - (a + c) / 2, origin[1] - (b + d) / 2];
  }

  /**
   * The point of the frame under a canvas point.
   * @param {Point} canvas CSS pixels from the stage's top left corner
   * @returns {Point} x, y in pixels of the frame
   */
  toImage([x, y]) {
    const [a, b, c, d, e, f] = this.transform();
    const determinant = a * d - b * c;
    return [(d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant];
  }

  /**
   * @param {() => void} listener called whenever the image was drawn
   * @returns {() => void} stops it
   */
  onRender(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #resize() {
    if (!this.element.clientWidth || !this.element.clientHeight) return;
    this.engine.resize(true, true);
  }

  dispose() {
    this.resizes.disconnect();
    this.element.removeEventListener(this.core.Enums.Events.IMAGE_RENDERED, this.onRendered);
    this.#listeners.clear();
    this.engine.destroy();
  }
}

/**
 * @param {any} image
 * @param {number} value
 */
function rescaled(image, value) {
  if (image.preScale?.scaled) return value;
  return value * (image.slope ?? 1) + (image.intercept ?? 0);
}
