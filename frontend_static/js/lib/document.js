/**
 * One case's annotation while it is edited: label maps by frame, boxes, polygons and answers, changed only in
 * gestures, each of which is one undo step. Pure: no page, no server.
 *
 * @typedef {import('./diff.js').Content} Content
 * @typedef {import('./diff.js').Answers} Answers
 * @typedef {import('./diff.js').BoxLabel} BoxLabel
 * @typedef {import('./diff.js').PolygonLabel} PolygonLabel
 * @typedef {{key: string, rows: number, columns: number}} Frame
 * @typedef {'answers' | 'boxes' | 'polygons'} Part
 * @typedef {{part: Part | 'slice', key: string, before: unknown, after: unknown}} Step
 * @typedef {{label: string, steps: Step[]}} Entry
 * @typedef {{label: string, frames: string[], parts: Set<Part | 'slice'>, kind: 'edit' | 'undo' | 'redo' | 'load'}} ChangeEvent
 */
import { fromBase64, toBase64 } from './base64.js';
import { sameJson } from './diff.js';
import { decodeRle, encodeRle, equalBytes, isEmptyMask } from './rle.js';

const HISTORY_LIMIT = 200;

export class AnnotationDocument {
  /** @type {Map<string, Uint8Array>} */ #masks = new Map();
  /** @type {Map<string, Uint8Array>} RLE of every slice that holds a label, kept current at each gesture's end */ #runs = new Map();
  /** @type {{answers: Answers, boxes: BoxLabel[], polygons: PolygonLabel[]}} */
  #parts = { answers: {}, boxes: [], polygons: [] };
  /** @type {Entry[]} */ #done = [];
  /** @type {Entry[]} */ #undone = [];
  /** @type {Set<(event: ChangeEvent) => void>} */ #listeners = new Set();
  /** @type {Gesture | null} */ #gesture = null;
  /** @type {Map<string, Frame>} */ frames;

  /**
   * @param {Frame[]} frames in the order shown
   * @param {Content} [content]
   */
  constructor(frames, content = {}) {
    this.frames = new Map(frames.map((frame) => [frame.key, frame]));
    this.#read(content);
  }

  get answers() { return this.#parts.answers; }
  get boxes() { return this.#parts.boxes; }
  get polygons() { return this.#parts.polygons; }
  get canUndo() { return this.#done.length > 0; }
  get canRedo() { return this.#undone.length > 0; }
  /** Whether a gesture is under way; nothing is saved then. */
  get busy() { return this.#gesture !== null; }

  /**
   * The label map of a frame to look at, or null when nothing was ever drawn there.
   * @param {string} key
   * @returns {Uint8Array | null}
   */
  mask(key) {
    return this.#masks.get(key) ?? null;
  }

  /** Keys of the frames that hold a label. */
  labelledFrames() {
    return [...this.#runs.keys()];
  }

  /** All of it as it goes over the wire. @returns {Content} */
  content() {
    const slices = Object.fromEntries([...this.#runs].map(([key, runs]) => [key, toBase64(runs)]));
    return { ...this.#parts, slices };
  }

  /**
   * Replace everything, forgetting the history.
   * @param {Content} content
   */
  load(content) {
    this.#gesture?.cancel();
    this.#masks.clear();
    this.#runs.clear();
    this.#done = [];
    this.#undone = [];
    this.#read(content);
    this.#tell({ label: 'load', kind: 'load', frames: [...this.frames.keys()], parts: new Set(['slice', 'answers', 'boxes', 'polygons']) });
  }

  /**
   * Begin a gesture; one at a time.
   * @param {string} label what the gesture does, for the undo button
   */
  begin(label) {
    if (this.#gesture) throw new Error(`"${this.#gesture.label}" is still being drawn`);
    this.#gesture = new Gesture(label, {
      mask: (key) => this.#writable(key),
      part: (part) => this.#parts[part],
      runs: (key) => this.#runs.get(key) ?? null,
      finish: (steps) => this.#finish(label, steps),
      restore: (steps) => this.#restore(steps),
    });
    return this.#gesture;
  }

  /**
   * A gesture that is over at once, as a button's is.
   * @param {string} label
   * @param {(gesture: Gesture) => void} edit
   */
  edit(label, edit) {
    const gesture = this.begin(label);
    try {
      edit(gesture);
    } catch (error) {
      gesture.cancel();
      throw error;
    }
    return gesture.commit();
  }

  /** @returns {ChangeEvent | null} what was undone, so that it can be shown; null when there was nothing */
  undo() { return this.#step(this.#done, this.#undone, 'before', 'undo'); }
  /** @returns {ChangeEvent | null} */
  redo() { return this.#step(this.#undone, this.#done, 'after', 'redo'); }

  /**
   * @param {(event: ChangeEvent) => void} listener called after every gesture, undo, redo and load
   * @returns {() => void} stops it
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {Content} content */
  #read(content) {
    this.#parts = { answers: content.answers ?? {}, boxes: content.boxes ?? [], polygons: content.polygons ?? [] };
    for (const [key, text] of Object.entries(content.slices ?? {})) {
      if (this.frames.has(key)) this.#put(key, fromBase64(text));
    }
  }

  /** @param {string} key */
  #writable(key) {
    const frame = this.frames.get(key);
    if (!frame) throw new Error(`frame ${key} is not part of this case`);
    const mask = this.#masks.get(key) ?? new Uint8Array(frame.rows * frame.columns);
    this.#masks.set(key, mask);
    return mask;
  }

  /**
   * @param {string} key
   * @param {Uint8Array | null} runs
   */
  #put(key, runs) {
    const mask = this.#writable(key);
    if (runs) {
      decodeRle(runs, mask.length, mask);
      this.#runs.set(key, runs);
    } else {
      mask.fill(0);
      this.#runs.delete(key);
    }
  }

  /**
   * @param {string} label
   * @param {Step[]} steps
   */
  #finish(label, steps) {
    this.#gesture = null;
    for (const step of steps) if (step.part === 'slice') this.#keepRuns(step);
    const changed = steps.filter((step) => step.part === 'slice'
      ? !equalBytes(/** @type {Uint8Array | null} */ (step.before), /** @type {Uint8Array | null} */ (step.after))
      : !sameJson(step.before, step.after));
    for (const step of changed) if (step.part !== 'slice') Object.assign(this.#parts, { [step.part]: step.after });
    if (!changed.length) return false;
    this.#done.push({ label, steps: changed });
    if (this.#done.length > HISTORY_LIMIT) this.#done.shift();
    this.#undone = [];
    this.#tell(eventOf(label, changed, 'edit'));
    return true;
  }

  /** @param {Step} step */
  #keepRuns(step) {
    const mask = this.#writable(step.key);
    step.after = isEmptyMask(mask) ? null : encodeRle(mask);
    if (step.after) this.#runs.set(step.key, /** @type {Uint8Array} */ (step.after));
    else this.#runs.delete(step.key);
  }

  /** @param {Step[]} steps */
  #restore(steps) {
    this.#gesture = null;
    for (const step of steps) if (step.part === 'slice') this.#put(step.key, /** @type {Uint8Array | null} */ (step.before));
    this.#tell(eventOf('cancel', steps, 'undo'));
  }

  /**
   * @param {Entry[]} from
   * @param {Entry[]} to
   * @param {'before' | 'after'} side
   * @param {'undo' | 'redo'} kind
   */
  #step(from, to, side, kind) {
    if (this.#gesture) return null;
    const entry = from.pop();
    if (!entry) return null;
    for (const step of entry.steps) {
      if (step.part === 'slice') this.#put(step.key, /** @type {Uint8Array | null} */ (step[side]));
      else Object.assign(this.#parts, { [step.part]: step[side] });
    }
    to.push(entry);
    const event = eventOf(entry.label, entry.steps, kind);
    this.#tell(event);
    return event;
  }

  /** @param {ChangeEvent} event */
  #tell(event) {
    for (const listener of this.#listeners) listener(event);
  }
}

/** One undo step in the making. Made by {@link AnnotationDocument.begin}. */
export class Gesture {
  /** @type {Map<string, Step>} */ #steps = new Map();
  #open = true;

  /**
   * @param {string} label
   * @param {{mask: (key: string) => Uint8Array, part: (part: Part) => unknown, runs: (key: string) => Uint8Array | null,
   *   finish: (steps: Step[]) => boolean, restore: (steps: Step[]) => void}} target
   */
  constructor(label, target) {
    this.label = label;
    this.target = target;
  }

  /**
   * The label map of a frame, to write into.
   * @param {string} key
   * @returns {Uint8Array}
   */
  mask(key) {
    if (!this.#steps.has(key)) this.#steps.set(key, { part: 'slice', key, before: this.target.runs(key), after: null });
    return this.target.mask(key);
  }

  /**
   * Replace boxes, polygons or answers as a whole; seen by others when the gesture is committed.
   * @param {Part} part
   * @param {unknown} value
   */
  set(part, value) {
    const before = this.#steps.get(part)?.before ?? this.target.part(part);
    this.#steps.set(part, { part, key: part, before, after: value });
  }

  /** @returns {boolean} whether anything changed */
  commit() {
    if (!this.#open) return false;
    this.#open = false;
    return this.target.finish([...this.#steps.values()]);
  }

  /** Put everything back as it was. */
  cancel() {
    if (!this.#open) return;
    this.#open = false;
    this.target.restore([...this.#steps.values()]);
  }
}

/**
 * @param {string} label
 * @param {Step[]} steps
 * @param {ChangeEvent['kind']} kind
 * @returns {ChangeEvent}
 */
function eventOf(label, steps, kind) {
  const frames = new Set();
  for (const step of steps) {
    if (step.part === 'slice') frames.add(step.key);
    else if (step.part !== 'answers') framesThatDiffer(step).forEach((key) => frames.add(key));
  }
  return { label, kind, frames: [...frames], parts: new Set(steps.map((step) => step.part)) };
}

/**
 * Frames on which the boxes or polygons of two states differ.
 * @param {Step} step
 */
function framesThatDiffer(step) {
  const before = /** @type {BoxLabel[]} */ (step.before ?? []);
  const after = /** @type {BoxLabel[]} */ (step.after ?? []);
  const changed = [...before.filter((shape) => !after.includes(shape)), ...after.filter((shape) => !before.includes(shape))];
  return changed.map((shape) => shape.frame);
}
