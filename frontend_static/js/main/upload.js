/**
 * Bringing files in: chosen or dropped, folders opened, sent a few at a time, then one import reads them all.
 */
import { sendFile, startImport } from '../api/uploads.js';

const AT_ONCE = 3;

/** @typedef {import('../api/uploads.js').Picked} Picked */

const place = /** @type {HTMLElement} */ (document.getElementById('drop'));
const state = /** @type {HTMLElement} */ (document.getElementById('upload-state'));
const bar = /** @type {HTMLProgressElement} */ (document.getElementById('upload-bar'));
const dataset = place.dataset.dataset ?? '';

/** @param {Picked[]} files */
async function bring(files) {
  if (!files.length) return;
  bar.hidden = false;
  try {
    const uploads = await sendAll(files);
    const project = /** @type {HTMLSelectElement | null} */ (document.getElementById('labels-project'))?.value || null;
    const batch = await startImport(dataset, uploads, project);
    location.assign(`/imports/${batch.id}/`);
  } catch (error) {
    state.textContent = error instanceof Error ? error.message : String(error);
    bar.hidden = true;
  }
}

/**
 * @param {Picked[]} files
 * @returns {Promise<string[]>} the uploads' ids
 */
async function sendAll(files) {
  const total = files.reduce((sum, { file }) => sum + file.size, 0) || 1;
  const queue = [...files];
  /** @type {string[]} */
  const uploads = [];
  let sent = 0;
  const progress = {
    /** @param {number} bytes */
    onBytes(bytes) {
      sent += bytes;
      bar.value = sent / total;
      state.textContent = `${uploads.length} of ${files.length} files, ${Math.round((100 * sent) / total)} %`;
    },
    /** @param {number} attempt */
    onWait(attempt) { state.textContent = `Connection lost; trying again (${attempt}) …`; },
  };
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) uploads.push(await sendFile(dataset, next, progress));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return uploads;
}

/**
 * The files of a dropped entry, folders opened.
 * @param {FileSystemEntry} entry
 * @returns {Promise<Picked[]>}
 */
async function filesOf(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    return [{ name: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {Picked[]} */
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const child of some) found.push(...(await filesOf(child)));
  }
}

for (const id of ['files', 'folder']) {
  const input = /** @type {HTMLInputElement} */ (document.getElementById(id));
  input.addEventListener('change', () => {
    bring([...(input.files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
  });
}
place.addEventListener('dragover', (event) => { event.preventDefault(); place.classList.add('over'); });
place.addEventListener('dragleave', () => place.classList.remove('over'));
place.addEventListener('drop', async (event) => {
  event.preventDefault();
  place.classList.remove('over');
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  const found = [];
  for (const entry of entries) if (entry) found.push(...(await filesOf(entry)));
  await bring(found);
});
