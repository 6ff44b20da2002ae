/**
 * Series as lists of images: registering what DICOM says about them, loading with a time limit, fetching ahead.
 *
 * @typedef {import('./cornerstone.js').Cornerstone} Cornerstone
 * @typedef {{key: string, image_id: string, rows: number, columns: number}} SeriesFrame
 * @typedef {import('../lib/dicom_json.js').DicomJson} DicomJson
 * @typedef {{frames: SeriesFrame[], metadata: DicomJson[]}} Series frames in the order to show
 */
import { frameValues } from '../lib/dicom_json.js';

const TIME_LIMIT_MS = 30_000;
const PARALLEL = 4;

/** Loads under way by address: Cornerstone never settles a failed load, so failures are told from the request. */
/** @type {Map<string, Set<(error: Error) => void>>} */
const waiting = new Map();

/** An image that could not be loaded; `status` is 0 when the server was not reached. */
export class ImageLoadError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Called by the loader for each request that failed.
 * @param {XMLHttpRequest} request
 */
export function reportFailure(request) {
  const path = request.responseURL ? new URL(request.responseURL).pathname : null;
  const failed = path ? [path] : [...waiting.keys()];
  const text = request.status ? `the server answered ${request.status}` : 'the server could not be reached';
  const error = new ImageLoadError(`This image could not be loaded: ${text}.`, request.status);
  for (const key of failed) waiting.get(key)?.forEach((reject) => reject(error));
}

/** One series, ready to be shown. */
export class ImageSeries {
  /** @type {string[]} */ imageIds;
  /** @type {DicomJson[]} metadata by frame */ instances;

  /**
   * @param {Cornerstone} cornerstone
   * @param {Series} series
   */
  constructor({ core, dicomWeb }, series) {
    this.core = core;
    this.frames = series.frames;
    this.imageIds = series.frames.map((frame) => `wadors:${frame.image_id}`);
    const byUid = new Map(series.metadata.map((instance) => [instance['00080018']?.Value?.[0], instance]));
    this.instances = series.frames.map((frame) => byUid.get(frame.image_id.match(/instances\/([^/]+)/)?.[1] ?? '') ?? {});
    this.imageIds.forEach((id, index) => dicomWeb.metaDataManager.add(id, this.instances[index]));
  }

  /**
   * Values of a DICOM attribute for the image at a place in the series.
   * @param {number} index
   * @param {string} tag eight hexadecimal digits
   * @returns {any[]}
   */
  values(index, tag) {
    const frame = Number(this.frames[index]?.image_id.match(/frames\/(\d+)/)?.[1] ?? 1);
    return frameValues(this.instances[index] ?? {}, tag, frame);
  }

  /** @param {number} index */
  isLoaded(index) {
    return this.core.cache.isLoaded(this.imageIds[index]);
  }

  /**
   * Load one image, decoded and cached.
   * @param {number} index
   * @param {{prefetch?: boolean, timeLimit?: number}} [options]
   * @returns {Promise<any>} Cornerstone's image
   * @throws {ImageLoadError}
   */
  async load(index, { prefetch = false, timeLimit = TIME_LIMIT_MS } = {}) {
    const id = this.imageIds[index];
    const address = new URL(this.frames[index].image_id, location.href).pathname;
    const { RequestType } = this.core.Enums;
    const image = this.core.imageLoader.loadAndCacheImage(id, {
      requestType: prefetch ? RequestType.Prefetch : RequestType.Interaction,
      priority: prefetch ? 5 : 0,
    });
    try {
      return await orFailure(image, address, timeLimit);
    } catch (error) {
      // Without this the cache would keep the load that never settles, and a second try would wait for it too.
      this.core.cache.removeImageLoadObject(id, { force: true });
      throw error instanceof ImageLoadError ? error : new ImageLoadError('This image could not be decoded.', 0);
    }
  }

  /**
   * Load images ahead of need, a few at a time, the nearest to `from` first.
   * @param {number} from
   * @param {AbortSignal} signal
   * @param {(loaded: number) => void} [onProgress] how many of the series are loaded
   */
  async prefetch(from, signal, onProgress = () => {}) {
    const order = this.imageIds.map((_, index) => index).sort((a, b) => Math.abs(a - from) - Math.abs(b - from));
    let loaded = 0;
    const worker = async () => {
      for (let index = order.shift(); index !== undefined && !signal.aborted; index = order.shift()) {
        await this.load(index, { prefetch: true }).then(() => onProgress(++loaded), () => {});
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  /** Give the memory of decoded images back. */
  release() {
    for (const id of this.imageIds) {
      if (this.core.cache.isLoaded(id)) this.core.cache.removeImageLoadObject(id, { force: true });
    }
  }
}

/**
 * What `work` gives, or a failure when the request for `address` fails or the time limit passes.
 * @template T
 * @param {Promise<T>} work
 * @param {string} address
 * @param {number} timeLimit ms
 * @returns {Promise<T>}
 */
async function orFailure(work, address, timeLimit) {
  /** @type {(error: Error) => void} */
  let fail = () => {};
  const failure = new Promise((_, reject) => { fail = reject; });
  const timer = setTimeout(() => fail(new ImageLoadError('This image took too long to load.', 0)), timeLimit);
  const others = waiting.get(address) ?? new Set();
  waiting.set(address, others.add(fail));
  try {
    return /** @type {T} */ (await Promise.race([work, failure]));
  } finally {
    clearTimeout(timer);
    others.delete(fail);
    if (!others.size) waiting.delete(address);
  }
}
