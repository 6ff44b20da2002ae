/** Short notes that need no answer, read out by screen readers. */
import { h } from './dom.js';

const SHOWN_MS = 7000;

/**
 * @param {string} text
 * @param {'' | 'warn' | 'bad'} [kind] bad: stays until it is closed
 */
export function toast(text, kind = '') {
  const list = document.querySelector('.toasts') ?? document.body.appendChild(h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' }));
  const close = h('button', { class: 'quiet', onclick: () => note.remove() }, 'Close');
  const note = h('div', { class: `toast row ${kind}` }, h('span', { class: 'grow', text }), close);
  list.append(note);
  if (kind !== 'bad') setTimeout(() => note.remove(), SHOWN_MS);
}
