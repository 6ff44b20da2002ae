import assert from 'node:assert/strict';
import test from 'node:test';
import {
  boxBetween, boxHolds, boxOverlap, directionLetters, distanceToSegment, edgeLetters, planeName, polygonArea,
  polygonHolds, simplify,
} from '../js/lib/geometry.js';

test('letters of an axial image: patient right on the left edge, anterior on top', () => {
  assert.deepEqual(edgeLetters([1, 0, 0, 0, 1, 0]), { left: 'R', right: 'L', top: 'A', bottom: 'P' });
});

test('letters of coronal and sagittal images', () => {
  assert.deepEqual(edgeLetters([1, 0, 0, 0, 0, -1]), { left: 'R', right: 'L', top: 'H', bottom: 'F' });
  assert.deepEqual(edgeLetters([0, 1, 0, 0, 0, -1]), { left: 'A', right: 'P', top: 'H', bottom: 'F' });
});

test('an oblique direction has two letters, the larger first; an unknown one none', () => {
  assert.equal(directionLetters([0.4, -0.9, 0.1]), 'AL');
  assert.equal(edgeLetters(null), null);
  assert.equal(edgeLetters([1, 0, 0, NaN, 1, 0]), null);
});

test('plane names', () => {
  assert.equal(planeName([1, 0, 0, 0, 1, 0]), 'axial');
  assert.equal(planeName([1, 0, 0, 0, 0, -1]), 'coronal');
  assert.equal(planeName([0, 1, 0, 0, 0, -1]), 'sagittal');
  const s = Math.SQRT1_2;
  assert.equal(planeName([1, 0, 0, 0, s, s]), 'oblique');
  assert.equal(planeName(undefined), null);
});

test('a box is the same whichever corner comes first, and ends at the image border', () => {
  const box = { x: 2, y: 3, w: 8, h: 7 };
  assert.deepEqual(boxBetween([2, 3], [15, 99], 10, 10), box);
  assert.deepEqual(boxBetween([15, 99], [2, 3], 10, 10), box);
  assert.ok(boxHolds(box, [2, 3]) && !boxHolds(box, [1.9, 3]) && boxHolds(box, [1.9, 3], 0.2));
});

test('overlap of boxes', () => {
  const unit = { x: 0, y: 0, w: 2, h: 2 };
  assert.equal(boxOverlap(unit, unit), 1);
  assert.equal(boxOverlap(unit, { x: 1, y: 0, w: 2, h: 2 }), 2 / 6);
  assert.equal(boxOverlap(unit, { x: 2, y: 0, w: 2, h: 2 }), 0);
});

test('polygon area and containment', () => {
  const triangle = [[0, 0], [4, 0], [0, 4]];
  assert.equal(polygonArea(triangle), 8);
  assert.ok(polygonHolds(triangle, [1, 1]) && !polygonHolds(triangle, [3, 3]));
});

test('simplifying drops points on the line and keeps corners, within the tolerance', () => {
  const line = [[0, 0], [1, 0.05], [2, -0.04], [3, 0], [3, 1], [3.02, 2], [3, 3]];
  assert.deepEqual(simplify(line, 0.1), [[0, 0], [3, 0], [3, 3]]);
  const circle = Array.from({ length: 1000 }, (_, i) => [50 * Math.cos(i / 159.2), 50 * Math.sin(i / 159.2)]);
  const few = simplify(circle, 0.25);
  assert.ok(few.length < 60, `${few.length} points`);
  for (const point of circle) {
    const distances = few.slice(1).map((b, i) => distanceToSegment(point, few[i], b));
    assert.ok(Math.min(...distances) <= 0.25 + 1e-9);
  }
});
