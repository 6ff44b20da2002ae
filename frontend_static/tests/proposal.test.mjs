import assert from 'node:assert/strict';
import test from 'node:test';
import { frameNumbers, frameValues } from '../js/lib/dicom_json.js';
import { AnnotationDocument } from '../js/lib/document.js';
import { amountText, countLabels, LabelCounts } from '../js/lib/measure.js';
import { acceptProposal, isAsProposed, openingIndex, proposedClasses, proposedMasks } from '../js/lib/proposal.js';
import { toBase64 } from '../js/lib/base64.js';
import { encodeRle } from '../js/lib/rle.js';

const group = (sequence, tag, ...values) => ({ [sequence]: { vr: 'SQ', Value: [{ [tag]: { vr: 'DS', Value: values } }] } });

test('an attribute is found on the object, in the frame’s own groups, and in the shared ones', () => {
  const instance = {
    '00280010': { vr: 'US', Value: [64] },
    52009229: { vr: 'SQ', Value: [group('00289110', '00280030', 0.5, 0.5)] },
    52009230: { vr: 'SQ', Value: [group('00209116', '00200037', 1, 0, 0, 0, 1, 0), group('00209116', '00200037', 0, 1, 0, 0, 0, -1)] },
  };
  assert.deepEqual(frameValues(instance, '00280010'), [64]);
  assert.deepEqual(frameNumbers(instance, '00280030', 2), [0.5, 0.5]);
  assert.deepEqual(frameNumbers(instance, '00200037', 2), [0, 1, 0, 0, 0, -1]);
  assert.deepEqual(frameValues(instance, '00200032', 2), []);
});

test('amounts in the unit that the spacing allows', () => {
  assert.equal(amountText(0, [1, 1]), '–');
  assert.equal(amountText(1512000, [1, 1, 1]), '1 512 ml');
  assert.equal(amountText(214, [1, 1]), '2.14 cm²');
  assert.equal(amountText(70, []), '70 px');
  assert.equal(amountText(70, [0, 1]), '70 px');
});

const FRAMES = [{ key: '1-1', rows: 1, columns: 4 }, { key: '2-1', rows: 1, columns: 4 }];
const CLASSES = new Map([['organ', 1], ['lesion', 2]]);
const CONTENT = {
  slices: { '1-1': toBase64(encodeRle(Uint8Array.of(1, 1, 2, 0))), '2-1': toBase64(encodeRle(Uint8Array.of(1, 0, 0, 0))) },
  boxes: [{ id: 'p', class: 'WBC', frame: '2-1', x: 0, y: 0, w: 2, h: 1, score: 0.9 }],
};

function proposal() {
  const document = new AnnotationDocument(FRAMES);
  const masks = proposedMasks(CONTENT, document.frames);
  let made = 0;
  const accept = (...names) => acceptProposal(document, CONTENT, masks, { names: new Set(names), classes: CLASSES, newId: () => `new-${made++}` });
  const same = (name) => isAsProposed(document, CONTENT, masks, name, CLASSES);
  return { document, masks, accept, same };
}

test('a proposal offers the classes it shows, and a case opens where most is shown', () => {
  const { masks } = proposal();
  assert.deepEqual(proposedClasses(CONTENT, masks, CLASSES), ['organ', 'lesion', 'WBC']);
  assert.equal(openingIndex(FRAMES, CONTENT, masks), 0);
  assert.equal(openingIndex(FRAMES, { boxes: CONTENT.boxes }, new Map()), 1);
  assert.equal(openingIndex([...FRAMES, { key: '3-1' }], {}, new Map()), 1);
});

test('accepting a class takes that class alone, writes no score, and is one undo step', () => {
  const { document, accept, same } = proposal();
  accept('lesion', 'WBC');
  assert.deepEqual([...document.mask('1-1')], [0, 0, 2, 0]);
  assert.deepEqual(document.boxes, [{ id: 'new-0', class: 'WBC', frame: '2-1', x: 0, y: 0, w: 2, h: 1 }]);
  assert.ok(same('lesion') && same('WBC') && !same('organ'));
  accept('WBC');
  assert.equal(document.boxes.length, 1, 'a box that is there is not doubled');
  document.undo();
  assert.deepEqual(document.content(), { answers: {}, boxes: [], polygons: [], slices: {} });
});

test('accepting leaves what a person drew, and a later change is seen', () => {
  const { document, accept, same } = proposal();
  document.edit('draw', (gesture) => { gesture.mask('1-1')[0] = 2; });
  accept('organ');
  assert.deepEqual([...document.mask('1-1')], [2, 1, 0, 0]);
  assert.ok(!same('organ'));
});

test('labels are counted anew only on the frames named', () => {
  const document = new AnnotationDocument(FRAMES, CONTENT);
  const counts = new LabelCounts();
  counts.update(document, document.labelledFrames());
  assert.equal(counts.total(1), 3);
  document.edit('draw', (gesture) => { gesture.mask('2-1').fill(2); });
  counts.update(document, ['2-1']);
  assert.deepEqual([counts.total(1), counts.total(2)], [2, 5]);
  assert.deepEqual(countLabels(Uint8Array.of(0, 255, 1, 1)), new Map([[1, 2], [255, 1]]));
});
