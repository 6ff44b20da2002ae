/**
 * The workspace's part of the API, typed.
 *
 * @typedef {import('../lib/diff.js').Content} Content
 * @typedef {import('../lib/journal.js').Save} Save
 * @typedef {{value: string, label: string}} Option
 * @typedef {{key: string, text: string, type: 'single' | 'multiple' | 'ordinal', required: boolean, options: Option[]}} Question
 * @typedef {{index: number, name: string, color: string}} LabelClass
 * @typedef {{name: string, color: string}} BoxClass
 * @typedef {{version?: number, questions?: Question[], classes?: LabelClass[], boxes?: BoxClass[]}} Schema
 * @typedef {{version: number, source: string, author: string | null, saved_at: string | null, summary: string}} HistoryEntry
 * @typedef {{id: string | number, model: {id: number | string, number: number, name: string},
 *   confidence: {overall?: number, classes?: Record<string, number>, answers?: Record<string, Record<string, number>>},
 *   content: Content}} Prediction
 * @typedef {{mine: boolean, holder: string | null, expires_at: string | null}} Lease
 * @typedef {object} WorkspaceDocument
 * @property {string | number} id
 * @property {{slug: string, name: string}} project
 * @property {{slug: string}} dataset
 * @property {Schema} schema
 * @property {string} unit
 * @property {{title: string, patient: string, modality: string, series_description: string, done: number, total: number}} case
 * @property {{key: string, image_id: string, rows: number, columns: number}[]} frames
 * @property {string} metadata_url
 * @property {{is_volume: boolean, reason: string, spacing: number[] | null}} geometry spacing: mm, slice first where there is one
 * @property {Lease} lease
 * @property {{version: number, content: Content, source: string, author: string | null, saved_at: string | null, submitted: boolean}} annotation
 * @property {Prediction | null} prediction
 * @property {{text: string, score: number | null, strategy: string, random: boolean} | null} why
 * @property {HistoryEntry[]} history
 */
import { request } from './client.js';

const BASE = '/api/v1';

/**
 * Lease the best waiting case, or with `preview` see which it would be.
 * @param {string} project
 * @param {{exclude?: (string | number)[], preview?: boolean}} [options]
 * @returns {Promise<WorkspaceDocument | null>} null when nothing waits
 */
export function nextItem(project, options = {}) {
  return request('POST', `${BASE}/projects/${encodeURIComponent(project)}/queue/next/`, options);
}

/**
 * @param {string | number} item
 * @returns {Promise<WorkspaceDocument>}
 */
export async function openItem(item) {
  return /** @type {WorkspaceDocument} */ (await request('GET', `${path(item)}workspace/`));
}

/**
 * @param {string | number} item
 * @param {Save} save
 * @param {{keepalive?: boolean}} [options]
 * @returns {Promise<{version: number, saved_at: string}>}
 */
export async function saveAnnotation(item, save, options) {
  return /** @type {any} */ (await request('POST', `${path(item)}annotation/`, save, options));
}

/**
 * @param {string | number} item
 * @param {{base_version: number, key: string}} body
 * @returns {Promise<{version: number}>}
 */
export async function submitItem(item, body) {
  return /** @type {any} */ (await request('POST', `${path(item)}submit/`, body));
}

/**
 * @param {string | number} item
 * @param {{reason: 'bad_quality' | 'not_applicable' | 'unsure' | 'other', note: string}} body
 */
export function skipItem(item, body) {
  return request('POST', `${path(item)}skip/`, body);
}

/**
 * @param {string | number} item
 * @param {string} note
 */
export function flagItem(item, note) {
  return request('POST', `${path(item)}flag/`, { note });
}

/**
 * Say that this person still works on the case.
 * @param {string | number} item
 * @returns {Promise<{expires_at: string} | null>}
 */
export function renewLease(item) {
  return request('POST', `${path(item)}lease/`, {});
}

/** @param {string | number} item */
export function releaseLease(item) {
  return request('DELETE', `${path(item)}lease/`, undefined, { keepalive: true });
}

/**
 * What DICOM says about a series: one JSON object per instance.
 * @param {string} url
 * @returns {Promise<import('../lib/dicom_json.js').DicomJson[]>}
 */
export async function seriesMetadata(url) {
  return /** @type {any} */ (await request('GET', url)) ?? [];
}

/**
 * A case with what DICOM says about its series.
 *
 * @typedef {{doc: WorkspaceDocument, series: {frames: WorkspaceDocument['frames'], metadata: import('../lib/dicom_json.js').DicomJson[]}}} FetchedCase
 */

/**
 * One case, or the best waiting one, ready to be opened.
 * @param {string} project
 * @param {string | number} item "" for the best waiting one, which is leased
 * @returns {Promise<FetchedCase | null>} null when nothing waits
 */
export async function fetchCase(project, item) {
  const doc = item ? await openItem(item) : await nextItem(project);
  return doc && withMetadata(doc);
}

/**
 * @param {WorkspaceDocument} doc
 * @returns {Promise<FetchedCase>}
 */
export async function withMetadata(doc) {
  return { doc, series: { frames: doc.frames, metadata: await seriesMetadata(doc.metadata_url) } };
}

/** @param {string | number} item */
function path(item) {
  return `${BASE}/items/${encodeURIComponent(item)}/`;
}
