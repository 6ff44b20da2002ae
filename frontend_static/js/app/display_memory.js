/**
 * Window/level from case to case of one modality. Where values have a unit (CT in HU, PET in SUV) the very window is
 * kept; elsewhere (MR) values mean nothing across series, so a named preset is chosen again and nothing else.
 *
 * @typedef {import('../viewer/viewer.js').Display} Display
 */
import { fixedPresets } from '../lib/windowing.js';

export class DisplayMemory {
  /** @type {Map<string, Display>} */ #kept = new Map();

  /**
   * @param {string} modality
   * @param {Display} display as the person left it
   */
  keep(modality, display) {
    this.#kept.set(modality, display);
  }

  /**
   * Show a case's image as the ones before it.
   * @param {string} modality
   * @param {import('../viewer/viewer.js').Viewer} viewer
   */
  apply(modality, viewer) {
    const kept = this.#kept.get(modality);
    if (!kept || viewer.stage.isColor) return;
    if (fixedPresets(modality).length) return viewer.setDisplay(kept);
    const place = viewer.presets.findIndex(({ name }) => name === kept.preset);
    if (place >= 0) viewer.applyPreset(place + 1);
    if (kept.inverted !== viewer.display.inverted) viewer.invert();
    return undefined;
  }
}
