/** The `?` overlay: every shortcut, by group. */
import { ACTIONS, chordText } from '../lib/keymap.js';
import { ask } from './dialog.js';
import { h } from './dom.js';

const MOUSE = [
  ['Left', 'the active tool'], ['Middle', 'pan'], ['Right', 'zoom'], ['Wheel', 'slice'], ['Ctrl + wheel', 'zoom'],
  ['Shift + wheel', 'brush size'], ['Ctrl + left', 'erase, with the brush'],
];

/** @param {Record<string, string[]>} own the person's own keys, by action */
export function showShortcuts(own) {
  const shown = ACTIONS.filter(({ id }) => !/^(class|preset)\.[2-9]$/.test(id));
  const groups = [...new Set(shown.map(({ group }) => group))];
  const lists = groups.map((name) => list(name, shown.filter(({ group }) => group === name).map(({ id, title, keys }) =>
    ({ keys: keysText(id, own[id] ?? keys), title: rangeTitle(id, title) }))));
  return ask({
    title: 'Shortcuts', wide: true, actions: [{ text: 'Close', value: '', kind: 'primary' }],
    body: [h('div', { class: 'shortcuts' }, ...lists, list('Mouse', MOUSE.map(([key, title]) => ({ keys: [key], title }))))],
  });
}

/**
 * @param {string} id
 * @param {string} title
 */
function rangeTitle(id, title) {
  if (id === 'class.1') return 'Choose a class (or an answer)';
  return id === 'preset.1' ? 'Window presets' : title;
}

/**
 * @param {string} id
 * @param {string[]} chords
 */
function keysText(id, chords) {
  const keys = chords.filter((chord) => !chord.includes('Numpad')).map(chordText);
  return /^(class|preset)\.1$/.test(id) ? keys.map((key) => `${key} … 9`) : keys;
}

/**
 * @param {string} name
 * @param {{keys: string[], title: string}[]} rows
 */
function list(name, rows) {
  const lines = rows.map(({ keys, title }) =>
    h('div', { class: 'row' }, h('span', { class: 'grow', text: title }), ...keys.map((key) => h('kbd', { text: key }))));
  return h('div', {}, h('h2', { text: name }), ...lines);
}
