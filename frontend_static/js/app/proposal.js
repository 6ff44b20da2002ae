/**
 * The model's proposal for one case: what is offered, what was accepted, corrected or rejected.
 *
 * @typedef {import('../lib/document.js').AnnotationDocument} AnnotationDocument
 * @typedef {import('../api/items.js').Prediction} Prediction
 * @typedef {'offered' | 'accepted' | 'corrected' | 'rejected'} Verdict
 */
import { sameJson } from '../lib/diff.js';
import { countLabels } from '../lib/measure.js';
import { acceptProposal, isAsProposed, proposedClasses, proposedMasks } from '../lib/proposal.js';

export class ProposalControl {
  /** @type {Map<string, 'accepted' | 'rejected'>} */ #decided = new Map();

  /**
   * @param {Prediction} prediction
   * @param {AnnotationDocument} document
   * @param {import('../api/items.js').Schema} schema
   */
  constructor(prediction, document, schema) {
    this.prediction = prediction;
    this.document = document;
    this.classes = new Map((schema.classes ?? []).map(({ name, index }) => [name, index]));
    this.questions = new Set((schema.questions ?? []).map(({ key }) => key));
    this.masks = proposedMasks(prediction.content, document.frames);
    this.names = proposedClasses(prediction.content, this.masks, this.classes);
    for (const name of this.names) if (isAsProposed(document, prediction.content, this.masks, name, this.classes)) this.#decided.set(name, 'accepted');
  }

  /** Answers the model suggests, to questions of this project. */
  get answers() {
    const entries = Object.entries(this.prediction.content.answers ?? {});
    return Object.fromEntries(entries.filter(([key]) => this.questions.has(key)));
  }

  /** Names no longer offered on the image. @returns {Set<string>} */
  get hidden() {
    return new Set(this.#decided.keys());
  }

  /** Classes that nobody decided on. */
  get open() {
    return this.names.filter((name) => !this.#decided.has(name));
  }

  /** The frame that shows most of a class, "" when none does. @param {string} name */
  frameOf(name) {
    const index = this.classes.get(name) ?? 0;
    const sizes = [...this.masks].map(([key, mask]) => ({ key, size: countLabels(mask).get(index) ?? 0 }));
    const [best] = sizes.sort((a, b) => b.size - a.size);
    if (best?.size) return best.key;
    const { boxes = [], polygons = [] } = this.prediction.content;
    return [...boxes, ...polygons].find((shape) => shape.class === name)?.frame ?? '';
  }

  /** @param {string} name @returns {Verdict} */
  verdict(name) {
    const decided = this.#decided.get(name);
    if (decided !== 'accepted') return decided ?? 'offered';
    return isAsProposed(this.document, this.prediction.content, this.masks, name, this.classes) ? 'accepted' : 'corrected';
  }

  /**
   * Take over classes that are still offered; with `answers`, the suggested answers to unanswered questions too.
   * @param {string[]} names
   * @param {{answers?: boolean}} [options]
   */
  accept(names, { answers = false } = {}) {
    names.forEach((name) => this.#decided.set(name, 'accepted'));
    return acceptProposal(this.document, this.prediction.content, this.masks, {
      names: new Set(names), classes: this.classes, answers: answers ? this.answers : undefined, newId: () => crypto.randomUUID(),
    });
  }

  /** @param {string[]} names no longer offered, taken as wrong */
  reject(names) {
    names.forEach((name) => this.#decided.set(name, 'rejected'));
  }

  /** @param {string} name offered again */
  reopen(name) {
    this.#decided.delete(name);
  }

  /** What became of everything proposed, for the server. @returns {import('../lib/journal.js').Decisions} */
  decisions() {
    /** @type {Record<Exclude<Verdict, 'offered'>, string[]>} */
    const by = { accepted: [], corrected: [], rejected: [] };
    for (const name of this.names) {
      const verdict = this.verdict(name);
      if (verdict !== 'offered') by[verdict].push(name);
    }
    for (const [key, value] of Object.entries(this.answers)) {
      const own = this.document.answers[key];
      if (own !== undefined) by[sameJson(own, value) ? 'accepted' : 'corrected'].push(`question:${key}`);
    }
    return { id: String(this.prediction.id), ...by };
  }
}
