/** What stands over the image: a banner above it, or a card in its place. */
import { h } from './dom.js';

export class Notices {
  /** @type {HTMLElement | null} */ #card = null;

  /** @param {HTMLElement} view the element that holds the image */
  constructor(view) {
    this.view = view;
    this.element = h('div', { class: 'ws-banner', role: 'status', hidden: true });
    view.append(this.element);
  }

  /** @param {string} text "" takes the banner away */
  banner(text) {
    this.element.textContent = text;
    this.element.hidden = !text;
  }

  /**
   * A card in the image's place.
   * @param {string} title
   * @param {string} text
   * @param {HTMLElement} ways what can be done now
   */
  card(title, text, ways) {
    this.clear();
    this.#card = h('div', { class: 'ws-empty empty', role: 'alert' }, h('h3', { text: title }), h('p', { text }), ways);
    this.view.append(this.#card);
  }

  /** The image is shown again. */
  clear() {
    this.#card?.remove();
    this.#card = null;
  }
}
