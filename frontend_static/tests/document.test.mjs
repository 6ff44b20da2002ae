import assert from 'node:assert/strict';
import test from 'node:test';
import { toBase64 } from '../js/lib/base64.js';
import { applyChange, changedSlices, diffContent, sameJson } from '../js/lib/diff.js';
import { AnnotationDocument } from '../js/lib/document.js';
import { makeRecord, readRecord } from '../js/lib/journal.js';
import { encodeRle } from '../js/lib/rle.js';

const FRAMES = [{ key: '1-1', rows: 2, columns: 3 }, { key: '1-2', rows: 2, columns: 3 }];
const wire = (...values) => toBase64(encodeRle(Uint8Array.from(values)));
const paint = (document, key, index, label) => document.edit('paint', (gesture) => { gesture.mask(key)[index] = label; });

test('content read is content written, byte for byte', () => {
  const content = { answers: { a: 'x' }, boxes: [{ id: 'b', class: 'WBC', frame: '1-1', x: 0, y: 0, w: 1, h: 1 }], polygons: [], slices: { '1-2': wire(0, 1, 1, 0, 0, 2) } };
  assert.deepEqual(new AnnotationDocument(FRAMES, content).content(), content);
});

test('each gesture is one step; undo and redo restore the very bytes', () => {
  const document = new AnnotationDocument(FRAMES);
  paint(document, '1-1', 0, 1);
  document.edit('two at once', (gesture) => {
    gesture.mask('1-1')[1] = 2;
    gesture.mask('1-2')[5] = 2;
    gesture.set('answers', { q: 'yes' });
  });
  const both = document.content();
  assert.deepEqual(document.undo()?.frames, ['1-1', '1-2']);
  assert.deepEqual(document.content(), { answers: {}, boxes: [], polygons: [], slices: { '1-1': wire(1, 0, 0, 0, 0, 0) } });
  document.undo();
  assert.deepEqual(document.content().slices, {});
  assert.equal(document.undo(), null);
  document.redo();
  document.redo();
  assert.deepEqual(document.content(), both);
  assert.equal(document.canRedo, false);
});

test('a gesture that changes nothing leaves no step; a new one forgets what was undone', () => {
  const document = new AnnotationDocument(FRAMES);
  assert.equal(paint(document, '1-1', 0, 0), false);
  assert.equal(document.canUndo, false);
  paint(document, '1-1', 0, 1);
  document.undo();
  paint(document, '1-1', 1, 1);
  assert.equal(document.canRedo, false);
});

test('a cancelled gesture leaves no trace, and only one is open at a time', () => {
  const document = new AnnotationDocument(FRAMES, { slices: { '1-1': wire(1, 1, 0, 0, 0, 0) } });
  const before = document.content();
  const gesture = document.begin('paint');
  assert.ok(document.busy);
  assert.throws(() => document.begin('another'), /still being drawn/);
  gesture.mask('1-1').fill(7);
  gesture.cancel();
  assert.deepEqual(document.content(), before);
  assert.equal(gesture.commit(), false);
  assert.equal(document.busy, false);
});

test('listeners hear which frames changed', () => {
  const document = new AnnotationDocument(FRAMES);
  const heard = [];
  const stop = document.onChange((event) => heard.push([event.kind, event.frames, [...event.parts]]));
  document.edit('box', (gesture) => gesture.set('boxes', [{ id: 'b', class: 'c', frame: '1-2', x: 0, y: 0, w: 1, h: 1 }]));
  document.undo();
  stop();
  document.redo();
  assert.deepEqual(heard, [['edit', ['1-2'], ['boxes']], ['undo', ['1-2'], ['boxes']]]);
});

test('only changed slices differ; an emptied one is null', () => {
  assert.deepEqual(changedSlices({ a: '1', b: '2', c: '3' }, { a: '1', b: '9', d: '4' }), { c: null, b: '9', d: '4' });
  assert.equal(diffContent({ answers: {}, slices: { a: '1' } }, { slices: { a: '1' }, boxes: [] }), null);
});

test('a difference put on the old state gives the new one', () => {
  const before = { answers: { q: 'a' }, boxes: [], polygons: [], slices: { a: '1', b: '2' } };
  const after = { answers: { q: 'b' }, boxes: [{ id: '1', class: 'c', frame: 'a', x: 0, y: 0, w: 1, h: 1 }], polygons: [], slices: { b: '3' } };
  const change = diffContent(before, after);
  assert.deepEqual(Object.keys(change).sort(), ['answers', 'boxes', 'slices']);
  assert.deepEqual(applyChange(before, change), after);
  assert.equal(before.slices.a, '1');
  assert.deepEqual(diffContent({ answers: { q: 'a' } }, { answers: {} }), { answers: {} }, 'an answer taken back');
});

test('equality does not depend on the order of keys', () => {
  assert.ok(sameJson({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }));
  assert.ok(!sameJson([1, 2], [2, 1]) && sameJson(undefined, []) && sameJson({}, null));
});

test('a journal record is read back; damaged, foreign and empty ones are not', () => {
  const parts = { user: 'u1', item: '7', title: 'case', sent: null, pending: { answers: { q: 'a' } }, baseVersion: 2, now: new Date(0) };
  const record = makeRecord(parts);
  assert.deepEqual(readRecord(structuredClone(record)), record);
  assert.equal(makeRecord({ ...parts, pending: null }), null);
  for (const damage of [{ format: 'x' }, { user: 'u2' }, { base_version: '2' }, { pending: null }, { item: 7 }]) {
    assert.equal(readRecord({ ...record, ...damage }), null, JSON.stringify(damage));
  }
  assert.equal(readRecord(undefined), null);
});
