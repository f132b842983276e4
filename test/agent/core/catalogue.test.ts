// Whose drive is whose: nobody takes another's by copying its id, in whatever order the two are heard of.

import test from 'ava';
import { type DriveRecord, driveIdOf } from '../../../agent/codec/index.ts';
import { Catalogue } from '../../../agent/core/catalogue.ts';
import { driveId, snapshotId } from '../../../agent/units.ts';
import { createRandom } from '../../../datasets/index.ts';
import { batchOf, headOf, machines, startMs } from './fleet-of-four.ts';

const [owner, liar, other] = machines;
const sealedName = new Uint8Array(40).fill(7);
const record: DriveRecord = {
  kind: 'drive',
  drive: driveIdOf(owner.peer, { sealedName }),
  keyEpoch: 1,
  sealedName,
  wrappedKeys: [],
};
const { drive } = record;
const head = headOf(drive);
const forged = { ...head, snapshot: snapshotId('f'.repeat(64)) };

function heard(...batches: readonly ReturnType<typeof batchOf>[]): Catalogue {
  const catalogue = new Catalogue();
  for (const batch of batches) catalogue.handle({ kind: 'batchStored', batch, now: startMs });
  return catalogue;
}

const honest = [batchOf(owner, [record]), batchOf(owner, [head], 1)];
const copied = [batchOf(liar, [record]), batchOf(liar, [forged], 1)];

test('a drive belongs to whoever its id was made by, also where a copy of it was heard of first', (t) => {
  for (const batches of [
    [...honest, ...copied],
    [...copied, ...honest],
    [copied[0]!, ...honest, copied[1]!],
  ]) {
    const known = heard(...batches).drives.get(drive);
    t.is(known?.owner, owner.peer);
    t.deepEqual(known?.heads, [head]);
  }
});

test('a later key of the drive, under another sealed name, changes nothing of whose it is', (t) => {
  const later = { ...record, keyEpoch: 2, sealedName: new Uint8Array(40).fill(8) };
  const known = heard(...honest, batchOf(owner, [later], 2), ...copied).drives.get(drive);
  t.is(known?.owner, owner.peer);
  t.is(known?.record.keyEpoch, 2);
  t.deepEqual(known?.formerRecords, [record]);
  t.deepEqual(known?.heads, [head]);
});

test('an old drive, whose id is of chance, stays with whoever was heard of first', (t) => {
  const old = { ...record, drive: driveId('ab'.repeat(16)) };
  const known = heard(batchOf(owner, [old]), batchOf(liar, [old])).drives.get(old.drive);
  t.is(known?.owner, owner.peer);
  t.false(known?.isBound);
});

test('whatever liars copy, and in whatever order logs come, each drive is its own', (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const random = createRandom(`drives ${seed}`);
    const logs = [
      honest,
      copied,
      [batchOf(other, [{ ...record, keyEpoch: 9 }]), batchOf(other, [forged], 1)],
    ].map((log) => [...log]);
    const batches: ReturnType<typeof batchOf>[] = [];
    while (logs.some((log) => log.length > 0)) {
      const log = logs[random.below(logs.length)]!;
      if (log.length > 0) batches.push(log.shift()!);
    }
    const known = heard(...batches).drives.get(drive);
    t.is(known?.owner, owner.peer);
    t.deepEqual(known?.heads, [head]);
  }
});

test('a deletion that a clock or an admin takes back takes nothing from the list', (t) => {
  const later = { ...head, snapshot: snapshotId('b'.repeat(64)) };
  const catalogue = heard(...honest);
  catalogue.wipe(new Set([drive]));
  t.deepEqual(catalogue.drives.get(drive)?.heads, []);
  catalogue.handle({ kind: 'batchStored', batch: batchOf(owner, [later], 2), now: startMs });
  t.deepEqual(catalogue.drives.get(drive)?.heads, []);
  catalogue.wipe(new Set([drive]));
  catalogue.wipe(new Set());
  t.false(catalogue.isWiped(drive));
  t.deepEqual(catalogue.drives.get(drive)?.heads, [head, later]);
});

test('what a liar said of a drive is not what is there when its deletion is taken back', (t) => {
  const catalogue = heard(...copied);
  catalogue.wipe(new Set([drive]));
  for (const batch of honest) catalogue.handle({ kind: 'batchStored', batch, now: startMs });
  catalogue.wipe(new Set());
  t.deepEqual(catalogue.drives.get(drive)?.heads, [head]);
  t.is(catalogue.drives.get(drive)?.owner, owner.peer);
});
