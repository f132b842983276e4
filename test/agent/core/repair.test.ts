// In which order a machine fetches what the plan gives it: packs of which the fewest shards are left come first.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { Repair } from '../../../agent/core/repair.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { pullsMax } from '../../../agent/limits.ts';
import { driveId } from '../../../agent/units.ts';
import { batchOf, certificateOf, machines, membershipOf, planOf, startMs } from './fleet-of-four.ts';

const [self, second, third, owner] = [machines[0]!, machines[1]!, machines[2]!, machines[3]!];

test('where more is wanted than is fetched at once, packs that can lose no more shard come before all others', (t) => {
  const [membership, shelf] = [membershipOf(self), new Shelf()];
  const records = machines.map((key) => ({ kind: 'statement', bytes: certificateOf(key) }) as const);
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
  shelf.usePlan(planOf(second, 1));
  const pulled = repair
    .planChanged(startMs)
    .flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'shardPull' ? [effect.message.pack] : [],
    );
  t.deepEqual(pulled, packs.slice(2 * pullsMax));
});
