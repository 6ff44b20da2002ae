/**
 * What the server tells while a page is open (server-sent events).
 *
 * @typedef {{type: string, id: string, state: string, progress: number, stage: string}} JobEvent
 */

/**
 * Hear of every change of a job that the person may see, until the page is left.
 * @param {(event: JobEvent) => void} onJob
 * @returns {() => void} stops listening
 */
export function listen(onJob) {
  const events = new EventSource('/api/v1/events/');
  events.addEventListener('message', (message) => {
    const event = /** @type {JobEvent} */ (JSON.parse(message.data));
    if (event.type === 'job') onJob(event);
  });
  const stop = () => events.close();
  addEventListener('pagehide', stop, { once: true });
  return stop;
}

/**
 * The page as the server draws it now.
 * @returns {Promise<Document | null>} null when it cannot be had
 */
export async function freshPage() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
}
