import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { concatBytes, cutPoint, gear, isHole } from '../../../agent/codec/index.ts';
import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from '../../../agent/limits.ts';
import { createSplitMix } from './split-mix.ts';

/** Ends of all chunks. */
function cutsOf(bytes: Uint8Array, cut: typeof cutPoint): number[] {
  const cuts: number[] = [];
  for (let at = 0; at < bytes.length;) {
    at = cut(bytes, at, bytes.length);
    cuts.push(at);
  }
  return cuts;
}

const ones = (count: number): bigint => ((1n << BigInt(count)) - 1n) << BigInt(32 - count);

/** The paper's figure 7 read literally, in big integers: slow and plain. */
function naiveCut(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0n;
  for (let at = from + chunkBytesMin; at < Math.min(to, from + chunkBytesMax); at++) {
    hash = ((hash << 1n) + BigInt(gear[bytes[at]!]! >>> 0)) & 0xffff_ffffn;
    const mask = at < from + chunkBytesAverage ? ones(22) : ones(18);
    if ((hash & mask) === 0n) return at + 1;
  }
  return Math.min(to, from + chunkBytesMax);
}

const mebi = 1024 * 1024;
const bytes = createSplitMix(7n)(24 * mebi);

test('the gear table is the documented one', (t) => {
  const seed = createHash('sha256').update('drey gear v1 0').digest();
  t.is(gear[0], seed.readInt32BE(0));
  t.is(new Set(gear).size, 256);
  const digest = createHash('sha256')
    .update(Buffer.from(Int32Array.from(gear).buffer))
    .digest('hex');
  t.is(digest, 'ad2365974e03a2152345fd411fd8bd5ecca5ef76d9a6729699463bb08e0b27ce');
});

test('cuts are those of the paper', (t) => {
  const some = bytes.subarray(0, 5 * mebi);
  t.deepEqual(cutsOf(some, cutPoint), cutsOf(some, naiveCut));
});

test('chunks are between the smallest and the largest length, and about a mebibyte on average', (t) => {
  const cuts = cutsOf(bytes, cutPoint);
  const lengths = cuts.map((end, index) => end - (cuts[index - 1] ?? 0));
  t.true(lengths.slice(0, -1).every((length) => length > chunkBytesMin && length <= chunkBytesMax));
  const average = bytes.length / lengths.length;
  t.true(average > 0.6 * chunkBytesAverage && average < 1.6 * chunkBytesAverage, `${average}`);
});

test('bytes without variety are cut at the largest length', (t) => {
  t.deepEqual(cutsOf(new Uint8Array(9 * mebi), cutPoint), [4 * mebi, 8 * mebi, 9 * mebi]);
});

test('seven bytes put into a file change only the chunks around them', (t) => {
  const at = 9 * mebi + 12_345;
  const changed = concatBytes(bytes.subarray(0, at), new TextEncoder().encode('1234567'), bytes.subarray(at));
  const before = cutsOf(bytes, cutPoint);
  const after = new Set(cutsOf(changed, cutPoint).map((cut) => (cut > at ? cut - 7 : cut)));
  const lost = before.filter((cut) => !after.has(cut));
  t.true(lost.length <= 3, `${lost.length} of ${before.length} cuts moved`);
});

test('a cut depends on the bytes, not on where they lie in the buffer', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: 4096 }), fc.nat({ max: 6 * mebi }), (shift, length) => {
      const alone = bytes.slice(shift, shift + length);
      return cutPoint(bytes, shift, shift + length) === cutPoint(alone, 0, length) + shift;
    }),
    { numRuns: 15 },
  );
  t.pass();
});

test('a hole is cut as the paper says, and is told from what only begins like one', (t) => {
  const zeros = new Uint8Array(chunkBytesMax + 5000);
  t.deepEqual(cutsOf(zeros, cutPoint), cutsOf(zeros, naiveCut));
  t.true(isHole(zeros.subarray(0, chunkBytesMax)));
  t.false(isHole(zeros), 'longer than a chunk');
  t.false(isHole(zeros.subarray(0, chunkBytesMax - 1)));
  const marked = concatBytes(zeros.subarray(0, chunkBytesMax - 1), Uint8Array.of(1));
  t.false(isHole(marked));
});
