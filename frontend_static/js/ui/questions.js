/**
 * The questions of a project. What the model suggests is shown dashed in the model's colour until a person answers.
 *
 * @typedef {{key: string, text: string, type: 'single' | 'multiple' | 'ordinal', required: boolean, options: {value: string, label: string}[]}} Question
 * @typedef {Record<string, string | string[]>} Answers
 */
import { percent } from '../lib/format.js';
import { fill, h } from './dom.js';

export class QuestionsSection {
  /** @type {Set<string>} keys of questions that stand in the way of submitting */ #missing = new Set();
  /** @type {Question[]} */ #questions = [];
  /** @type {Answers} */ #answers = {};
  /** @type {Answers} */ #suggested = {};
  /** @type {Record<string, Record<string, number>>} */ #confidence = {};

  #keys = false;

  /** @param {(key: string, value: string | string[] | null) => void} onAnswer null: taken back */
  constructor(onAnswer) {
    this.onAnswer = onAnswer;
    this.body = h('div', { class: 'body' });
    this.element = h('section', { class: 'ws-questions', 'aria-label': 'Questions' }, h('h2', { text: 'Questions' }), this.body);
  }

  /**
   * @param {Question[]} questions
   * @param {Answers} answers
   * @param {Answers} suggested by the model
   * @param {Record<string, Record<string, number>>} confidence by question and value, 0–1
   * @param {{keys: boolean}} options keys: Alt+1–9 answer the first open question
   */
  update(questions, answers, suggested, confidence, { keys }) {
    this.#keys = keys;
    this.element.hidden = questions.length === 0;
    [this.#questions, this.#answers, this.#suggested, this.#confidence] = [questions, answers, suggested, confidence];
    for (const key of this.#missing) if (answers[key] !== undefined) this.#missing.delete(key);
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.option : undefined;
    fill(this.body, ...questions.map((question) => this.#question(question)));
    if (focused) /** @type {HTMLElement | null} */ (this.body.querySelector(`[data-option="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {string[]} keys unanswered questions to point at */
  showMissing(keys) {
    this.#missing = new Set(keys);
    this.update(this.#questions, this.#answers, this.#suggested, this.#confidence, { keys: this.#keys });
    this.element.querySelector('.missing')?.scrollIntoView({ block: 'nearest' });
    /** @type {HTMLElement | null} */ (this.element.querySelector('.missing button'))?.focus();
  }

  /** Press an option of the first question without an answer, or of the last one. @param {number} place 0 for the first */
  press(place) {
    const question = this.#open;
    const option = question?.options[place];
    if (question && option) this.onAnswer(question.key, this.#answerAfter(question, option.value));
  }

  get #open() {
    return this.#questions.find(({ key }) => this.#answers[key] === undefined) ?? this.#questions[this.#questions.length - 1];
  }

  /** @param {Question} question */
  #question(question) {
    const { key, text, type, required, options } = question;
    const missing = this.#missing.has(key);
    const short = options.every(({ label }) => label.length <= 3);
    const label = h('div', { class: 'question-text', id: `question-${key}` }, text,
      required && h('span', { class: 'muted', title: 'Needs an answer' }, ' *'), type === 'multiple' && h('span', { class: 'note', text: ' any number' }));
    const group = h('div', { class: `options${short ? ' even' : ''}`, role: type === 'multiple' ? 'group' : 'radiogroup', 'aria-labelledby': label.id },
      ...options.map((option, place) => this.#option(question, option, this.#keys && question === this.#open ? place : -1)));
    return h('div', { class: `question${missing ? ' missing' : ''}`, 'data-key': key }, label, group,
      missing && h('div', { class: 'note bad', text: 'Please answer before you submit.' }));
  }

  /**
   * @param {Question} question
   * @param {{value: string, label: string}} option
   * @param {number} place of its key, -1 when it has none
   */
  #option(question, { value, label }, place) {
    const { key, type } = question;
    const chosen = holds(this.#answers[key], value);
    const open = this.#answers[key] === undefined;
    const suggested = open && holds(this.#suggested[key], value);
    const share = this.#confidence[key]?.[value];
    const sure = share !== undefined && (suggested || (share >= 0.1 && open));
    return h('button', {
      class: `option${chosen ? ' chosen' : ''}${suggested ? ' suggested' : ''}`, role: type === 'multiple' ? 'checkbox' : 'radio',
      'aria-checked': chosen, 'data-option': `${key}/${value}`, onclick: () => this.onAnswer(key, this.#answerAfter(question, value)),
      title: suggested ? 'Suggested by the model; press to confirm' : undefined,
    }, label, sure && h('span', { class: 'share', text: percent(share) }), place >= 0 && place < 9 && h('kbd', { text: `Alt ${place + 1}` }));
  }

  /**
   * The answer after an option was pressed; pressing a chosen one takes it back.
   * @param {Question} question
   * @param {string} value
   * @returns {string | string[] | null}
   */
  #answerAfter({ key, type, options }, value) {
    const now = this.#answers[key];
    if (type !== 'multiple') return now === value ? null : value;
    const chosen = new Set(Array.isArray(now) ? now : this.#suggestedList(key));
    if (!chosen.delete(value)) chosen.add(value);
    const ordered = options.map((option) => option.value).filter((other) => chosen.has(other));
    return ordered.length ? ordered : null;
  }

  /** @param {string} key */
  #suggestedList(key) {
    const suggested = this.#suggested[key];
    return Array.isArray(suggested) ? suggested : [];
  }
}

/**
 * @param {string | string[] | undefined} answer
 * @param {string} value
 */
function holds(answer, value) {
  return Array.isArray(answer) ? answer.includes(value) : answer === value;
}
