/**
 * Modal questions, with the browser's own <dialog>: focus is kept inside, Escape cancels.
 *
 * @typedef {{text: string, value: string, kind?: 'primary' | 'danger' | ''}} DialogAction
 */
import { h } from './dom.js';

/**
 * Ask, and wait for the answer.
 * @param {{title: string, body: (string | Node)[], actions: DialogAction[], wide?: boolean}} options
 * @returns {Promise<string>} the chosen action's value; "" when cancelled
 */
export function ask({ title, body, actions, wide = false }) {
  return new Promise((resolve) => {
    const buttons = actions.map(({ text, value, kind }) => h('button', { class: kind || undefined, value, type: 'submit' }, text));
    const form = h('form', { method: 'dialog' }, h('h1', { text: title }), ...body, h('div', { class: 'actions' }, ...buttons));
    const dialog = h('dialog', { class: wide ? 'wide' : undefined, 'aria-label': title }, form);
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close(''));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
