/** The workspace's top line: which case this is, whether it is saved, and what to do with it. */
import { ago } from '../lib/format.js';
import { h } from './dom.js';

const STATES = /** @type {Record<string, [string, string]>} */ ({
  unsaved: ['Unsaved changes', 'muted'],
  saving: ['Saving…', 'muted'],
  offline: ['Not saved yet: kept on this computer', 'warn'],
  'signed-out': ['Signed out: sign in again in another tab', 'warn'],
  conflict: ['Conflict: look at it', 'bad'],
  refused: ['Not saved', 'bad'],
});

export class Header {
  /**
   * @param {{submit: () => void, skip: () => void, flag: () => void, saveState: () => void}} actions saveState: the
   *   state was clicked
   */
  constructor(actions) {
    this.home = h('a', { class: 'home', href: '/', title: 'All projects', 'aria-label': 'Fovea' }, logo());
    this.project = h('a', { class: 'project truncate' });
    this.facts = h('span', { class: 'facts muted truncate' });
    this.state = h('button', { class: 'quiet save-state', 'aria-live': 'polite', onclick: actions.saveState });
    this.buttons = [
      h('button', { class: 'quiet', onclick: actions.flag, title: 'Mark this case for others to look at' }, 'Flag…'),
      h('button', { onclick: actions.skip, title: 'Skip this case' }, 'Skip…'),
      h('button', { class: 'primary', onclick: actions.submit }, 'Submit and next', h('kbd', { text: 'Ctrl ⏎' })),
    ];
    this.element = h('header', { class: 'ws-top' }, this.home, this.project, this.facts, h('span', { class: 'grow' }), this.state, ...this.buttons);
    this.timer = setInterval(() => this.#write(), 1000);
    this.setBusy(true);
  }

  /**
   * @param {{project: {name: string, slug: string}, case: {title: string, patient: string, modality: string,
   *   series_description: string, done: number, total: number}}} doc
   */
  setCase({ project, case: about }) {
    this.project.textContent = project.name;
    this.project.href = `/p/${project.slug}/`;
    const parts = [`case ${Math.min(about.done + 1, about.total)} of ${about.total}`, `patient ${about.patient}`, about.modality, about.series_description || about.title];
    this.facts.textContent = parts.filter(Boolean).join(' · ');
    this.facts.title = about.title;
  }

  /** @param {{name: string, at: Date | null, message: string}} status */
  setSaveState(status) {
    this.status = status;
    this.#write();
  }

  /** @param {boolean} busy no case is open, or one is being left */
  setBusy(busy) {
    for (const button of this.buttons) button.disabled = busy;
  }

  #write() {
    if (!this.status) return;
    const { name, at, message } = this.status;
    const [text, kind] = STATES[name] ?? [at ? `Saved ${ago(at, new Date())}` : 'No changes yet', at ? 'ok' : 'muted'];
    if (this.state.textContent !== text) this.state.textContent = text;
    this.state.className = `quiet save-state ${kind}`;
    this.state.dataset.state = name;
    this.state.title = message;
  }
}

function logo() {
  const mark = document.createElement('span');
  mark.className = 'logo';
  return mark;
}
