/**
 * Taking over what a model proposes, and telling afterwards what became of it. Pure.
 *
 * @typedef {import('./diff.js').Content} Content
 * @typedef {import('./document.js').AnnotationDocument} AnnotationDocument
 * @typedef {Map<string, number>} ClassIndex label index by class name
 */
import { fromBase64 } from './base64.js';
import { sameJson } from './diff.js';
import { boxOverlap } from './geometry.js';
import { countLabels } from './measure.js';
import { decodeRle } from './rle.js';

const SAME_BOX = 0.95;

/**
 * The proposed label maps of a case, decoded.
 * @param {Content} content
 * @param {Map<string, import('./document.js').Frame>} frames
 * @returns {Map<string, Uint8Array>} by frame key
 */
export function proposedMasks(content, frames) {
  const masks = new Map();
  for (const [key, text] of Object.entries(content.slices ?? {})) {
    const frame = frames.get(key);
    if (frame) masks.set(key, decodeRle(fromBase64(text), frame.rows * frame.columns));
  }
  return masks;
}

/**
 * Names of the classes of which a proposal shows something on the images.
 * @param {Content} content
 * @param {Map<string, Uint8Array>} masks
 * @param {ClassIndex} classes
 * @returns {string[]}
 */
export function proposedClasses(content, masks, classes) {
  const shapes = new Set([...(content.boxes ?? []), ...(content.polygons ?? [])].map((shape) => shape.class));
  const drawn = [...classes].filter(([, index]) => [...masks.values()].some((mask) => mask.includes(index))).map(([name]) => name);
  return [...drawn, ...[...shapes].filter((name) => !drawn.includes(name))];
}

/**
 * Take classes of a proposal into the document, as one undo step. What a person drew is kept: labels are written
 * only on background, and a box that is there already is not doubled.
 * @param {AnnotationDocument} document
 * @param {Content} content
 * @param {Map<string, Uint8Array>} masks
 * @param {{names: Set<string>, classes: ClassIndex, answers?: import('./diff.js').Answers, newId: () => string}} options
 * @returns {boolean} whether anything changed
 */
export function acceptProposal(document, content, masks, { names, classes, answers, newId }) {
  const wanted = new Uint8Array(256);
  for (const [name, index] of classes) if (names.has(name)) wanted[index] = 1;
  return document.edit('accept the proposal', (gesture) => {
    for (const [key, proposed] of masks) {
      if (![...classes].some(([name, index]) => names.has(name) && proposed.includes(index))) continue;
      const mask = gesture.mask(key);
      for (let at = 0; at < mask.length; at++) if (wanted[proposed[at]] && mask[at] === 0) mask[at] = proposed[at];
    }
    const boxes = (content.boxes ?? []).filter((box) => names.has(box.class) && !hasBox(document.boxes, box));
    if (boxes.length) gesture.set('boxes', [...document.boxes, ...boxes.map(({ score: _, ...box }) => ({ ...box, id: newId() }))]);
    const polygons = (content.polygons ?? []).filter((polygon) => names.has(polygon.class) && !hasPolygon(document.polygons, polygon));
    if (polygons.length) gesture.set('polygons', [...document.polygons, ...polygons.map((polygon) => ({ ...polygon, id: newId() }))]);
    if (answers) gesture.set('answers', { ...answers, ...document.answers });
  });
}

/**
 * Whether the document holds a class exactly as proposed.
 * @param {AnnotationDocument} document
 * @param {Content} content
 * @param {Map<string, Uint8Array>} masks
 * @param {string} name
 * @param {ClassIndex} classes
 */
export function isAsProposed(document, content, masks, name, classes) {
  const boxes = (content.boxes ?? []).filter((box) => box.class === name);
  const own = document.boxes.filter((box) => box.class === name);
  if (own.length !== boxes.length || !boxes.every((box) => hasBox(own, box))) return false;
  const polygons = (content.polygons ?? []).filter((polygon) => polygon.class === name);
  const drawn = document.polygons.filter((polygon) => polygon.class === name);
  if (drawn.length !== polygons.length || !polygons.every((polygon) => hasPolygon(drawn, polygon))) return false;
  const index = classes.get(name);
  if (index === undefined) return true;
  const keys = new Set([...masks.keys(), ...document.labelledFrames()]);
  return [...keys].every((key) => sameLabel(document.mask(key), masks.get(key) ?? null, index));
}

/**
 * @param {Uint8Array | null} a
 * @param {Uint8Array | null} b
 * @param {number} label
 */
function sameLabel(a, b, label) {
  if (!a || !b) return !(a ?? b)?.includes(label);
  for (let at = 0; at < a.length; at++) if ((a[at] === label) !== (b[at] === label)) return false;
  return true;
}

/**
 * @param {import('./diff.js').BoxLabel[]} boxes
 * @param {import('./diff.js').BoxLabel} box
 */
function hasBox(boxes, box) {
  return boxes.some((other) => other.class === box.class && other.frame === box.frame && boxOverlap(other, box) > SAME_BOX);
}

/**
 * @param {import('./diff.js').PolygonLabel[]} polygons
 * @param {import('./diff.js').PolygonLabel} polygon
 */
function hasPolygon(polygons, polygon) {
  return polygons.some((other) => other.class === polygon.class && other.frame === polygon.frame && sameJson(other.points, polygon.points));
}

/**
 * Where a case opens: the frame with the most proposed, else the most drawn, pixels; else the first box's; else the
 * middle of a volume.
 * @param {{key: string}[]} frames
 * @param {Content} content
 * @param {Map<string, Uint8Array>} masks
 * @returns {number} index
 */
export function openingIndex(frames, content, masks) {
  let best = { index: -1, size: 0 };
  frames.forEach(({ key }, index) => {
    const mask = masks.get(key);
    const size = mask ? [...countLabels(mask)].reduce((sum, [label, count]) => (label === 255 ? sum : sum + count), 0) : 0;
    if (size > best.size) best = { index, size };
  });
  if (best.index >= 0) return best.index;
  const shape = [...(content.boxes ?? []), ...(content.polygons ?? [])][0];
  const shown = frames.findIndex(({ key }) => key === shape?.frame);
  return shown >= 0 ? shown : Math.floor((frames.length - 1) / 2);
}
