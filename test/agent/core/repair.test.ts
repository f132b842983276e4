// In which order a machine fetches what the plan gives it: packs of which the fewest shards are left come first.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { Repair } from '../../../agent/core/repair.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { pullMsMax, pullsMax, repairWantsPerTick } from '../../../agent/limits.ts';
import { days, minutes, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { ShardOutcome } from '../../../agent/ports.ts';
import { driveId } from '../../../agent/units.ts';
import {
  batchOf,
  certificatesOf,
  machines,
  membershipOf,
  planBatch,
  planOf,
  startMs,
} from './fleet-of-four.ts';

const [self, second, third, owner] = [machines[0], machines[1], machines[2], machines[3]];

test('where more is wanted than is fetched at once, packs that can lose no more shard come before all others', (t) => {
  const [membership, shelf] = [membershipOf(self), new Shelf()];
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, records), now: startMs });
  for (const { peer } of [second, third, owner]) membership.handle({ kind: 'connected', peer, now: startMs });
  const repair = new Repair(membership, shelf, new Pulls());
  const packs = Array.from({ length: 3 * pullsMax }, (_, at) => {
    const { descriptor } = describePack(new Uint8Array(100).fill(at), {
      owner: owner.peer,
      drive: driveId('0'.repeat(32)),
      placementClass: 'small',
      redundancy: { k: 1, n: 3 },
    });
    const known = shelf.describe(descriptor);
    known.others.add(0, second.peer);
    // The first ones have three shards, those in the middle two, the last ones one.
    if (at < 2 * pullsMax) known.others.add(1, second.peer);
    if (at < pullsMax) known.others.add(2, third.peer);
    return descriptor.pack;
  });
  shelf.usePlan(planOf(second, 1), planBatch);
  const pulled = repair
    .planChanged(startMs)
    .flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'shardPull' ? [effect.message.pack] : [],
    );
  t.deepEqual(pulled, packs.slice(2 * pullsMax));
});

test('thousands of packs that nobody can send now hold nothing else up', (t) => {
  const [membership, shelf] = [membershipOf(self), new Shelf()];
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, records), now: startMs });
  membership.handle({ kind: 'connected', peer: owner.peer, now: startMs });
  const repair = new Repair(membership, shelf, new Pulls());
  const packOf = (at: number): ReturnType<typeof describePack>['descriptor'] =>
    describePack(
      new Uint8Array(100)
        .fill(1)
        .with(0, at % 256)
        .with(1, Math.floor(at / 256)),
      {
        owner: owner.peer,
        drive: driveId('0'.repeat(32)),
        placementClass: 'small',
        redundancy: { k: 1, n: 3 },
      },
    ).descriptor;
  // Who has them is off for the night.
  for (let at = 0; at < 4 * repairWantsPerTick; at++) {
    const known = shelf.describe(packOf(at));
    for (const index of [0, 1, 2]) known.others.add(index, second.peer);
  }
  shelf.usePlan(planOf(second, 1), planBatch);
  repair.planChanged(startMs);
  const fresh = packOf(4 * repairWantsPerTick);
  const known = shelf.describe(fresh);
  for (const index of [0, 1, 2]) known.others.add(index, owner.peer);
  const held = [{ pack: fresh.pack, indexes: [0, 1, 2] }];
  const asked: Effects[] = [];
  for (let at = 0; at < 60; at++) {
    const now = unixMs(startMs + minutes(10) + seconds(at));
    const message = { kind: 'inventory', group: 'g', scope: 'update', held } as const;
    if (at === 0) asked.push(repair.handle({ kind: 'message', from: owner.peer, message, now }));
    asked.push(repair.handle({ kind: 'tick', now }));
  }
  t.deepEqual(
    asked.flat().map((effect) => (effect.kind === 'send' ? effect.message.kind : effect.kind)),
    ['shardPull'],
  );
});

test('a machine that rests is asked again a minute after it said so', (t) => {
  const [membership, shelf] = [membershipOf(self), new Shelf()];
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, records), now: startMs });
  membership.handle({ kind: 'connected', peer: owner.peer, now: startMs });
  const repair = new Repair(membership, shelf, new Pulls());
  const { descriptor } = describePack(new Uint8Array(100).fill(9), {
    owner: owner.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  });
  for (const index of [0, 1, 2]) shelf.describe(descriptor).others.add(index, owner.peer);
  shelf.usePlan(planOf(second, 1), planBatch);
  const pullsIn = (effects: Effects) =>
    effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'shardPull' ? [effect.message] : [],
    );
  const [first] = pullsIn(repair.planChanged(startMs));
  const { pack, index } = first!;
  const refusal = { kind: 'shardRefused', pack, index } as const;
  t.deepEqual(
    pullsIn(repair.handle({ kind: 'message', from: owner.peer, message: refusal, now: startMs })),
    [],
  );
  let askedMs = 0;
  for (let ms = 0; ms < minutes(10) && askedMs === 0; ms += seconds(1))
    if (pullsIn(repair.handle({ kind: 'tick', now: unixMs(startMs + ms) })).length > 0) askedMs = ms;
  t.true(askedMs >= minutes(1) && askedMs < minutes(2), String(askedMs));
});

/** A machine that makes its shard from another of the same pack, as nobody has it. */
function rebuilding() {
  const [membership, shelf] = [membershipOf(self), new Shelf()];
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, records), now: startMs });
  for (const { peer } of [second, third, owner]) membership.handle({ kind: 'connected', peer, now: startMs });
  const pulls = new Pulls();
  const repair = new Repair(membership, shelf, pulls);
  const { descriptor } = describePack(new Uint8Array(100).fill(7), {
    owner: owner.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  });
  shelf.usePlan(planOf(second, 1), planBatch);
  const known = shelf.describe(descriptor);
  const slot = repair.slotOf(known)!;
  const elsewhere = (slot + 1) % 3;
  known.others.add(elsewhere, second.peer);
  repair.planChanged(startMs);
  const now = unixMs(startMs + days(5));
  const asked = repair.handle({ kind: 'tick', now });
  const arrival = { descriptor, index: elsewhere, place: 'scratch' } as const;
  const arrives = (at = now, outcome: ShardOutcome = 'stored'): Effects =>
    repair.handle({ kind: 'shardArrived', from: second.peer, arrival, outcome, now: at });
  /** It is here after all. */
  const comes = (): Effects => {
    shelf.hold(descriptor, slot);
    return repair.planChanged(now);
  };
  /** It begins to flow in, and is not whole when its pull ends. */
  const isLate = (): UnixMs => {
    pulls.placeFor(second.peer, arrival);
    const at = unixMs(now + 2 * pullMsMax);
    repair.pullsEnded(
      pulls.expire(at, () => true),
      at,
    );
    return unixMs(at + minutes(1));
  };
  return {
    repair,
    shelf,
    pulls,
    descriptor,
    asked,
    isLate,
    shard: { pack: descriptor.pack, index: slot },
    elsewhere,
    arrives,
    comes,
    now,
  };
}

const scratchRemoved = (effects: Effects): readonly number[] =>
  effects.flatMap((effect) =>
    effect.kind === 'removeShard' && effect.shard.place === 'scratch' ? [effect.shard.index] : [],
  );

test('a part that comes when the shard itself is here already does not stay', (t) => {
  const { asked, elsewhere, arrives, comes } = rebuilding();
  t.true(asked.some((effect) => effect.kind === 'send' && effect.message.kind === 'shardPull'));
  comes();
  t.deepEqual(scratchRemoved(arrives()), [elsewhere]);
});

test('parts of a shard that is wanted no more while it is made go when that has ended', (t) => {
  const { repair, shard, elsewhere, arrives, comes, now } = rebuilding();
  t.true(arrives().some(({ kind }) => kind === 'rebuildShard'));
  t.deepEqual(scratchRemoved(comes()), []);
  t.deepEqual(scratchRemoved(repair.handle({ kind: 'rebuilt', shard, outcome: 'full', now })), [elsewhere]);
});

test('where a shard cannot be made of what is here, those that are held are looked at', (t) => {
  const { repair, shelf, shard, descriptor, elsewhere, arrives, now } = rebuilding();
  const rotten = 3 - shard.index - elsewhere;
  shelf.hold(descriptor, rotten);
  arrives();
  const looked = repair
    .handle({ kind: 'rebuilt', shard, outcome: 'damaged', now })
    .flatMap((effect) => (effect.kind === 'verifyShard' ? [effect.shard] : []));
  t.deepEqual(looked, [{ place: 'held', pack: descriptor.pack, index: rotten }]);
});

test('a part that comes when its pull has ended is a part all the same', (t) => {
  const { isLate, arrives } = rebuilding();
  const at = isLate();
  t.true(arrives(at).some(({ kind }) => kind === 'rebuildShard'));
});

test('a disk that says only hours later that it is full is not asked for room again at once', (t) => {
  const { repair, isLate, arrives } = rebuilding();
  const at = isLate();
  t.true(arrives(at, 'full').some((effect) => effect.kind === 'report' && effect.level === 'problem'));
  t.true(repair.isIdle(at));
});

test('a part that flows in is not asked for again, though its holder says that it has it', (t) => {
  const { repair, isLate, descriptor, elsewhere } = rebuilding();
  const now = isLate();
  const message = { kind: 'shardsHeld', held: [{ descriptor, indexes: [elsewhere] }] } as const;
  const asked = repair.handle({ kind: 'message', from: second.peer, message, now });
  t.false(asked.some((effect) => effect.kind === 'send' && effect.message.kind === 'shardPull'));
});

test('where a shard came damaged from, for a repair or for a restore, nobody asks for it before it is named there again', (t) => {
  for (const purpose of ['part', 'restore'] as const) {
    const { shelf, pulls, descriptor, elsewhere, arrives, now } = rebuilding();
    const { pack } = descriptor;
    pulls.end(pack, elsewhere);
    pulls.start({ pack, index: elsewhere, from: second.peer, place: 'scratch', sinceMs: now, purpose });
    t.deepEqual(shelf.get(pack)?.others.of(elsewhere), [second.peer]);
    arrives(now, 'damaged');
    t.deepEqual(shelf.get(pack)?.others.of(elsewhere), [], purpose);
  }
});
