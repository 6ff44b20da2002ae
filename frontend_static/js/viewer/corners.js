/**
 * What is written over the image: window and zoom, slice and spacing, the value under the pointer, the brush, and the
 * orientation letters, which are never hidden.
 *
 * @typedef {import('./stage.js').Stage} Stage
 */
import { number, spacingText, windowText } from '../lib/format.js';
import { edgeLetters, planeName } from '../lib/geometry.js';

const PLACES = /** @type {const} */ (['topLeft', 'topRight', 'bottomLeft', 'bottomRight', 'left', 'right', 'top', 'bottom']);
const NAMES = { topLeft: 'tl', topRight: 'tr', bottomLeft: 'bl', bottomRight: 'br', left: 'l', right: 'r', top: 't', bottom: 'b' };

export class Corners {
  /** @type {Record<typeof PLACES[number], HTMLElement>} */ #places;

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#places = /** @type {any} */ ({});
    for (const place of PLACES) {
      const element = document.createElement('div');
      element.className = `corner corner-${NAMES[place]}`;
      this.#places[place] = element;
      parent.append(element);
    }
  }

  /**
   * Everything that changes with slice, window and zoom.
   * @param {Stage} stage
   * @param {{preset: string, proposal: string}} notes
   */
  update(stage, { preset, proposal }) {
    const values = (/** @type {string} */ tag) => stage.values(tag);
    const orientation = values('00200037').map(Number);
    const letters = edgeLetters(orientation) ?? patientOrientation(values('00200020'));
    for (const side of /** @type {const} */ (['left', 'right', 'top', 'bottom'])) this.#places[side].textContent = letters[side];
    const window = stage.isColor ? 'colour' : `${windowText(stage.window)}${preset ? ` · ${preset}` : ''}`;
    this.#write('topLeft', [window, `Zoom ${stage.zoom.toFixed(2)}×${stage.inverted ? ' · inverted' : ''}`, { text: proposal, className: 'model' }]);
    const count = stage.series?.frames.length ?? 0;
    const spacing = [...values('00280030').slice(0, 2), values('00180050')[0]].map(Number).filter((value) => value > 0);
    const z = Number(values('00200032')[2]);
    const known = Object.values(letters).some(Boolean);
    const plane = [known ? planeName(orientation) : 'orientation not stated', laterality(values)].filter(Boolean).join(' · ');
    this.#write('topRight', [`Im ${stage.index + 1}/${count}`, Number.isFinite(z) ? `Loc ${number(z, 1)} mm` : '', spacingText(spacing), plane]);
  }

  /**
   * @param {string} value "" when the pointer is outside
   * @param {string} brush
   */
  pointer(value, brush) {
    this.#write('bottomLeft', [value]);
    this.#write('bottomRight', [brush]);
  }

  /**
   * @param {typeof PLACES[number]} place
   * @param {(string | {text: string, className: string})[]} lines
   */
  #write(place, lines) {
    const rows = lines.map((line) => (typeof line === 'string' ? { text: line, className: '' } : line)).filter((line) => line.text);
    const element = this.#places[place];
    while (element.children.length > rows.length) element.lastElementChild?.remove();
    rows.forEach((row, index) => {
      const child = element.children[index] ?? element.appendChild(document.createElement('div'));
      if (child.textContent !== row.text) child.textContent = row.text;
      child.className = row.className;
    });
  }
}

/**
 * Letters from Patient Orientation (0020,0020), which projection radiographs carry: directions of rows and columns.
 * @param {string[]} directions
 */
function patientOrientation([right = '', bottom = '']) {
  const opposite = (/** @type {string} */ letters) => letters.replace(/./g, (letter) => OPPOSITE[letter] ?? letter);
  return { right, left: opposite(right), bottom, top: opposite(bottom) };
}

const OPPOSITE = /** @type {Record<string, string>} */ ({ L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' });

/** @param {(tag: string) => any[]} values */
function laterality(values) {
  const side = values('00200062')[0] ?? values('00200060')[0] ?? '';
  return [side, values('00185101')[0] ?? ''].filter(Boolean).join(' ');
}
