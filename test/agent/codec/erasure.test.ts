import test from 'ava';
import fc from 'fast-check';
import {
  assemblePack,
  decodeDescriptor,
  describePack,
  encodeDescriptor,
  encodeShards,
  encodingRow,
  rebuildShard,
  shardMatches,
} from '../../../agent/codec/index.ts';
import { invertMatrix, multiply } from '../../../agent/codec/galois.ts';
import type { Redundancy } from '../../../optimizer/index.ts';
import { drive, owner } from './samples.ts';

/** Carry-less multiplication, then reduction by x^8 + x^4 + x^3 + x^2 + 1: no tables. */
function naiveMultiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11d << (bit - 8);
  return product;
}

/** Every shard by the definition: row · column of slices, one byte at a time. */
function naiveShards(pack: Uint8Array, { k, n }: Redundancy): Uint8Array[] {
  const length = Math.ceil(pack.length / k);
  return Array.from({ length: n }, (_, index) => {
    const row = encodingRow(index, { k, n });
    return Uint8Array.from({ length }, (__, at) =>
      row.reduce((sum, factor, slice) => sum ^ naiveMultiply(factor, pack[slice * length + at] ?? 0), 0),
    );
  });
}

const redundancy = fc
  .record({ k: fc.integer({ min: 1, max: 12 }), more: fc.integer({ min: 0, max: 6 }) })
  .map(({ k, more }): Redundancy => ({ k, n: k + more }));
const packs = fc.uint8Array({ minLength: 1, maxLength: 400 });
const origin = { owner: owner.peer, drive, placementClass: 'bulk' } as const;

test('multiplication by tables is multiplication in GF(256)', (t) => {
  const wrong = Array.from({ length: 65_536 }, (_, pair) => [pair >> 8, pair & 255] as const).filter(
    ([a, b]) => multiply(a, b) !== naiveMultiply(a, b),
  );
  t.deepEqual(wrong, []);
});

test('shards are those of the plain matrix product', (t) => {
  fc.assert(
    fc.property(packs, redundancy, (pack, kn) => {
      t.deepEqual([...encodeShards(pack, kn)], naiveShards(pack, kn));
    }),
    { numRuns: 60 },
  );
});

test('any k shards give the pack back, and every other shard', (t) => {
  fc.assert(
    fc.property(packs, redundancy, fc.infiniteStream(fc.nat()), (pack, kn, order) => {
      const { descriptor, shards } = describePack(pack, { ...origin, redundancy: kn });
      const shuffled = [...shards.entries()]
        .map((entry) => ({ entry, rank: order.next().value ?? 0 }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ entry }) => entry);
      const some = new Map(shuffled.slice(0, kn.k));
      t.deepEqual(assemblePack(descriptor, some), { ok: true, value: pack });
      for (const [index, bytes] of shuffled) {
        t.true(shardMatches(descriptor, index, bytes));
        t.deepEqual(rebuildShard(descriptor, some, index), { ok: true, value: bytes });
      }
    }),
    { numRuns: 60 },
  );
});

test('each choice of 4 among 4 of 8 has an inverse', (t) => {
  const kn = { k: 4, n: 8 };
  const singular = Array.from({ length: 256 }, (_, bits) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((index) => (bits >> index) & 1),
  )
    .filter((chosen) => chosen.length === 4)
    .filter((chosen) => invertMatrix(chosen.map((index) => encodingRow(index, kn))) === undefined);
  t.deepEqual(singular, []);
});

test('one shard too few is said, with how many there are', (t) => {
  const { descriptor, shards } = describePack(new Uint8Array(100), { ...origin, redundancy: { k: 3, n: 5 } });
  const assembled = assemblePack(descriptor, new Map([...shards.entries()].slice(3)));
  t.false(assembled.ok);
  if (!assembled.ok) t.deepEqual(assembled.rejection.code, 'too-few-shards');
});

test('a shard rebuilt from an altered one is refused', (t) => {
  const pack = Uint8Array.from({ length: 100 }, (_, at) => at);
  const { descriptor, shards } = describePack(pack, { ...origin, redundancy: { k: 2, n: 4 } });
  const altered = shards[3]!.slice();
  altered[7]! ^= 1;
  t.false(shardMatches(descriptor, 3, altered));
  const rebuilt = rebuildShard(
    descriptor,
    new Map([
      [0, shards[0]!],
      [3, altered],
    ]),
    1,
  );
  t.deepEqual(rebuilt.ok ? 'accepted' : rebuilt.rejection.code, 'damaged');
});

test('a replica is the pack itself, without a copy', (t) => {
  const pack = Uint8Array.of(1, 2, 3);
  t.true(encodeShards(pack, { k: 1, n: 4 }).every((shard) => shard === pack));
});

test('a descriptor is read as it was written, and its pack id follows from every field', (t) => {
  fc.assert(
    fc.property(packs, redundancy, (pack, kn) => {
      const { descriptor } = describePack(pack, { ...origin, redundancy: kn });
      t.deepEqual(decodeDescriptor(encodeDescriptor(descriptor)), { ok: true, value: descriptor });
      const other = describePack(pack, { ...origin, placementClass: 'small', redundancy: kn });
      t.not(other.descriptor.pack, descriptor.pack);
    }),
    { numRuns: 40 },
  );
});
