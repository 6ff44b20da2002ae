/** The tool rail on the left: one button per tool, with its key. */
import { chordText } from '../lib/keymap.js';
import { h } from './dom.js';
import { icon } from './icons.js';

/** @typedef {{action: string, icon: string, title: string, tool?: string}} RailButton a tool's button stays pressed */

/** @type {RailButton[][]} */
const GROUPS = [
  [
    { action: 'tool.window', icon: 'window', title: 'Window/level', tool: 'window' },
    { action: 'tool.pan', icon: 'pan', title: 'Pan (middle button in every tool)', tool: 'pan' },
    { action: 'tool.zoom', icon: 'zoom', title: 'Zoom (right button in every tool)', tool: 'zoom' },
  ],
  [
    { action: 'tool.brush', icon: 'brush', title: 'Brush', tool: 'brush' },
    { action: 'tool.eraser', icon: 'eraser', title: 'Eraser (or hold Ctrl with the brush)', tool: 'eraser' },
    { action: 'tool.polygon', icon: 'polygon', title: 'Polygon: click corners or drag freehand', tool: 'polygon' },
    { action: 'tool.box', icon: 'box', title: 'Box', tool: 'box' },
  ],
  [
    { action: 'invert', icon: 'invert', title: 'Invert' },
    { action: 'reset', icon: 'reset', title: 'Reset view' },
  ],
];
/** @type {RailButton[]} */
const LAST = [
  { action: 'undo', icon: 'undo', title: 'Undo' },
  { action: 'redo', icon: 'redo', title: 'Redo' },
  { action: 'help', icon: 'help', title: 'Shortcuts' },
];

export class Rail {
  /** @type {Map<string, HTMLButtonElement>} */ #buttons = new Map();

  /**
   * @param {(action: string) => void} run
   * @param {Map<string, string>} keys action by chord
   */
  constructor(run, keys) {
    const chords = new Map([...keys].reverse().map(([chord, action]) => [action, chord]));
    const button = (/** @type {RailButton} */ about) => this.#button(about, run, chords.get(about.action));
    this.element = h('nav', { class: 'ws-rail', 'aria-label': 'Tools' },
      ...GROUPS.flatMap((group, index) => [index > 0 && h('hr'), ...group.map(button)]),
      h('span', { class: 'grow' }), ...LAST.map(button));
  }

  /**
   * @param {RailButton} about
   * @param {(action: string) => void} run
   * @param {string} [chord]
   */
  #button({ action, icon: name, title, tool }, run, chord) {
    const key = chord ? chordText(chord) : '';
    const hint = key.length === 1 ? h('i', { text: key, 'aria-hidden': 'true' }) : null;
    const button = h('button', {
      class: 'tool', title: key ? `${title} (${key})` : title, 'aria-label': title, 'data-action': action,
      'aria-pressed': tool ? 'false' : undefined, onclick: () => run(action),
    }, icon(name), hint);
    this.#buttons.set(action, button);
    return button;
  }

  /** @param {string} tool */
  setTool(tool) {
    for (const { action, tool: name } of GROUPS.flat()) {
      if (name) this.#buttons.get(action)?.setAttribute('aria-pressed', String(name === tool));
    }
  }

  /** @param {Record<string, boolean>} enabled by action */
  setEnabled(enabled) {
    for (const [action, on] of Object.entries(enabled)) {
      const button = this.#buttons.get(action);
      if (button) button.disabled = !on;
    }
  }

  /** @param {Record<string, boolean>} shown by action: tools that this project's schema has a use for */
  setShown(shown) {
    for (const [action, on] of Object.entries(shown)) {
      const button = this.#buttons.get(action);
      if (button) button.hidden = !on;
    }
  }

  /** @param {boolean} inverted */
  setInverted(inverted) {
    this.#buttons.get('invert')?.classList.toggle('on', inverted);
  }
}
