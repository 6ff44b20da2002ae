/**
 * Files on their way to the server: sent in parts, taken up again where they stopped.
 */
import { ApiError, request } from './client.js';

const PART_BYTES = 4 * 1024 * 1024;
const ATTEMPTS = 6;

/**
 * @typedef {{name: string, file: File}} Picked a file and its path below the folder that was chosen
 * @typedef {{onBytes: (bytes: number) => void, onWait: (attempt: number) => void}} Progress
 */

/**
 * Send a file. A lost connection waits, asks the server how far it got and goes on from there.
 * @param {string} dataset slug
 * @param {Picked} picked
 * @param {Progress} progress
 * @returns {Promise<string>} the upload's id
 * @throws {ApiError} when the server refuses the file, or cannot be reached any more
 */
export async function sendFile(dataset, { name, file }, { onBytes, onWait }) {
  const made = await request('POST', `/api/v1/datasets/${dataset}/uploads/`, { name, size: file.size });
  let received = made.received;
  for (let failures = 0; received < file.size;) {
    try {
      const now = await sendPart(made.id, file, received);
      onBytes(now - received);
      received = now;
      failures = 0;
    } catch (error) {
      const passing = !(error instanceof ApiError) || error.passing || error.status === 409;
      if (!passing || ++failures >= ATTEMPTS) throw error;
      onWait(failures);
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures));
      received = (await request('GET', `/api/v1/uploads/${made.id}/`)).received;
    }
  }
  return made.id;
}

/**
 * Read uploaded files into the dataset, and their labels into a project.
 * @param {string} dataset slug
 * @param {string[]} uploads ids
 * @param {string | null} project slug
 * @returns {Promise<{id: number}>} the import
 */
export async function startImport(dataset, uploads, project) {
  const path = `/api/v1/datasets/${dataset}/imports/`;
  return /** @type {{id: number}} */ (await request('POST', path, { uploads, project, options: {} }));
}

/**
 * @param {string} id
 * @param {File} file
 * @param {number} offset
 * @returns {Promise<number>} bytes that the server has now
 */
async function sendPart(id, file, offset) {
  const answer = await fetch(`/api/v1/uploads/${id}/`, {
    method: 'PATCH',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Upload-Offset': String(offset),
      'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? '',
    },
    body: file.slice(offset, offset + PART_BYTES),
  });
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body.received;
  throw new ApiError(answer.status, body.error?.code ?? 'error', body.error?.message ?? `The server answered ${answer.status}.`);
}
