/** The brush's outline under the pointer: an element of its own, so that moving it redraws nothing. */

export class BrushCursor {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.element = document.createElement('div');
    this.element.className = 'brush-cursor';
    this.element.hidden = true;
    parent.append(this.element);
  }

  /**
   * @param {{at: import('../lib/geometry.js').Point | null, radius: number, erases: boolean,
   *   affine: import('./stage.js').Affine}} state at: on the stage, null hides it; radius: pixels of the frame
   */
  update({ at, radius, erases, affine: [a, b, c, d] }) {
    const { element } = this;
    element.hidden = at === null;
    if (!at) return;
    const [width, height] = [2 * radius * Math.hypot(a, b), 2 * radius * Math.hypot(c, d)];
    element.classList.toggle('erases', erases);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    element.style.transform = `translate(${at[0] - width / 2}px, ${at[1] - height / 2}px)`;
  }
}
