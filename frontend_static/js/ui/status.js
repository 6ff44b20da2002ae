/** The status line at the bottom: what the active tool does, and how things stand. */
import { fill, h } from './dom.js';

const HINTS = /** @type {Record<string, string>} */ ({
  window: 'Window/level: drag right to widen, up to brighten. 1–9 presets, 0 the file’s own.',
  pan: 'Pan: drag the image.',
  zoom: 'Zoom: drag up to enlarge.',
  brush: 'Brush: paint. Ctrl erases, Shift+wheel resizes.',
  eraser: 'Eraser: rub out. Shift+wheel resizes.',
  polygon: 'Polygon: click corners or drag freehand; Enter or the first corner closes, Esc cancels.',
  box: 'Box: drag to draw; press one to select, move or delete it.',
});

const NEXT = /** @type {Record<string, string>} */ ({ loading: 'Next case loading…', ready: 'Next case ready', none: 'Last case waiting', failed: '' });

export class StatusLine {
  #next = '';
  #progress = '';
  #note = '';

  constructor() {
    this.hint = h('span', { class: 'truncate' });
    this.facts = h('span', { class: 'facts' });
    this.element = h('footer', { class: 'ws-status' }, this.hint, h('span', { class: 'grow' }), this.facts);
    addEventListener('online', () => this.#write());
    addEventListener('offline', () => this.#write());
    this.#write();
  }

  /** @param {string} tool @param {string} label class in use */
  setTool(tool, label) {
    const hint = HINTS[tool] ?? '';
    this.hint.textContent = tool === 'brush' && label ? hint.replace('paint.', `paint ${label}.`) : hint;
  }

  /** @param {'loading' | 'ready' | 'none' | 'failed'} state */
  setNext(state) {
    this.#next = NEXT[state];
    this.element.dataset.next = state;
    this.#write();
  }

  /** @param {{loaded: number, total: number}} progress */
  setProgress({ loaded, total }) {
    this.#progress = loaded < total ? `${loaded}/${total} images` : '';
    this.#write();
  }

  /** @param {string} note said for as long as the page is open, for instance about missing WebGL2 */
  setNote(note) {
    this.#note = note;
    this.#write();
  }

  #write() {
    const facts = [this.#note, this.#progress, this.#next, navigator.onLine ? 'Online' : 'Offline'].filter(Boolean);
    fill(this.facts, ...facts.flatMap((fact, index) => [index > 0 && h('span', { class: 'faint', text: ' · ' }), h('span', { text: fact })]));
  }
}
