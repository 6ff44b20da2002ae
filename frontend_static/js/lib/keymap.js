/**
 * Shortcuts by physical key (KeyboardEvent.code), so that keyboard layouts do not matter. A chord is written
 * "Ctrl+Shift+KeyZ": modifiers in the order Ctrl, Alt, Shift, then the code. Meta counts as Ctrl (macOS).
 *
 * @typedef {{code: string, ctrlKey: boolean, altKey: boolean, shiftKey: boolean, metaKey: boolean}} KeyPress
 * @typedef {{id: string, title: string, group: string, keys: string[], hold?: boolean}} Action
 */

/** @type {(group: string, rows: [string, string, string[], boolean?][]) => Action[]} */
const group = (name, rows) => rows.map(([id, title, keys, hold]) => ({ id, title, group: name, keys, hold }));

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Every action of the workspace with its default keys (UX.md). @type {Action[]} */
export const ACTIONS = [
  ...group('Case', [
    ['submit', 'Submit and next', ['Ctrl+Enter']],
    ['accept', 'Accept the proposal', ['Enter']],
    ['skip', 'Skip this case', ['Ctrl+Shift+Enter']],
    ['cancel', 'Cancel what is being drawn', ['Escape']],
    ['undo', 'Undo', ['Ctrl+KeyZ']],
    ['redo', 'Redo', ['Ctrl+Shift+KeyZ']],
    ['help', 'Show shortcuts', ['Shift+Slash']],
  ]),
  ...group('Tools', [
    ['tool.window', 'Window/level', ['KeyV']],
    ['tool.brush', 'Brush', ['KeyB']],
    ['tool.eraser', 'Eraser', ['KeyE']],
    ['tool.polygon', 'Polygon', ['KeyP']],
    ['tool.box', 'Box', ['KeyD']],
    ['swap', 'Swap brush and eraser', ['KeyX']],
    ['brush.smaller', 'Smaller brush', ['BracketLeft']],
    ['brush.larger', 'Larger brush', ['BracketRight']],
    ['delete', 'Delete the selected box or polygon', ['Delete', 'Backspace']],
  ]),
  ...group('Classes', [
    ['class.previous', 'Previous class', ['KeyQ']],
    ['class.next', 'Next class', ['KeyW']],
    ...DIGITS.map((n) => /** @type {[string, string, string[]]} */ ([`class.${n}`, `Class ${n}, or answer ${n} where there is nothing to draw`, [`Alt+Digit${n}`]])),
  ]),
  ...group('Image', [
    ['preset.0', 'The file’s own window', ['Digit0', 'Numpad0']],
    ...DIGITS.map((n) => /** @type {[string, string, string[]]} */ (
      [`preset.${n}`, `Window preset ${n}`, [`Digit${n}`, `Numpad${n}`]])),
    ['invert', 'Invert', ['KeyI']],
    ['reset', 'Reset view', ['KeyR']],
    ['peek', 'Peek under the labels', ['Space'], true],
    ['hide', 'Hide or show overlays', ['KeyH']],
    ['mask', 'Labels on or off', ['KeyG']],
    ['slice.previous', 'Previous slice', ['ArrowUp']],
    ['slice.next', 'Next slice', ['ArrowDown']],
    ['slice.back', 'Back ten slices', ['PageUp']],
    ['slice.forward', 'Forward ten slices', ['PageDown']],
    ['slice.first', 'First slice', ['Home']],
    ['slice.last', 'Last slice', ['End']],
  ]),
];

/**
 * The chord of a key press, or null for a lone modifier.
 * @param {KeyPress} press
 */
export function chordOf(press) {
  if (/^(Control|Alt|Shift|Meta)(Left|Right)$/.test(press.code) || !press.code) return null;
  const code = press.code === 'NumpadEnter' ? 'Enter' : press.code;
  const modifiers = [(press.ctrlKey || press.metaKey) && 'Ctrl', press.altKey && 'Alt', press.shiftKey && 'Shift'];
  return [...modifiers.filter(Boolean), code].join('+');
}

/**
 * A chord with its parts in the canonical order.
 * @param {string} text for instance "Shift+Ctrl+KeyZ"
 * @throws {Error} when it names no key or an unknown modifier
 */
export function parseChord(text) {
  const parts = text.split('+').map((part) => part.trim());
  const code = parts.pop() ?? '';
  if (!/^[A-Z][A-Za-z0-9]+$/.test(code)) throw new Error(`"${text}" names no key`);
  const order = ['Ctrl', 'Alt', 'Shift'];
  const unknown = parts.find((part) => !order.includes(part));
  if (unknown) throw new Error(`"${unknown}" in "${text}" is no modifier`);
  return [...order.filter((name) => parts.includes(name)), code].join('+');
}

/**
 * Which action each chord starts; a user's own keys replace an action's defaults.
 * @param {Record<string, string[]>} [own] chords by action id
 * @returns {{actions: Map<string, string>, conflicts: string[]}} conflicts: chords that two actions claim
 */
export function buildKeymap(own = {}) {
  const actions = new Map();
  const conflicts = [];
  for (const action of ACTIONS) {
    for (const key of own[action.id] ?? action.keys) {
      const chord = parseChord(key);
      if (actions.has(chord)) conflicts.push(chord);
      else actions.set(chord, action.id);
    }
  }
  return { actions, conflicts };
}

const NAMES = /** @type {Record<string, string>} */ ({
  BracketLeft: '[', BracketRight: ']', Slash: '/', Enter: '⏎', Space: '␣', Escape: 'Esc', Delete: 'Del',
  ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', PageUp: 'PgUp', PageDown: 'PgDn', Backspace: '⌫',
});

/**
 * A chord for people: "Ctrl+KeyZ" is "Ctrl Z", "Shift+Slash" is "?".
 * @param {string} chord
 */
export function chordText(chord) {
  if (chord === 'Shift+Slash') return '?';
  return chord.split('+').map((part) => NAMES[part] ?? part.replace(/^(Key|Digit)/, '').replace(/^Numpad/, 'Num ')).join(' ');
}
