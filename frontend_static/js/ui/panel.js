/**
 * The panel on the right: why this case, the proposal, segments and boxes, questions, history. Each section is drawn
 * from a plain description and tells what was pressed.
 */
import { ago, percent } from '../lib/format.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';

/**
 * @typedef {{name: string, confidence: number | null, verdict: 'offered' | 'accepted' | 'corrected' | 'rejected'}} ProposalRow
 * @typedef {{name: string, color: string, kind: 'mask' | 'box', hint: string, amount: string, active: boolean,
 *   hidden: boolean, locked: boolean}} SegmentRow
 * @typedef {{version: number, author: string | null, source: string, saved_at: string | null, summary: string}} HistoryRow
 */

/** @param {string} title @param {string} name */
function section(title, name) {
  const heading = h('h2', { text: title });
  const body = h('div', { class: 'body' });
  const element = h('section', { class: `ws-${name}`, 'aria-label': title }, heading, body);
  return { element, heading, body };
}

export class WhySection {
  constructor() {
    const { element, body } = section('Why this case', 'why');
    this.element = element;
    this.body = body;
  }

  /** @param {{text: string, score: number | null, random: boolean} | null} why */
  update(why) {
    this.element.hidden = !why;
    if (!why) return;
    const share = why.score === null || why.score === undefined ? null : Math.min(1, Math.max(0, why.score));
    const bar = h('i');
    bar.style.width = percent(share ?? 0).replace(' ', '');
    fill(this.body, h('p', { text: why.text }), !why.random && share !== null && h('div', { class: 'row' },
      h('div', { class: 'bar model grow' }, bar), h('span', { class: 'note', text: `uncertainty ${share.toFixed(2)}` })));
  }
}

export class ProposalSection {
  /** @param {{acceptAll: () => void, clear: () => void, accept: (name: string) => void, reject: (name: string) => void, reopen: (name: string) => void, show: (name: string) => void, peek: (held: boolean) => void}} actions */
  constructor(actions) {
    const { element, heading, body } = section('Proposal', 'proposal');
    this.element = element;
    this.heading = heading;
    this.actions = actions;
    this.rows = h('div', { class: 'rows' });
    this.acceptAll = h('button', { class: 'grow', onclick: actions.acceptAll }, 'Accept all', h('kbd', { text: '⏎' }));
    this.clear = h('button', { onclick: actions.clear, title: 'Take nothing of the proposal' }, 'Clear');
    const peek = h('button', {
      title: 'Look under the labels while held', onpointerdown: () => actions.peek(true), onpointerup: () => actions.peek(false),
      onpointerleave: () => actions.peek(false),
    }, 'Peek', h('kbd', { text: '␣' }));
    fill(body, h('div', { class: 'row' }, this.acceptAll, this.clear, peek), this.rows);
  }

  /** @param {{title: string, rows: ProposalRow[], answersOpen: boolean} | null} state null: no model proposes anything */
  update(state) {
    this.element.hidden = !state;
    if (!state) return;
    this.heading.textContent = state.title;
    const open = state.rows.some(({ verdict }) => verdict === 'offered');
    this.acceptAll.disabled = !open && !state.answersOpen;
    this.clear.disabled = !open;
    fill(this.rows, ...state.rows.map((row) => this.#row(row)));
  }

  /** @param {ProposalRow} row */
  #row({ name, confidence, verdict }) {
    const sure = confidence === null ? '' : percent(confidence);
    const decided = h('button', { class: `quiet verdict ${verdict}`, title: 'Offer it again', onclick: () => this.actions.reopen(name) }, verdict);
    const buttons = verdict !== 'offered' ? [decided] : [
      h('button', { class: 'quiet icon', title: `Accept ${name}`, 'aria-label': `Accept ${name}`, onclick: () => this.actions.accept(name) }, icon('check')),
      h('button', { class: 'quiet icon', title: `Reject ${name}`, 'aria-label': `Reject ${name}`, onclick: () => this.actions.reject(name) }, icon('cross')),
    ];
    return h('div', { class: `proposal-row ${verdict}`, 'data-name': name },
      h('button', { class: 'quiet pick grow', title: `Go to ${name}`, onclick: () => this.actions.show(name) }, h('span', { class: 'swatch' }), h('span', { class: 'truncate', text: name })), h('span', { class: 'number muted', text: sure }), ...buttons);
  }
}

export class SegmentsSection {
  /** @param {{activate: (row: SegmentRow) => void, hide: (row: SegmentRow) => void, lock: (row: SegmentRow) => void, keepOutline: (on: boolean) => void}} actions */
  constructor(actions) {
    const { element, heading, body } = section('Segments', 'segments');
    this.element = element;
    this.heading = heading;
    this.actions = actions;
    this.list = h('div', { class: 'rows', role: 'listbox', 'aria-label': 'Classes' });
    this.outline = h('input', { type: 'checkbox', onchange: () => actions.keepOutline(this.outline.checked) });
    this.option = h('label', { class: 'row note outline-option' }, this.outline, 'Keep as outline, do not fill');
    fill(body, this.list, this.option);
  }

  /**
   * @param {SegmentRow[]} rows
   * @param {{outlineOption: boolean, keepOutline: boolean}} options
   */
  update(rows, { outlineOption, keepOutline }) {
    this.element.hidden = rows.length === 0;
    this.heading.textContent = rows.every(({ kind }) => kind === 'box') ? 'Boxes' : 'Segments';
    this.option.hidden = !outlineOption;
    this.outline.checked = keepOutline;
    fill(this.list, ...rows.map((row) => this.#row(row)));
  }

  /** @param {SegmentRow} row */
  #row(row) {
    const { name, color, kind, hint, amount, active, hidden, locked } = row;
    const dot = h('span', { class: `dot ${kind}` });
    dot.style.setProperty('--class-color', color);
    const pick = h('button', { class: 'pick', role: 'option', 'aria-selected': active, onclick: () => this.actions.activate(row) },
      dot, h('span', { class: 'grow truncate', text: name }), h('span', { class: 'number muted', text: amount }), hint && h('kbd', { text: hint }));
    const eye = h('button', {
      class: 'quiet icon', title: hidden ? `Show ${name}` : `Hide ${name}`, 'aria-label': hidden ? `Show ${name}` : `Hide ${name}`,
      'aria-pressed': hidden, onclick: () => this.actions.hide(row),
    }, icon(hidden ? 'eye-off' : 'eye'));
    const lock = kind === 'mask' && h('button', {
      class: 'quiet icon', title: locked ? `Unlock ${name}` : `Lock ${name}: no tool overwrites it`,
      'aria-label': locked ? `Unlock ${name}` : `Lock ${name}`, 'aria-pressed': locked, onclick: () => this.actions.lock(row),
    }, icon(locked ? 'lock' : 'unlock'));
    return h('div', { class: `segment${active ? ' on' : ''}${hidden ? ' dim' : ''}`, 'data-name': name }, pick, lock, eye);
  }
}

export class HistorySection {
  constructor() {
    const { element, body } = section('History', 'history');
    this.element = element;
    this.body = body;
  }

  /** @param {HistoryRow[]} rows newest first */
  update(rows) {
    this.element.hidden = rows.length === 0;
    const now = new Date();
    fill(this.body, ...rows.slice(0, 8).map(({ version, author, source, saved_at: at, summary }) =>
      h('div', { class: 'note truncate', title: at ?? '' }, [`v${version}`, author ?? source, at && ago(new Date(at), now), summary].filter(Boolean).join(' · '))));
  }
}
