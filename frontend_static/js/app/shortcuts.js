/**
 * Keys to actions, by physical key, off while typing. Own keys are kept in this browser.
 */
import { ACTIONS, buildKeymap, chordOf } from '../lib/keymap.js';

const STORAGE = 'fovea-keys';
const TYPING = 'input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable=true]';

export class Shortcuts {
  #ends = new AbortController();
  /** @type {Map<string, string>} actions held, by key code */ #held = new Map();

  /**
   * @param {{run: (action: string) => void, release: (action: string) => void, control: (held: boolean) => void}} target
   *   release: a held key (peek) came up; control: the Ctrl key went down or up
   */
  constructor(target) {
    this.target = target;
    this.keys = ownKeys();
    this.actions = buildKeymap(this.keys).actions;
    const signal = this.#ends.signal;
    addEventListener('keydown', (event) => this.#down(event), { signal });
    addEventListener('keyup', (event) => this.#up(event), { signal });
    addEventListener('blur', () => this.#releaseAll(), { signal });
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (event.key === 'Control' || event.key === 'Meta') this.target.control(true);
    const target = event.target instanceof Element ? event.target : null;
    if (event.isComposing || target?.matches(TYPING) || document.querySelector('dialog[open]')) return;
    const chord = chordOf(event);
    const action = chord && this.actions.get(chord);
    if (!action) return;
    // Enter and Space on a focused button press that button.
    if (target?.closest('button, a, summary') && (chord === 'Enter' || chord === 'Space')) return;
    event.preventDefault();
    const holds = ACTIONS.find(({ id }) => id === action)?.hold;
    if (event.repeat && (holds || !/^(slice|brush)\./.test(action))) return;
    if (holds) this.#held.set(event.code, action);
    this.target.run(action);
  }

  /** @param {KeyboardEvent} event */
  #up(event) {
    if (event.key === 'Control' || event.key === 'Meta') this.target.control(false);
    const action = this.#held.get(event.code);
    if (!action) return;
    this.#held.delete(event.code);
    this.target.release(action);
  }

  #releaseAll() {
    this.target.control(false);
    for (const action of this.#held.values()) this.target.release(action);
    this.#held.clear();
  }

  dispose() {
    this.#ends.abort();
  }
}

/** The person's own keys; unreadable ones count as none. @returns {Record<string, string[]>} */
export function ownKeys() {
  try {
    const keys = JSON.parse(localStorage.getItem(STORAGE) ?? '{}');
    buildKeymap(keys);
    return keys;
  } catch {
    return {};
  }
}
