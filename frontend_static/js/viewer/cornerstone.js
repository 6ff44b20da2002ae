/**
 * The one place where Cornerstone3D is loaded and set up. Its bundle is a static folder with the version in its
 * path; it is imported when first needed, so a page that shows no image never pays for it.
 *
 * @typedef {any} CornerstoneCore the bundle carries no types
 * @typedef {{core: CornerstoneCore, dicomWeb: any, gpu: boolean}} Cornerstone dicomWeb: the loader for `wadors:` ids
 */
import { reportFailure } from './images.js';

const BUNDLE = new URL('../../vendor/cornerstone-5.14.0/', import.meta.url);
const CACHE_BYTES = 1.5e9;

/** @type {Promise<Cornerstone> | null} */
let loading = null;

/**
 * Load and initialise Cornerstone, once per page.
 * @returns {Promise<Cornerstone>}
 */
export function loadCornerstone() {
  loading ??= start().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function start() {
  const { core, dicomImageLoader } = await import(new URL('lib/cornerstone.js', BUNDLE).href);
  const gpu = hasWebGL2();
  core.init({ rendering: { useCPURendering: !gpu } });
  dicomImageLoader.init({
    maxWebWorkers: Math.min(4, Math.max(1, Math.floor((navigator.hardwareConcurrency || 2) / 2))),
    wasmBasePath: new URL('wasm/', BUNDLE).href,
    errorInterceptor: (/** @type {{request: XMLHttpRequest}} */ error) => reportFailure(error.request),
  });
  core.cache.setMaxCacheSize(CACHE_BYTES);
  return { core, dicomWeb: dicomImageLoader.wadors, gpu };
}

/** Whether images can be drawn on the GPU (or its software stand-in); without it they are drawn more slowly. */
function hasWebGL2() {
  const context = document.createElement('canvas').getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}
