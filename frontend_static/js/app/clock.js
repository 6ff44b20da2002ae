/**
 * Seconds of attention: time during which the page was visible and somebody did something within the last minute.
 */
const IDLE_MS = 60_000;
const TICK_MS = 1000;

export class WorkClock {
  #seconds = 0;
  #lastAct = performance.now();
  #ends = new AbortController();

  constructor() {
    const act = () => { this.#lastAct = performance.now(); };
    for (const type of ['pointermove', 'pointerdown', 'keydown', 'wheel']) {
      addEventListener(type, act, { signal: this.#ends.signal, passive: true, capture: true });
    }
    this.timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #tick() {
    if (!document.hidden && performance.now() - this.#lastAct < IDLE_MS) this.#seconds += TICK_MS / 1000;
  }

  /** Seconds since this was last asked. */
  take() {
    const seconds = this.#seconds;
    this.#seconds = 0;
    return seconds;
  }

  dispose() {
    clearInterval(this.timer);
    this.#ends.abort();
  }
}
