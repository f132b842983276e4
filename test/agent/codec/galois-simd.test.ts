// The vector code against the plain tables, byte for byte.

import test from 'ava';
import fc from 'fast-check';
import { combinePlainly, combineShards } from '../../../agent/codec/galois-simd.ts';
import { createSplitMix } from './split-mix.ts';

interface Sizes {
  readonly seed: number;
  readonly k: number;
  readonly rowCount: number;
  readonly shardBytes: number;
  readonly lastBytes: number;
}

/** k slices, the last of which may be short, and rows of any factors. */
function combinationOf({
  seed,
  k,
  rowCount,
  shardBytes,
  lastBytes,
}: Sizes): Parameters<typeof combineShards>[0] {
  const draw = createSplitMix(BigInt(seed));
  const lengthOf = (index: number): number =>
    index === k - 1 ? Math.min(lastBytes, shardBytes) : shardBytes;
  return {
    slices: Array.from({ length: k }, (_, index) => draw(lengthOf(index))),
    rows: Array.from({ length: rowCount }, () => draw(k)),
    shardBytes,
  };
}

test('sums of scaled shards are the same as by plain tables, at every length around a block', (t) => {
  const sizes = fc.record({
    seed: fc.nat(),
    k: fc.integer({ min: 1, max: 33 }),
    rowCount: fc.integer({ min: 1, max: 4 }),
    shardBytes: fc.oneof(
      fc.nat({ max: 70 }),
      fc.integer({ min: 16_370, max: 16_400 }),
      fc.nat({ max: 40_000 }),
    ),
    lastBytes: fc.nat({ max: 40_000 }),
  });
  fc.assert(
    fc.property(sizes, (one) => {
      const combination = combinationOf(one);
      t.deepEqual(combineShards(combination), combinePlainly(combination));
    }),
    { numRuns: 60 },
  );
});

test('factors of zero and one are taken as they are', (t) => {
  const slices = [Uint8Array.of(1, 2, 255), Uint8Array.of(7, 128, 3)];
  const rows = [Uint8Array.of(1, 0), Uint8Array.of(0, 0), Uint8Array.of(1, 1)];
  t.deepEqual(combineShards({ slices, rows, shardBytes: 3 }), [
    Uint8Array.of(1, 2, 255),
    new Uint8Array(3),
    Uint8Array.of(6, 130, 252),
  ]);
});
