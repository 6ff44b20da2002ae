import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, number, percent, plural, spacingText, windowText } from '../js/lib/format.js';
import { ACTIONS, buildKeymap, chordOf, chordText, parseChord } from '../js/lib/keymap.js';
import { dragWindow, presetsFor, windowRange } from '../js/lib/windowing.js';

const press = (code, modifiers = {}) => ({ code, ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, ...modifiers });

test('the default keys claim no chord twice', () => {
  assert.deepEqual(buildKeymap().conflicts, []);
  assert.equal(new Set(ACTIONS.map((action) => action.id)).size, ACTIONS.length);
});

test('a key press finds its action by physical key', () => {
  const { actions } = buildKeymap();
  assert.equal(actions.get(chordOf(press('KeyZ', { ctrlKey: true }))), 'undo');
  assert.equal(actions.get(chordOf(press('KeyZ', { metaKey: true, shiftKey: true }))), 'redo');
  assert.equal(actions.get(chordOf(press('NumpadEnter', { ctrlKey: true }))), 'submit');
  assert.equal(chordOf(press('ShiftLeft', { shiftKey: true })), null);
});

test('own keys replace the defaults and conflicts are named', () => {
  const { actions, conflicts } = buildKeymap({ invert: ['Shift+Ctrl+KeyI'], reset: ['KeyB'] });
  assert.equal(actions.get('Ctrl+Shift+KeyI'), 'invert');
  assert.equal(actions.has('KeyI'), false);
  assert.deepEqual(conflicts, ['KeyB']);
});

test('chords are checked', () => {
  assert.equal(parseChord(' Shift + Ctrl+KeyZ'), 'Ctrl+Shift+KeyZ');
  assert.throws(() => parseChord('Hyper+KeyA'), /Hyper/);
  assert.throws(() => parseChord('Ctrl+'), /names no key/);
  assert.equal(chordText('Ctrl+Shift+KeyZ'), 'Ctrl Shift Z');
  assert.equal(chordText('Shift+Slash'), '?');
});

test('CT has its presets; other modalities automatic ones from the pixels', () => {
  assert.deepEqual(presetsFor('CT', []).map(({ name, width, center }) => [name, width, center]), [
    ['soft tissue', 400, 40], ['lung', 1500, -600], ['liver', 150, 90], ['bone', 2500, 480], ['brain', 80, 40]]);
  const values = Array.from({ length: 1001 }, (_, i) => 1000 - i);
  const [auto, , full] = presetsFor('MR', values);
  assert.deepEqual(windowRange(auto), { lower: 10, upper: 990 });
  assert.deepEqual(windowRange(full), { lower: 0, upper: 1000 });
  assert.ok(presetsFor('MR', [5, 5, 5])[0].width > 0, 'a flat image still has a width');
});

test('dragging right widens, dragging up brightens', () => {
  const window = { width: 400, center: 40 };
  assert.deepEqual(dragWindow(window, 300, 0), { width: 800, center: 40 });
  assert.ok(dragWindow(window, 0, -30).center < 40);
});

test('numbers and times as written', () => {
  assert.equal(number(-112.5, 1), '−112.5');
  assert.equal(number(-0.001, 1), '0');
  assert.equal(number(NaN), '–');
  assert.equal(percent(0.712), '71 %');
  assert.equal(windowText({ width: 1500, center: -600 }), 'W 1500 L −600');
  assert.equal(spacingText([0.78125, 0.78125, 5]), '0.78 × 0.78 × 5 mm');
  assert.equal(spacingText([null, undefined]), '');
  assert.equal(plural(1, 'slice') + plural(2, 'box'), '1 slice2 boxes');
  const now = new Date('2026-11-20T12:00:00Z');
  const before = (seconds) => ago(new Date(now.getTime() - seconds * 1000), now);
  assert.deepEqual([1, 12, 185, 7300, 90000].map(before), ['just now', '12 s ago', '3 min ago', '2 h ago', '2026-11-19']);
});
