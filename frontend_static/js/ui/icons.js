/** Line icons on a 20 × 20 grid, drawn with the current text colour. */

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Path data; a leading "!" fills instead of stroking. @type {Record<string, string[]>} */
const SHAPES = {
  window: ['M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14', '!M10 3a7 7 0 0 1 0 14z'],
  pan: ['M10 2.5v15M2.5 10h15', 'M7.5 5L10 2.5L12.5 5M7.5 15L10 17.5L12.5 15M5 7.5L2.5 10L5 12.5M15 7.5L17.5 10L15 12.5'],
  zoom: ['M8.5 3a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11', 'M12.6 12.6L17 17', 'M8.5 6.2v4.6M6.2 8.5h4.6'],
  brush: ['M16.8 3.2c-2.4.6-6.6 4.2-8.3 6.9l1.9 1.9c2.7-1.7 6.1-6 6.4-8.8z', 'M7.6 11.2c-2 .1-3 1.2-3.1 2.9c-.1 1.3-.6 2-1.5 2.6c2.9.9 6.4.1 6.6-2.9'],
  eraser: ['M8.2 16.5L3.4 11.7a1.6 1.6 0 0 1 0-2.3l6-6a1.6 1.6 0 0 1 2.3 0l4.8 4.8a1.6 1.6 0 0 1 0 2.3l-6 6z', 'M6.4 6.4l7 7', 'M8.2 16.5h8.3'],
  polygon: ['M10 3l6.6 4.9l-2.5 7.8H5.9L3.4 7.9z', '!M10 1.6a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 1 0 0-2.8', '!M16.6 6.5a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 1 0 0-2.8', '!M3.4 6.5a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 1 0 0-2.8'],
  box: ['M3.5 5h13v10h-13z', '!M2.2 3.7h2.6v2.6H2.2zM15.2 3.7h2.6v2.6h-2.6zM2.2 13.7h2.6v2.6H2.2zM15.2 13.7h2.6v2.6h-2.6z'],
  invert: ['M4 4h12v12H4z', '!M4 4L16 16H4z'],
  reset: ['M4 7V3.5M4 7h3.5', 'M4.3 6.8A7 7 0 1 1 3 10.5'],
  undo: ['M7 4L3.5 7.5L7 11', 'M3.5 7.5h8a4.5 4.5 0 0 1 0 9H8'],
  redo: ['M13 4l3.5 3.5L13 11', 'M16.5 7.5h-8a4.5 4.5 0 0 0 0 9H12'],
  help: ['M10 2.8a7.2 7.2 0 1 0 0 14.4a7.2 7.2 0 1 0 0-14.4', 'M7.9 8a2.1 2.1 0 1 1 3.2 1.8c-.8.5-1.1.9-1.1 1.7', '!M10 13.1a.9.9 0 1 0 0 1.8a.9.9 0 1 0 0-1.8'],
  eye: ['M2 10s3-5.2 8-5.2s8 5.2 8 5.2s-3 5.2-8 5.2S2 10 2 10z', 'M10 7.7a2.3 2.3 0 1 0 0 4.6a2.3 2.3 0 1 0 0-4.6'],
  'eye-off': ['M2 10s3-5.2 8-5.2s8 5.2 8 5.2s-3 5.2-8 5.2S2 10 2 10z', 'M4 16L16 4'],
  lock: ['M5 9h10v7.5H5z', 'M7 9V6.5a3 3 0 0 1 6 0V9'],
  unlock: ['M5 9h10v7.5H5z', 'M7 9V6a3 3 0 0 1 5.7-1.3'],
  check: ['M4 10.5l4 4l8-9'],
  cross: ['M5 5l10 10M15 5L5 15'],
  outline: ['M4.5 6.5c2-4 9-4 11 0s-1 9-5.5 9.5s-7.500-5.500-5.500-9.500z'],
};

/**
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('width', '18');
  svg.setAttribute('height', '18');
  svg.setAttribute('aria-hidden', 'true');
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(NAMESPACE, 'path');
    const filled = shape.startsWith('!');
    path.setAttribute('d', filled ? shape.slice(1) : shape);
    path.setAttribute('fill', filled ? 'currentColor' : 'none');
    if (!filled) {
      path.setAttribute('stroke', 'currentColor');
      path.setAttribute('stroke-width', '1.4');
      path.setAttribute('stroke-linecap', 'round');
      path.setAttribute('stroke-linejoin', 'round');
    }
    svg.append(path);
  }
  return svg;
}
