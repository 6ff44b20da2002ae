/**
 * The workspace page: finds `#workspace` and starts reading. The large viewer bundle and the first case are asked for
 * at once, while the rest of the page's modules still load.
 */
import { speakFor } from '../api/client.js';
import { fetchCase } from '../api/items.js';
import { loadCornerstone } from '../viewer/cornerstone.js';

const element = /** @type {HTMLElement} */ (document.getElementById('workspace'));
const { project = '', item = '', user = '' } = element.dataset;
speakFor(user);
const cornerstone = loadCornerstone();
const first = fetchCase(project, item);

async function start() {
  // Both are awaited below; until then a failure is not "unhandled".
  for (const promise of [cornerstone, first]) promise.catch(() => {});
  const { Workspace } = await import('../app/workspace.js');
  const { Viewer } = await import('../viewer/viewer.js');
  const view = document.createElement('main');
  view.className = 'ws-view';
  view.setAttribute('aria-label', 'Image');
  element.replaceChildren(view);
  const workspace = new Workspace(element, new Viewer(view, await cornerstone), view, { project, user });
  // For the console and the browser tests.
  Object.assign(window, { fovea: workspace });
  await workspace.start(await first);
}

/** @param {Error & {code?: string}} error */
async function showFailure({ message, code = '' }) {
  const { h } = await import('../ui/dom.js');
  const again = h('button', { class: 'primary', onclick: () => location.reload() }, 'Try again');
  const text = h('div', { class: 'ws-empty empty', role: 'alert', 'data-code': code }, h('h3', { text: 'The workspace could not open' }), h('p', { text: message }), again);
  (element.querySelector('.ws-view') ?? element).append(text);
}

start().catch((error) => {
  console.error(error);
  return showFailure(error);
});
