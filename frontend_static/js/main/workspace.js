/** The workspace page: finds `#workspace` and starts reading. */
import { Workspace } from '../app/workspace.js';
import { h } from '../ui/dom.js';
import { createViewer } from '../viewer/viewer.js';

async function start() {
  const element = /** @type {HTMLElement} */ (document.getElementById('workspace'));
  const { project = '', item = '', user = '' } = element.dataset;
  const view = h('main', { class: 'ws-view', 'aria-label': 'Image' });
  element.replaceChildren(view);
  try {
    const viewer = await createViewer(view);
    const workspace = new Workspace(element, viewer, view, { project, user });
    // For the console and the browser tests.
    Object.assign(window, { fovea: workspace });
    await workspace.start(item);
  } catch (error) {
    const { message, code } = /** @type {Error & {code?: string}} */ (error);
    const again = h('button', { class: 'primary', onclick: () => location.reload() }, 'Try again');
    view.append(h('div', { class: 'ws-empty empty', role: 'alert', 'data-code': code }, h('h3', { text: 'The workspace could not open' }), h('p', { text: message }), again));
    console.error(error);
  }
}

start();
