/** The questions the workspace asks in dialogs. */
import { ago } from '../lib/format.js';
import { ask } from '../ui/dialog.js';
import { h } from '../ui/dom.js';

const REASONS = /** @type {const} */ ([
  ['bad_quality', 'The image is too poor to read'],
  ['not_applicable', 'It does not belong to this project'],
  ['unsure', 'I am not sure; someone else should read it'],
  ['other', 'Another reason'],
]);

/** @returns {Promise<{reason: typeof REASONS[number][0], note: string} | null>} null when cancelled */
export async function askSkip() {
  const choices = REASONS.map(([value, text], index) => h('label', { class: 'row' }, h('input', { type: 'radio', name: 'reason', value, checked: index === 0 }), text));
  const note = h('textarea', { placeholder: 'A note, if you like', 'aria-label': 'Note' });
  const body = h('div', { class: 'stack' }, ...choices, note);
  const answer = await ask({ title: 'Skip this case', body: [body], actions: [{ text: 'Cancel', value: '' }, { text: 'Skip', value: 'skip', kind: 'primary' }] });
  if (answer !== 'skip') return null;
  const chosen = /** @type {HTMLInputElement | null} */ (body.querySelector('input:checked'));
  return { reason: /** @type {any} */ (chosen?.value ?? 'other'), note: note.value.trim() };
}

/** @returns {Promise<string>} "" when cancelled */
export async function askFlag() {
  const note = h('textarea', { placeholder: 'What should others look at?', 'aria-label': 'Note', required: true });
  const answer = await ask({ title: 'Flag this case', body: [note], actions: [{ text: 'Cancel', value: '' }, { text: 'Flag', value: 'flag', kind: 'primary' }] });
  return answer === 'flag' ? note.value.trim() : '';
}

/**
 * @param {string[]} names classes proposed and not decided on
 * @returns {Promise<'accept' | 'reject' | ''>}
 */
export async function askUndecided(names) {
  const text = h('p', {}, 'The model proposes ', h('strong', { text: names.join(', ') }), ' and you neither accepted nor cleared it.');
  return /** @type {any} */ (await ask({
    title: 'What about the proposal?', body: [text],
    actions: [{ text: 'Back', value: '' }, { text: 'Submit without it', value: 'reject' }, { text: 'Accept and submit', value: 'accept', kind: 'primary' }],
  }));
}

/**
 * @param {import('./autosave.js').SaveStatus} status
 * @returns {Promise<'mine' | 'theirs' | ''>} "" to decide later; nothing is saved meanwhile
 */
export async function askConflict({ current, message }) {
  const when = current?.saved_at ? ` ${ago(new Date(current.saved_at), new Date())}` : '';
  const who = current?.author ? `${current.author} saved version ${current.version}${when}.` : message;
  return /** @type {any} */ (await ask({
    title: 'Two versions of this case',
    body: [
      h('p', { text: who }),
      h('p', { text: 'Yours is kept on this computer until you decide. Keeping yours makes it the newest version; the other one stays in the history.' }),
    ],
    actions: [{ text: 'Decide later', value: '' }, { text: 'Take theirs', value: 'theirs' }, { text: 'Keep mine', value: 'mine', kind: 'primary' }],
  }));
}
