/**
 * What the pointer does to the viewer: hands presses to the active tool in pixels of the frame, and moves the view.
 *
 * @typedef {import('./viewer.js').Viewer} Viewer
 * @typedef {import('../lib/geometry.js').Point} Point
 */
import { dragWindow } from '../lib/windowing.js';

const ZOOM_DOUBLING_POINTS = 150;

/**
 * @param {Viewer} viewer
 * @returns {import('./pointer.js').PointerTarget}
 */
export function pointerTarget(viewer) {
  const { stage } = viewer;
  const image = (/** @type {Point} */ at) => stage.toImage(at);
  /** @type {import('./tools.js').Tool | null} the tool that the press began with */
  let working = null;
  return {
    leftDrag: () => (viewer.tool in viewer.tools ? 'tool' : /** @type {'pan'} */ (viewer.tool)),
    toolDown: (at, event) => {
      const scene = viewer.scene();
      working = scene && viewer.activeTool(event);
      if (scene) working?.down(scene, image(at), event);
    },
    toolMove: (at, event) => {
      const scene = viewer.scene();
      if (scene) working?.move(scene, at.map(image), event);
    },
    toolUp: (at, event) => {
      const scene = viewer.scene();
      if (scene) working?.up(scene, image(at), event);
      else working?.cancel();
      working = null;
    },
    toolCancel: () => working?.cancel(),
    hover: (at) => {
      viewer.movePointer(at);
      if (viewer.tool === 'polygon') viewer.tools.polygon.hover(at ? image(at) : null);
    },
    viewDrag: (kind, { dx, dy }, start) => stage.series && dragView(viewer, kind, dx, dy, start),
    wheelSlice: (steps) => viewer.scroll(steps),
    wheelZoom: (factor, at) => stage.series && stage.zoomBy(factor, at),
    wheelBrush: (steps) => viewer.growBrush(steps),
    pinch: (scale, center, dx, dy) => {
      if (!stage.series) return;
      stage.zoomBy(scale, center);
      stage.panBy(dx, dy);
    },
  };
}

/**
 * @param {Viewer} viewer
 * @param {'window' | 'pan' | 'zoom'} kind
 * @param {number} dx CSS pixels
 * @param {number} dy
 * @param {Point} start
 */
function dragView(viewer, kind, dx, dy, start) {
  const { stage } = viewer;
  if (kind === 'pan') stage.panBy(dx, dy);
  else if (kind === 'zoom') stage.zoomBy(2 ** (-dy / ZOOM_DOUBLING_POINTS), start);
  else if (!stage.isColor) viewer.setDisplay({ ...viewer.display, window: dragWindow(stage.window, dx, dy), preset: '' });
}
