import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fromBase64, toBase64 } from '../js/lib/base64.js';
import { decodeRle, encodeRle, equalBytes, isEmptyMask, RleError } from '../js/lib/rle.js';

const { vectors } = JSON.parse(await readFile(new URL('rle_vectors.json', import.meta.url), 'utf8'));
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

for (const { name, rows, columns, mask, rle } of vectors) {
  test(`the shared vector "${name}" encodes to the same bytes as in Python, and back`, () => {
    assert.deepEqual(encodeRle(bytes(mask)), bytes(rle));
    assert.deepEqual(decodeRle(bytes(rle), rows * columns), bytes(mask));
  });
}

test('a slice larger than the first buffer survives the round trip', () => {
  const noise = Uint8Array.from({ length: 512 * 512 }, (_, i) => (i * 2654435761) >>> 30);
  assert.deepEqual(decodeRle(encodeRle(noise), noise.length), noise);
});

test('runs that are not canonical or do not fit are refused', () => {
  const refused = { short: '0103', long: '0105', cut: '01', 'empty run': '0100', 'same value twice': '01020102', 'padded length': '018400' };
  for (const [name, hex] of Object.entries(refused)) {
    assert.throws(() => decodeRle(bytes(hex), 4), RleError, name);
  }
});

test('emptiness and equality', () => {
  assert.ok(isEmptyMask(new Uint8Array(4)));
  assert.ok(!isEmptyMask(Uint8Array.of(0, 1)));
  assert.ok(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)) && equalBytes(null, undefined));
  assert.ok(!equalBytes(Uint8Array.of(1), Uint8Array.of(2)) && !equalBytes(null, Uint8Array.of(0)));
});

test('base64 round trip over more bytes than a call takes arguments', () => {
  const data = Uint8Array.from({ length: 100_001 }, (_, i) => i & 255);
  assert.deepEqual(fromBase64(toBase64(data)), data);
  assert.equal(toBase64(Uint8Array.of(0, 255, 16)), 'AP8Q');
});
