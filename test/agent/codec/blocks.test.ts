import test from 'ava';
import fc from 'fast-check';
import { type Blocks, compressedBytesMax, nodeBlocks, tagBytes } from '../../../agent/codec/blocks.ts';
import { nativeBlocks } from '../../../agent/codec/native-blocks.ts';
import { noise, seedOf } from './samples.ts';

const sealing = {
  key: seedOf('key'),
  nonce: seedOf('nonce').subarray(0, 12),
  associated: noise('associated', 44),
};

/** Those that this machine has. */
const ways: readonly (readonly [string, Blocks])[] = [
  ['node', nodeBlocks],
  ...(nativeBlocks === undefined ? [] : ([['native', nativeBlocks]] as const)),
];

function sealed(blocks: Blocks, parts: readonly Uint8Array[]): Uint8Array {
  const target = new Uint8Array(parts.reduce((sum, part) => sum + part.length, tagBytes));
  blocks.seal(parts, sealing, target);
  return target;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.nat({ max: 300_000 }).map((length) => new Uint8Array(length).fill(7)),
  fc.nat({ max: 300_000 }).map((length) => noise('noise', length)),
);

test('Node as it is built here carries functions that are called without a copy', (t) => {
  if (nativeBlocks === undefined) t.log('not here: packs are written by node:zlib and node:crypto');
  t.true(nativeBlocks !== undefined || process.platform !== 'linux');
});

test('what one way compresses and seals, every other opens', (t) => {
  for (const [from, one] of ways)
    for (const [to, other] of ways)
      fc.assert(
        fc.property(bytes, bytes, (head, plain) => {
          const frame = new Uint8Array(compressedBytesMax(plain.length));
          const length = one.compress(plain, frame, frame.length)!;
          const whole = sealed(one, [head, frame.subarray(0, length)]);
          const opened = new Uint8Array(whole.length);
          t.is(other.open(whole, sealing, opened), head.length + length);
          t.true(Buffer.from(head).equals(opened.subarray(0, head.length)));
          const back = new Uint8Array(plain.length);
          t.true(
            other.decompress(opened.subarray(head.length, head.length + length), back),
            `${from}, ${to}`,
          );
          t.true(Buffer.from(plain).equals(back));
        }),
        { numRuns: 25 },
      );
});

test('one altered bit of anything opens nothing', (t) => {
  const whole = sealed(nodeBlocks, [noise('a', 200)]);
  const target = new Uint8Array(whole.length);
  for (const [, blocks] of ways) {
    t.is(blocks.open(whole, sealing, target), 200);
    for (let at = 0; at < whole.length; at++) {
      const bad = whole.slice();
      bad[at]! ^= 1 << (at % 8);
      t.is(blocks.open(bad, sealing, target), undefined);
    }
    const associated = sealing.associated.slice();
    associated[3]! ^= 1;
    t.is(blocks.open(whole, { ...sealing, associated }, target), undefined);
    t.is(blocks.open(whole.subarray(0, 9), sealing, target), undefined);
  }
});

test('a frame of another length, a cut one and no frame at all are refused', (t) => {
  const plain = noise('p', 1000);
  const frame = new Uint8Array(compressedBytesMax(plain.length));
  const length = nodeBlocks.compress(plain, frame, frame.length)!;
  for (const [, blocks] of ways) {
    t.true(blocks.decompress(frame.subarray(0, length), new Uint8Array(1000)));
    for (const other of [0, 999, 1001])
      t.false(blocks.decompress(frame.subarray(0, length), new Uint8Array(other)));
    t.false(blocks.decompress(frame.subarray(0, length - 1), new Uint8Array(1000)));
    t.false(blocks.decompress(noise('none', 1000), new Uint8Array(1000)));
  }
});

test('what would need more than is allowed is not compressed', (t) => {
  for (const [, blocks] of ways)
    t.is(blocks.compress(noise('p', 1000), new Uint8Array(compressedBytesMax(1000)), 970), undefined);
});
