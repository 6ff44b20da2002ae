/**
 * Live pages: the server says what happens to jobs, and the parts of the page that show them follow.
 *
 * `<progress data-job=ID>`, `[data-job-state=ID]` and `[data-job-stage=ID]` change in place; when a job ends or is new, the
 * page's `[data-live]` parts are fetched again and exchanged, so that the server stays the only place that draws them.
 * Fields marked `data-submit` send their form when they change.
 */

/** @typedef {{type: string, id: string, state: string, progress: number, stage: string}} JobEvent */

const QUIET_MS = 400;
const LIVE = new Set(['queued', 'running']);

/** @type {number | undefined} */
let due;

/** Exchange the page's live parts for what the server shows now. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = [...page.querySelectorAll('[data-live]')];
  for (const [index, part] of [...document.querySelectorAll('[data-live]')].entries()) {
    const busy = part.contains(document.activeElement) && document.activeElement?.matches('input, select, textarea');
    if (fresh[index] && !busy) part.replaceWith(document.importNode(fresh[index], true));
  }
}

/** @param {JobEvent} event */
function show(event) {
  const id = CSS.escape(event.id);
  const bars = /** @type {NodeListOf<HTMLProgressElement>} */ (document.querySelectorAll(`progress[data-job="${id}"]`));
  for (const bar of bars) bar.value = event.progress;
  for (const place of document.querySelectorAll(`[data-job-stage="${id}"]`)) place.textContent = event.stage;
  const known = bars.length > 0;
  if (!known || !LIVE.has(event.state)) {
    clearTimeout(due);
    due = window.setTimeout(refresh, QUIET_MS);
  }
}

const events = new EventSource('/api/v1/events/');
events.addEventListener('message', (message) => {
  const event = /** @type {JobEvent} */ (JSON.parse(message.data));
  if (event.type === 'job') show(event);
});
addEventListener('pagehide', () => events.close());

for (const field of document.querySelectorAll('[data-submit]')) {
  field.addEventListener('change', () => /** @type {HTMLSelectElement} */ (field).form?.requestSubmit());
}
