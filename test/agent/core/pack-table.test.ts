// The table of packs says what a plain map says, however many come and go.

import test from 'ava';
import fc from 'fast-check';
import { describePack, type PackDescriptor } from '../../../agent/codec/index.ts';
import { PackTable } from '../../../agent/core/pack-table.ts';
import { driveId, packId } from '../../../agent/units.ts';
import { createRandom } from '../../../datasets/index.ts';
import { machines } from './fleet-of-four.ts';

const descriptors: readonly PackDescriptor[] = Array.from({ length: 40 }, (_, at) => {
  const redundancy = [
    { k: 1, n: 3 },
    { k: 2, n: 4 },
    { k: 4, n: 6 },
  ][at % 3]!;
  const owner = machines[at % 2]!.peer;
  const drive = driveId(String(at % 5).repeat(32));
  const origin = { owner, drive, placementClass: at % 3 === 0 ? 'small' : 'bulk', redundancy } as const;
  return describePack(new Uint8Array(50 + at).fill(at), origin).descriptor;
});

const step = fc.record({
  what: fc.constantFrom('keep', 'describe', 'release'),
  at: fc.nat({ max: descriptors.length - 1 }),
});

test('rows of packs that come and go say what a map says', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new PackTable();
      const uses = new Map<number, number>();
      const described = new Set<number>();
      const rows = new Map<number, number>();
      for (const { what, at } of steps) {
        const { pack } = descriptors[at]!;
        const row = rows.get(at);
        if (what === 'keep') {
          const kept = table.keep(pack);
          if (row !== undefined) t.is(kept, row, 'a row stays where it is');
          rows.set(at, kept);
          uses.set(at, (uses.get(at) ?? 0) + 1);
        } else if (row === undefined) continue;
        else if (what === 'describe') {
          table.describe(row, descriptors[at]!);
          described.add(at);
        } else {
          table.release(row);
          uses.set(at, uses.get(at)! - 1);
          if (uses.get(at) === 0) [uses, rows, described].forEach((known) => known.delete(at));
        }
      }
      t.is(new Set(rows.values()).size, rows.size);
      for (const [at, descriptor] of descriptors.entries()) {
        const row = rows.get(at);
        t.is(table.rowOf(descriptor.pack), row);
        if (row === undefined) continue;
        t.is(table.packAt(row), descriptor.pack);
        t.deepEqual(table.descriptorAt(row), described.has(at) ? descriptor : undefined);
        t.is(table.factsAt(row)?.owner, described.has(at) ? descriptor.owner : undefined);
        if (described.has(at)) t.is(table.shardBytesAt(row), descriptor.shardBytes);
      }
    }),
  );
});

test('a pack in the row of one that is gone has nothing of that one', (t) => {
  const [gone, next] = descriptors as [PackDescriptor, PackDescriptor];
  const table = new PackTable();
  const row = table.keep(gone.pack);
  table.describe(row, gone);
  table.release(row);
  t.is(table.keep(next.pack), row);
  t.is(table.descriptorAt(row), undefined);
  table.describe(row, next);
  t.deepEqual(table.descriptorAt(row), next);
});

test('thousands are found, also when most of them are gone and others have come', (t) => {
  const random = createRandom('packs');
  const idOf = (at: number) =>
    packId(
      Array.from({ length: 8 }, (_, word) => (word === at % 8 ? at : random.below(2 ** 32)))
        .map((word) => word.toString(16).padStart(8, '0'))
        .join(''),
    );
  const table = new PackTable();
  const packs = Array.from({ length: 5000 }, (_, at) => idOf(at));
  for (const pack of packs) table.keep(pack);
  for (const [at, pack] of packs.entries()) if (at % 5 > 0) table.release(table.rowOf(pack)!);
  const later = Array.from({ length: 3000 }, (_, at) => idOf(5000 + at));
  for (const pack of later) table.keep(pack);
  t.is(table.rowCount, 5000, 'rows are used again');
  for (const [at, pack] of packs.entries()) t.is(table.rowOf(pack) === undefined, at % 5 > 0);
  for (const pack of [...later, ...packs.filter((_, at) => at % 5 === 0)])
    t.is(table.packAt(table.rowOf(pack)!), pack);
});

test('ids that fall on one place are told apart', (t) => {
  // All but the first word count for nothing but their lowest bit then.
  const table = new PackTable([1, 1, 1, 1, 1, 1, 1, 1]);
  const packs = Array.from({ length: 200 }, (_, at) =>
    packId(`${at.toString(16).padStart(8, '0')}${(200 - at).toString(16).padStart(8, '0')}${'0'.repeat(48)}`),
  );
  for (const pack of packs) table.keep(pack);
  for (const pack of packs.slice(50, 150)) table.release(table.rowOf(pack)!);
  for (const [at, pack] of packs.entries()) t.is(table.rowOf(pack) === undefined, at >= 50 && at < 150);
});

test('what is no id of a pack has no row', (t) => {
  const table = new PackTable();
  for (const wrong of ['', 'ab', 'A'.repeat(64), 'g'.repeat(64), '`'.repeat(64), 'a'.repeat(65)]) {
    t.is(table.rowOf(packId(wrong)), undefined);
    t.throws(() => table.keep(packId(wrong)), { instanceOf: RangeError });
  }
});
