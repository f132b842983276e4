// Where a pack belongs, by what is known of it.

import test from 'ava';
import { describePack, type MachineKey, type PackDescriptor } from '../../../agent/codec/index.ts';
import { noteHas, noteShown, Shelf } from '../../../agent/core/shelf.ts';
import { driveId } from '../../../agent/units.ts';
import { machines, planBatch, planOf, startMs } from './fleet-of-four.ts';

const packOf = (owner: MachineKey, redundancy: PackDescriptor['redundancy']): PackDescriptor =>
  describePack(new Uint8Array(100).fill(1), {
    owner: owner.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy,
  }).descriptor;

test('a pack that was heard of under another plan belongs where its descriptor says, once that is here', (t) => {
  const [author, , , owner] = machines;
  const shelf = new Shelf();
  shelf.usePlan(planOf(author, 5), planBatch);
  const descriptor = packOf(owner, { k: 1, n: 3 });
  const known = shelf.take(descriptor.pack);
  known.heard = { group: 'other', epoch: 4, author: author.peer };
  t.is(shelf.groupOf(known), undefined);
  shelf.describe(descriptor);
  t.is(shelf.groupOf(known)?.id, 'g');
});

test('nobody has a shard that its pack does not have, said before or after it is described', (t) => {
  const [owner, one, other] = machines;
  const descriptor = packOf(owner, { k: 2, n: 3 });
  const shelf = new Shelf();
  const known = shelf.take(descriptor.pack);
  for (const index of [2, 3, 20]) t.true(noteHas(known, one.peer, index));
  shelf.describe(descriptor);
  t.deepEqual(known.others.indexesOf(one.peer), [2]);
  t.false(noteHas(known, other.peer, 3));
  t.deepEqual(known.others.indexes(), [2]);
});

test('a shard that was shown under one plan is to be shown anew under the next one', (t) => {
  const [author, , , owner] = machines;
  const descriptor = packOf(owner, { k: 1, n: 3 });
  const shelf = new Shelf();
  shelf.usePlan(planOf(author, 5), planBatch);
  const known = shelf.describe(descriptor);
  const [holder] = shelf.groupOf(known)!.members;
  noteShown(known, holder!, 0);
  t.true(known.shown.has(0));
  shelf.usePlan(planOf(author, 6), planBatch);
  t.false(known.shown.has(0));
});

test('packs are counted by their group, without those that are given up', (t) => {
  const [author, , , owner] = machines;
  const shelf = new Shelf();
  shelf.usePlan(planOf(author, 5), planBatch);
  t.deepEqual([...shelf.packCounts()], []);
  const [first] = [1, 2].map((byte) => {
    const { descriptor } = describePack(new Uint8Array(100).fill(byte), {
      owner: owner.peer,
      drive: driveId('0'.repeat(32)),
      placementClass: 'small',
      redundancy: { k: 1, n: 3 },
    });
    shelf.describe(descriptor);
    return descriptor.pack;
  });
  t.deepEqual([...shelf.packCounts()], [['g', 2]]);
  shelf.giveUp(first!, owner.peer, startMs);
  t.deepEqual([...shelf.packCounts()], [['g', 1]]);
});
