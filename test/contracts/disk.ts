// What every Disk must do: whole or not at all, verified, bounded, and the same after a crash.

import type { ExecutionContext, TestFn } from 'ava';
import {
  describePack,
  leafMatches,
  machineKeyFromSeed,
  type PackDescriptor,
} from '../../agent/codec/index.ts';
import type {
  Disk,
  ProofOutcome,
  ShardLocation,
  ShardOutcome,
  ShardPlace,
  StoredShard,
} from '../../agent/ports.ts';
import { driveId } from '../../agent/units.ts';
import { answerOf, type World } from './world.ts';

export interface DiskHarness extends World {
  readonly disk: Disk;
  /** Streams a shard in, as the wire does. */
  store(wanted: StoredShard, bytes: Uint8Array): Promise<ShardOutcome>;
  /** Puts an own pack into the outbox. */
  stage(descriptor: PackDescriptor, pack: Uint8Array, shards: readonly Uint8Array[]): Promise<void>;
  /** Flips a bit of a held shard. */
  harm(shard: ShardLocation): void;
  /** Power cut and start. */
  crash(): Promise<DiskHarness>;
}

/** Opens an empty disk. */
export type OpenDisk = (t: ExecutionContext, limits: { readonly quotaBytes: number }) => Promise<DiskHarness>;

const packBytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 251);
const { descriptor, shards } = describePack(packBytes, {
  owner: machineKeyFromSeed(new Uint8Array(32).fill(7)).peer,
  drive: driveId('0'.repeat(32)),
  placementClass: 'bulk',
  redundancy: { k: 2, n: 4 },
});
const { pack, shardBytes } = descriptor;
const quotaBytes = 2_000_000;
const at = (index: number, place: ShardPlace = 'held'): ShardLocation => ({ place, pack, index });
const wanted = (index: number, place: ShardPlace = 'held'): StoredShard => ({ place, descriptor, index });

async function listed({ disk, until }: DiskHarness): Promise<readonly string[]> {
  const found = await answerOf<readonly StoredShard[]>({ until }, (done) => disk.list(done));
  return found.map(({ place, index }) => `${place} ${index}`).toSorted();
}

const verdict = ({ disk, until }: DiskHarness, shard: ShardLocation): Promise<string> =>
  answerOf<string>({ until }, (done) => disk.verify(shard, done));

export function diskContract(test: TestFn, name: string, open: OpenDisk): void {
  test(`${name} disk: a stored shard is there, intact, and counted`, async (t) => {
    const harness = await open(t, { quotaBytes });
    t.is(await harness.store(wanted(1), shards[1]!), 'stored');
    t.is(await verdict(harness, at(1)), 'intact');
    t.is(await verdict(harness, at(2)), 'missing');
    t.deepEqual(await listed(harness), ['held 1']);
    t.is(harness.disk.usage().heldBytes, shardBytes);
  });

  test(`${name} disk: bytes of another hash are not stored`, async (t) => {
    const harness = await open(t, { quotaBytes });
    t.is(await harness.store(wanted(1), shards[2]!), 'damaged');
    t.deepEqual(await listed(harness), []);
  });

  test(`${name} disk: what does not fit the quota is refused, what is there stays`, async (t) => {
    const harness = await open(t, { quotaBytes: shardBytes + 1 });
    t.is(await harness.store(wanted(0), shards[0]!), 'stored');
    t.is(await harness.store(wanted(1), shards[1]!), 'full');
    t.deepEqual(await listed(harness), ['held 0']);
    t.true(harness.disk.usage().heldBytes <= harness.disk.usage().quotaBytes);
  });

  test(`${name} disk: popular copies count under the quota, and are refused where it is full`, async (t) => {
    const harness = await open(t, { quotaBytes: 2 * shardBytes });
    t.is(await harness.store(wanted(0), shards[0]!), 'stored');
    t.is(await harness.store(wanted(1, 'copy'), shards[1]!), 'stored');
    t.is(await harness.store(wanted(2, 'copy'), shards[2]!), 'full');
    t.deepEqual(await listed(harness), ['copy 1', 'held 0']);
    const { heldBytes, copyBytes } = harness.disk.usage();
    t.deepEqual([heldBytes, copyBytes], [shardBytes, shardBytes]);
  });

  test(`${name} disk: popular copies give way to shards, as many as must`, async (t) => {
    const harness = await open(t, { quotaBytes: 3 * shardBytes });
    for (const index of [0, 1, 2]) t.is(await harness.store(wanted(index, 'copy'), shards[index]!), 'stored');
    t.is(await harness.store(wanted(3), shards[3]!), 'stored');
    t.deepEqual(await listed(harness), ['copy 1', 'copy 2', 'held 3']);
    t.is(await verdict(harness, at(0, 'copy')), 'missing');
    t.is(await harness.store(wanted(0), shards[0]!), 'stored');
    t.is(await harness.store(wanted(1), shards[1]!), 'stored');
    t.is(await harness.store(wanted(2), shards[2]!), 'full');
    t.deepEqual(await listed(harness), ['held 0', 'held 1', 'held 3']);
    t.is(harness.disk.usage().copyBytes, 0);
  });

  test(`${name} disk: popular copies survive a power cut, and go when they are removed`, async (t) => {
    const harness = await open(t, { quotaBytes });
    t.is(await harness.store(wanted(1, 'copy'), shards[1]!), 'stored');
    const again = await harness.crash();
    t.deepEqual(await listed(again), ['copy 1']);
    t.is(again.disk.usage().copyBytes, shardBytes);
    await answerOf<'removed'>({ until: again.until }, (done) => again.disk.remove(at(1, 'copy'), done));
    t.deepEqual(await listed(again), []);
    t.is(again.disk.usage().copyBytes, 0);
  });

  test(`${name} disk: a shard that comes again while it is being removed stays`, async (t) => {
    const harness = await open(t, { quotaBytes });
    for (let time = 0; time < 20; time++) {
      await harness.store(wanted(1), shards[1]!);
      let isRemoved = false;
      harness.disk.remove(at(1), () => {
        isRemoved = true;
      });
      t.is(await harness.store(wanted(1), shards[1]!), 'stored');
      await harness.until(() => isRemoved);
      t.is(await verdict(harness, at(1)), 'intact');
    }
    t.is(harness.disk.usage().heldBytes, shardBytes);
  });

  test(`${name} disk: a flipped bit is noticed`, async (t) => {
    const harness = await open(t, { quotaBytes });
    await harness.store(wanted(3), shards[3]!);
    harness.harm(at(3));
    t.is(await verdict(harness, at(3)), 'damaged');
  });

  test(`${name} disk: each leaf of an intact shard is proved, of a damaged or absent one none`, async (t) => {
    const harness = await open(t, { quotaBytes });
    await harness.store(wanted(2), shards[2]!);
    const prove = (index: number, leaf: number): Promise<ProofOutcome> =>
      answerOf<ProofOutcome>(harness, (done) => harness.disk.prove(at(index), leaf, done));
    for (const leaf of [0, 1, 3]) {
      const proof = await prove(2, leaf);
      t.true(typeof proof !== 'string' && leafMatches(descriptor, { index: 2, leaf }, proof));
      t.false(typeof proof !== 'string' && leafMatches(descriptor, { index: 1, leaf }, proof));
    }
    t.is(await prove(0, 0), 'missing');
    harness.harm(at(2));
    t.is(await prove(2, 1), 'damaged');
  });

  test(`${name} disk: parts of a shard are read as they lie there, and none beyond its end`, async (t) => {
    const harness = await open(t, { quotaBytes });
    await harness.store(wanted(2), shards[2]!);
    const read = (index: number, offset: number, length: number): Promise<Uint8Array | undefined> =>
      answerOf<Uint8Array | undefined>(harness, (done) =>
        harness.disk.readRange('held', { pack, index, offset, length }, done),
      );
    for (const [offset, length] of [
      [0, 1],
      [17, 20_000],
      [shardBytes - 9, 9],
    ] as const)
      t.deepEqual(
        new Uint8Array((await read(2, offset, length))!),
        shards[2]!.slice(offset, offset + length),
      );
    t.is(await read(2, shardBytes - 9, 10), undefined);
    t.is(await read(0, 0, 1), undefined);
    await harness.stage(descriptor, packBytes, shards);
    const staged = await answerOf<Uint8Array | undefined>(harness, (done) =>
      harness.disk.readRange('outbox', { pack, index: 1, offset: 5, length: 6 }, done),
    );
    t.deepEqual(new Uint8Array(staged!), shards[1]!.slice(5, 11));
  });

  test(`${name} disk: any k shards rebuild another one, fewer do not`, async (t) => {
    const harness = await open(t, { quotaBytes });
    const rebuild = (index: number): Promise<ShardOutcome> =>
      answerOf<ShardOutcome>(harness, (done) => harness.disk.rebuild(wanted(index), done));
    await harness.store(wanted(3, 'scratch'), shards[3]!);
    t.not(await rebuild(0), 'stored');
    await harness.store(wanted(2, 'scratch'), shards[2]!);
    t.is(await rebuild(0), 'stored');
    t.is(await verdict(harness, at(0)), 'intact');
  });

  test(`${name} disk: an own pack in the outbox serves and rebuilds all its shards`, async (t) => {
    const harness = await open(t, { quotaBytes });
    await harness.stage(descriptor, packBytes, shards);
    const outcome = await answerOf<ShardOutcome>(harness, (done) => harness.disk.rebuild(wanted(3), done));
    t.is(outcome, 'stored');
    t.is(await verdict(harness, at(3)), 'intact');
  });

  test(`${name} disk: removing is final, and removing nothing is fine`, async (t) => {
    const harness = await open(t, { quotaBytes });
    await harness.store(wanted(1), shards[1]!);
    for (let count = 0; count < 2; count++) {
      t.is(await answerOf<string>(harness, (done) => harness.disk.remove(at(1), done)), 'removed');
    }
    t.is(await verdict(harness, at(1)), 'missing');
    t.is(harness.disk.usage().heldBytes, 0);
  });

  test(`${name} disk: a crash keeps what was stored and drops scratch`, async (t) => {
    const harness = await open(t, { quotaBytes });
    await harness.store(wanted(1), shards[1]!);
    await harness.store(wanted(2, 'scratch'), shards[2]!);
    await harness.stage(descriptor, packBytes, shards);
    const after = await harness.crash();
    t.deepEqual(await listed(after), ['held 1', 'outbox 0']);
    t.is(await verdict(after, at(1)), 'intact');
  });
}
