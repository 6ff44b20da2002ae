/**
 * Mouse and pen on the stage. Left = the active tool, middle = pan, right = zoom, wheel = slice, Ctrl+wheel = zoom,
 * Shift+wheel = brush size; pan and zoom stay on middle and right inside every tool. Touch: one finger pans, two zoom.
 *
 * @typedef {import('../lib/geometry.js').Point} Point
 * @typedef {'tool' | 'window' | 'pan' | 'zoom'} DragKind
 * @typedef {{dx: number, dy: number, at: Point}} DragStep CSS pixels since the last step; position on the stage
 * @typedef {object} PointerTarget
 * @property {(event: PointerEvent) => DragKind} leftDrag what a left drag does now
 * @property {(at: Point, event: PointerEvent) => void} toolDown
 * @property {(at: Point[], event: PointerEvent) => void} toolMove
 * @property {(at: Point, event: PointerEvent) => void} toolUp
 * @property {() => void} toolCancel
 * @property {(at: Point | null, event: PointerEvent) => void} hover
 * @property {(kind: 'window' | 'pan' | 'zoom', step: DragStep, start: Point) => void} viewDrag
 * @property {(steps: number) => void} wheelSlice
 * @property {(factor: number, at: Point) => void} wheelZoom
 * @property {(steps: number) => void} wheelBrush
 * @property {(scale: number, center: Point, dx: number, dy: number) => void} pinch
 */

const WHEEL_NOTCH = 100;
const LINE_HEIGHT = 33;

export class PointerInput {
  /** @type {{kind: DragKind, id: number, start: Point, last: Point} | null} */ #drag = null;
  /** @type {Map<number, Point>} */ #touches = new Map();
  #wheel = 0;
  #ends = new AbortController();

  /**
   * @param {HTMLElement} element
   * @param {PointerTarget} target
   */
  constructor(element, target) {
    this.element = element;
    this.target = target;
    const listen = (/** @type {string} */ type, /** @type {(event: any) => void} */ handler, passive = true) =>
      element.addEventListener(type, handler, { signal: this.#ends.signal, passive });
    listen('pointerdown', (event) => this.#down(event), false);
    listen('pointermove', (event) => this.#move(event));
    listen('pointerup', (event) => this.#up(event));
    listen('pointercancel', (event) => this.#lost(event));
    listen('pointerleave', (event) => this.#drag || target.hover(null, event));
    listen('contextmenu', (event) => event.preventDefault(), false);
    listen('auxclick', (event) => event.preventDefault(), false);
    listen('wheel', (event) => this.#onWheel(event), false);
  }

  /** Whether a button is held. */
  get dragging() {
    return this.#drag !== null;
  }

  /** @param {MouseEvent} event @returns {Point} */
  #at(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    event.preventDefault();
    this.element.focus({ preventScroll: true });
    const at = this.#at(event);
    if (event.pointerType === 'touch') return this.#touchDown(event, at);
    if (this.#drag) return;
    const kind = event.button === 0 ? this.target.leftDrag(event) : event.button === 1 ? 'pan' : event.button === 2 ? 'zoom' : null;
    if (!kind) return;
    this.element.setPointerCapture(event.pointerId);
    this.#drag = { kind, id: event.pointerId, start: at, last: at };
    if (kind === 'tool') this.target.toolDown(at, event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === 'touch') return this.#touchMove(event);
    const at = this.#at(event);
    if (!this.#drag) return this.target.hover(at, event);
    const { kind, start, last } = this.#drag;
    if (kind === 'tool') {
      const pieces = event.getCoalescedEvents?.() ?? [];
      this.target.toolMove(pieces.length ? pieces.map((piece) => this.#at(piece)) : [at], event);
      this.target.hover(at, event);
    } else {
      this.target.viewDrag(kind, { dx: at[0] - last[0], dy: at[1] - last[1], at }, start);
    }
    this.#drag.last = at;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#touches.delete(event.pointerId);
    const drag = this.#drag;
    if (!drag || drag.id !== event.pointerId) return;
    this.#drag = null;
    if (drag.kind === 'tool') this.target.toolUp(this.#at(event), event);
  }

  /** @param {PointerEvent} event */
  #lost(event) {
    this.#touches.delete(event.pointerId);
    if (this.#drag?.id === event.pointerId && this.#drag.kind === 'tool') this.target.toolCancel();
    this.#drag = null;
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} at
   */
  #touchDown(event, at) {
    this.element.setPointerCapture(event.pointerId);
    this.#touches.set(event.pointerId, at);
  }

  /** @param {PointerEvent} event */
  #touchMove(event) {
    const before = this.#touches.get(event.pointerId);
    if (!before) return;
    const at = this.#at(event);
    const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
    const other = [...this.#touches].find(([id]) => id !== event.pointerId)?.[1];
    this.#touches.set(event.pointerId, at);
    if (!other) return this.target.viewDrag('pan', { dx, dy, at }, at);
    const spread = (/** @type {Point} */ [x, y]) => Math.max(20, Math.hypot(x - other[0], y - other[1]));
    this.target.pinch(spread(at) / spread(before), [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2], dx / 2, dy / 2);
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    // Shift turns a vertical wheel into a horizontal one in some browsers.
    const raw = event.deltaY || event.deltaX;
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? raw * LINE_HEIGHT : raw;
    if (event.ctrlKey || event.metaKey) return this.target.wheelZoom(2 ** (-pixels / 400), this.#at(event));
    this.#wheel += pixels / WHEEL_NOTCH;
    // One notch of any mouse is at least one step; the many small steps of a touchpad add up.
    const steps = Math.abs(pixels) >= 40 && Math.abs(this.#wheel) < 1 ? Math.sign(pixels) : Math.trunc(this.#wheel);
    if (!steps) return;
    this.#wheel = Math.abs(this.#wheel) >= 1 ? this.#wheel - steps : 0;
    if (event.shiftKey) this.target.wheelBrush(-steps);
    else this.target.wheelSlice(steps);
  }

  dispose() {
    this.#ends.abort();
  }
}
