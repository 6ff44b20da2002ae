/**
 * Talking to the server's JSON API: CSRF header, one error shape, time limits.
 *
 * @typedef {{error: {code: string, message: string, details?: any}}} ErrorBody
 */

const TIME_LIMIT_MS = 30_000;

let openedFor = '';

/**
 * Say for whom the page was opened: the server then refuses requests that another person's session would carry.
 * @param {string} user id
 */
export function speakFor(user) {
  openedFor = user;
}

/** A request that the server refused, or that did not reach it (`status` 0, code "offline"). */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status, 0 when there was no answer
   * @param {string} code the server's error code, for instance "stale_version"
   * @param {string} message what happened and what to do
   * @param {any} [details]
   */
  constructor(status, code, message, details = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** Whether the same request may succeed later: no answer, or the server's own trouble. */
  get passing() {
    return this.status === 0 || this.status >= 500 || this.status === 429 || this.status === 408;
  }

  /** Whether the person has to sign in again. */
  get signedOut() {
    return this.status === 401 || this.code === 'csrf_failed' || this.code === 'not_authenticated';
  }
}

/**
 * @template T
 * @param {'GET' | 'POST' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} [body] sent as JSON
 * @param {{keepalive?: boolean, signal?: AbortSignal}} [options] keepalive: outlives the page, for bodies under 64 kB
 * @returns {Promise<T | null>} the answer's JSON; null for 204
 * @throws {ApiError}
 */
export async function request(method, path, body, { keepalive = false, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-CSRFToken'] = cookie('csrftoken');
  if (openedFor) headers['X-Fovea-User'] = openedFor;
  const limit = AbortSignal.timeout(TIME_LIMIT_MS);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      method, headers, keepalive, credentials: 'same-origin', redirect: 'error',
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch {
    throw new ApiError(0, 'offline', 'The server cannot be reached.');
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw errorOf(response.status, answer);
}

/**
 * @param {number} status
 * @param {ErrorBody | null} answer
 */
function errorOf(status, answer) {
  const { code = `http_${status}`, message = `The server answered ${status}.`, details = {} } = answer?.error ?? {};
  return new ApiError(status, code, message, details);
}

/**
 * @param {string} name
 * @returns {string} "" when there is none
 */
function cookie(name) {
  const found = document.cookie.split('; ').find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : '';
}
