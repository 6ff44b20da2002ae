import assert from 'node:assert/strict';
import test from 'node:test';
import { traceContours } from '../js/lib/contours.js';
import { distanceToSegment, polygonArea, polygonHolds } from '../js/lib/geometry.js';
import { fillPolygon, fillStroke } from '../js/lib/raster.js';

const slice = (columns, rows) => ({ mask: new Uint8Array(columns * rows), columns, rows });
const centres = function* ({ columns, rows }) {
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) yield [row * columns + column, [column + 0.5, row + 0.5]];
};

test('a stroke holds exactly the pixels whose centre is within the radius of the segment', () => {
  const strokes = [[[10, 10], [10, 10], 4], [[3.2, 4.7], [25.1, 18.3], 3.6], [[20, 5], [20, 25], 2.5], [[5, 9], [28, 9], 5], [[25, 25], [2, 4], 1]];
  for (const [a, b, radius] of strokes) {
    const target = slice(32, 30);
    const changed = fillStroke(target, a, b, radius, 3);
    let expected = 0;
    for (const [index, centre] of centres(target)) {
      const inside = distanceToSegment(centre, a, b) <= radius;
      expected += inside;
      assert.equal(target.mask[index], inside ? 3 : 0, `${centre} of ${a} to ${b}`);
    }
    assert.equal(changed, expected);
  }
});

test('a brush of one pixel writes the pixel under the pointer', () => {
  const target = slice(5, 5);
  fillStroke(target, [2.9, 3.1], [2.9, 3.1], 0.5, 1);
  assert.deepEqual([...target.mask.entries()].filter(([, v]) => v), [[17, 1]]);
});

test('a stroke leaves protected labels and what lies outside the image alone', () => {
  const target = slice(4, 4);
  target.mask.fill(9, 0, 8);
  assert.equal(fillStroke(target, [-2, 2], [6, 2], 9, 1, (value) => value !== 9), 8);
  assert.deepEqual([...target.mask], [...Array(8).fill(9), ...Array(8).fill(1)]);
});

test('a polygon holds exactly the pixels whose centre is inside', () => {
  const shapes = [[[2.2, 3.1], [20.7, 6.2], [15.5, 22.9], [4.1, 18.3]], [[1, 1], [28, 1], [28, 8], [10, 8], [10, 20], [28, 20], [28, 27], [1, 27]]];
  for (const points of shapes) {
    const target = slice(30, 28);
    fillPolygon(target, points, 2);
    for (const [index, centre] of centres(target)) assert.equal(target.mask[index], polygonHolds(points, centre) ? 2 : 0, `${centre}`);
  }
});

test('contours enclose as many pixels as the label has, holes subtracted', () => {
  const target = slice(40, 36);
  fillStroke(target, [12, 12], [25, 20], 9, 1);
  fillStroke(target, [18, 16], [18, 16], 3, 0);
  fillStroke(target, [34, 30], [36, 31], 2, 2);
  target.mask[0] = 2;
  for (const [label, rings] of traceContours(target.mask, 40, 36)) {
    const signed = rings.map((ring) => ringArea(ring));
    assert.equal(signed.reduce((sum, area) => sum + area, 0), target.mask.filter((value) => value === label).length);
  }
  assert.equal(traceContours(target.mask, 40, 36).get(1).length, 2, 'outline and hole');
  assert.equal(traceContours(target.mask, 40, 36).get(2).length, 2, 'two islands');
});

test('a single pixel and pixels that touch at a corner have rings of their own', () => {
  const mask = Uint8Array.of(1, 0, 0, 1);
  assert.deepEqual(traceContours(mask, 2, 2).get(1), [[0, 0, 1, 0, 1, 1, 0, 1], [1, 1, 2, 1, 2, 2, 1, 2]]);
});

test('an all-labelled slice has its border as the only ring', () => {
  assert.deepEqual(traceContours(new Uint8Array(6).fill(5), 3, 2).get(5), [[0, 0, 3, 0, 3, 2, 0, 2]]);
});

function ringArea(ring) {
  const points = [];
  for (let i = 0; i < ring.length; i += 2) points.push([ring[i], ring[i + 1]]);
  let twice = 0;
  points.forEach(([x, y], i) => { const [nx, ny] = points[(i + 1) % points.length]; twice += x * ny - nx * y; });
  assert.equal(Math.abs(twice) / 2, polygonArea(points));
  return twice / 2;
}
