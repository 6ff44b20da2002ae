/**
 * Live pages: the server says what happens to jobs, and the parts of the page that show them follow.
 *
 * `<progress data-job=ID>` and `[data-job-stage=ID]` change in place; when a job ends or is new, the page's `[data-live]` parts
 * are fetched again and exchanged, so that the server stays the only place that draws them. Fields marked `data-submit` send
 * their form when they change.
 */
import { freshPage, listen } from '../api/events.js';

const QUIET_MS = 400;
const LIVE = new Set(['queued', 'running']);

/** @type {number | undefined} */
let due;

async function refresh() {
  const fresh = [...((await freshPage())?.querySelectorAll('[data-live]') ?? [])];
  for (const [index, part] of [...document.querySelectorAll('[data-live]')].entries()) {
    const busy = part.contains(document.activeElement) && document.activeElement?.matches('input, select, textarea');
    if (fresh[index] && !busy) part.replaceWith(document.importNode(fresh[index], true));
  }
}

listen((event) => {
  const id = CSS.escape(event.id);
  const bars = /** @type {NodeListOf<HTMLProgressElement>} */ (document.querySelectorAll(`progress[data-job="${id}"]`));
  for (const bar of bars) bar.value = event.progress;
  for (const place of document.querySelectorAll(`[data-job-stage="${id}"]`)) place.textContent = event.stage;
  if (!bars.length || !LIVE.has(event.state)) {
    clearTimeout(due);
    due = window.setTimeout(refresh, QUIET_MS);
  }
});

for (const field of document.querySelectorAll('[data-submit]')) {
  field.addEventListener('change', () => /** @type {HTMLSelectElement} */ (field).form?.requestSubmit());
}
