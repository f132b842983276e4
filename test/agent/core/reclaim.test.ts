import test from 'ava';
import {
  bytesOfHex,
  describePack,
  type MachineKey,
  type PackDescriptor,
} from '../../../agent/codec/index.ts';
import { Catalogue } from '../../../agent/core/catalogue.ts';
import type { HeardForget } from '../../../agent/core/index.ts';
import { Reclaim } from '../../../agent/core/reclaim.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { forgottenGraceMs } from '../../../agent/limits.ts';
import { driveId, type SnapshotId, snapshotId } from '../../../agent/units.ts';
import { days, hours, unixMs } from '../../../datasets/index.ts';
import { batchOf, machines, planBatch, planOf, startMs } from './fleet-of-four.ts';

const [holder, owner, stranger] = machines;
const drive = driveId('ab'.repeat(16));

const packOf = (byte: number): PackDescriptor =>
  describePack(new Uint8Array(100).fill(byte), {
    owner: owner.peer,
    drive,
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;

interface Holder {
  readonly shelf: Shelf;
  readonly reclaim: Reclaim;
}

/** A machine that starts with a shard of each pack. */
function holderOf(
  packs: readonly PackDescriptor[],
  heard: readonly HeardForget[] = [],
  isOut = (): boolean => false,
): Holder {
  const shelf = new Shelf(isOut);
  for (const pack of packs) shelf.hold(pack, 1);
  shelf.usePlan(planOf(holder, 1), planBatch);
  const reclaim = new Reclaim(shelf);
  reclaim.handle({ kind: 'started', stored: [], staged: [], heard, now: startMs });
  return { shelf, reclaim };
}

const forgetting = (
  by: MachineKey,
  packs: readonly PackDescriptor[],
  snapshots: readonly SnapshotId[] = [],
  sequence = 0,
) => {
  const record = {
    kind: 'forget' as const,
    drive,
    snapshots: bytesOfHex(snapshots.join('')),
    packs: bytesOfHex(packs.map(({ pack }) => pack).join('')),
  };
  return batchOf(by, [record], sequence);
};

const hear = ({ reclaim }: Holder, batch: ReturnType<typeof forgetting>, afterMs = 0) =>
  reclaim.handle({ kind: 'batchStored', batch, now: unixMs(startMs + afterMs) });
const tick = ({ reclaim }: Holder, afterMs: number) =>
  reclaim.handle({ kind: 'tick', now: unixMs(startMs + afterMs) });

test("shards of what its owner gave up go after the holder's own time, and no others", (t) => {
  const [old, kept] = [packOf(1), packOf(2)];
  const machine = holderOf([old, kept]);
  const noted = hear(machine, forgetting(owner, [old]));
  t.deepEqual(
    noted.map(({ kind }) => kind),
    ['noteForget'],
  );
  t.is(machine.shelf.groupOf(machine.shelf.get(old.pack)!), undefined, 'nobody repairs it');
  t.not(machine.shelf.groupOf(machine.shelf.get(kept.pack)!), undefined);
  t.deepEqual(tick(machine, forgottenGraceMs - 1), []);
  t.true(machine.shelf.get(old.pack)?.held.has(1), 'it is served until then');
  t.deepEqual(tick(machine, forgottenGraceMs + hours(1)), [
    { kind: 'removeShard', shard: { place: 'held', pack: old.pack, index: 1 } },
  ]);
  t.deepEqual([machine.shelf.heldShards, machine.shelf.get(old.pack)], [1, undefined]);
});

test("nobody's word counts for another's pack", (t) => {
  const machine = holderOf([packOf(1)]);
  hear(machine, forgetting(stranger, [packOf(1)]));
  t.deepEqual(tick(machine, 2 * forgottenGraceMs), []);
  t.is(machine.shelf.heldShards, 1);
});

test('the time goes on over a restart from when it was noted, and begins anew when the note was lost', (t) => {
  const heard = { author: owner.peer, sequence: 0, heardMs: startMs };
  const later = forgottenGraceMs + hours(2);
  for (const [notes, isFreed] of [
    [[heard], true],
    [[], false],
  ] as const) {
    const machine = holderOf([packOf(1)], notes);
    hear(machine, forgetting(owner, [packOf(1)]), later);
    t.is(tick(machine, later).length, isFreed ? 1 : 0);
  }
});

test('a note that is dated far ahead, by a clock that was set right since, counts as none: the time begins at this start, once', (t) => {
  const heard = {
    author: owner.peer,
    sequence: 0,
    heardMs: unixMs(startMs + days(365)),
    of: 'forget',
  } as const;
  const machine = holderOf([packOf(1)], [heard]);
  const effects = hear(machine, forgetting(owner, [packOf(1)]), 0);
  t.deepEqual(
    effects.map((effect) => effect.kind === 'noteForget' && effect.heard),
    [{ ...heard, heardMs: startMs }],
  );
  t.is(tick(machine, forgottenGraceMs - hours(2)).length, 0);
  t.is(tick(machine, forgottenGraceMs).length, 1);
});

test("a word is noted once: not what its owner says again and again, and nobody's of another's pack", (t) => {
  const machine = holderOf([packOf(1), packOf(2)]);
  const said = [
    [owner, packOf(1), 1],
    [owner, packOf(1), 0],
    [stranger, packOf(1), 0],
    [stranger, packOf(2), 0],
    [owner, packOf(2), 1],
  ] as const;
  for (const [sequence, [by, pack, noteCount]] of said.entries())
    t.is(hear(machine, forgetting(by, [pack], [], sequence)).length, noteCount, `word ${sequence}`);
});

test('of a pack that is not described here yet the first word of each is noted, and the one of its owner counts', (t) => {
  const machine = holderOf([]);
  machine.shelf.take(packOf(1).pack);
  const said = [stranger, owner, stranger, owner].map(
    (by, sequence) => hear(machine, forgetting(by, [packOf(1)], [], sequence)).length,
  );
  t.deepEqual(said, [1, 1, 0, 0]);
  machine.shelf.hold(packOf(1), 1);
  t.is(tick(machine, forgottenGraceMs + hours(1)).length, 1);
});

test('a pack that arrives after its owner gave it up is freed like the others', (t) => {
  const machine = holderOf([]);
  t.deepEqual(hear(machine, forgetting(owner, [packOf(1)])), [], 'nothing to note');
  machine.shelf.hold(packOf(1), 1);
  t.is(tick(machine, forgottenGraceMs + hours(1)).length, 1);
});

test('what waits in the outbox is not given up before its holders have it', (t) => {
  const machine = holderOf([]);
  const known = machine.shelf.describe(packOf(1));
  known.isInOutbox = true;
  hear(machine, forgetting(owner, [packOf(1)]));
  t.deepEqual(tick(machine, 2 * forgottenGraceMs), []);
  t.not(machine.shelf.get(packOf(1).pack), undefined);
});

test("the catalogue forgets what the drive's owner gives up, and never the newest", (t) => {
  const ids = ['1', '2', '3'].map((digit) => snapshotId(digit.repeat(64)));
  const heads = ids.map((snapshot) => ({
    kind: 'head' as const,
    drive,
    snapshot,
    atMs: startMs,
    keyEpoch: 1,
    sealedRoot: new Uint8Array(),
    fileCount: 0,
    byteCount: 0,
    packCount: 0,
    receiptsDigest: '0'.repeat(64),
  }));
  const record = {
    kind: 'drive' as const,
    drive,
    keyEpoch: 1,
    sealedName: new Uint8Array(),
    wrappedKeys: [],
  };
  const catalogue = new Catalogue();
  const store = (batch: ReturnType<typeof batchOf>) =>
    catalogue.handle({ kind: 'batchStored', batch, now: startMs });
  const kept = () => catalogue.drives.get(drive)?.heads.map(({ snapshot }) => snapshot);
  store(batchOf(owner, [record, ...heads]));
  store(forgetting(stranger, [], ids));
  t.deepEqual(kept(), ids);
  store(forgetting(owner, [], [ids[0]!]));
  t.deepEqual(kept(), ids.slice(1));
  store(forgetting(owner, [], ids));
  t.deepEqual(kept(), ids.slice(2));
});

test('what a machine gave up before it was put out stays, wherever that was heard: it may have been stolen then', (t) => {
  const pack = packOf(1);
  let isOut = false;
  const held = holderOf([pack], [], () => isOut);
  hear(held, forgetting(owner, [pack]));
  const known = held.shelf.take(pack.pack);
  t.is(held.shelf.groupOf(known), undefined);
  isOut = true;
  t.deepEqual(tick(held, 2 * forgottenGraceMs), []);
  t.is(held.shelf.givenUpMs(known), undefined);
  t.not(held.shelf.groupOf(known), undefined, 'and it is placed again');
});
