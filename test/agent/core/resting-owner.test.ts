// What a machine does that stands in for another while the owner of the shard sends nothing.

import test from 'ava';
import { describePack, machineKeyFromSeed, type WireMessage } from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Keepers } from '../../../agent/core/keepers.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { StandIns } from '../../../agent/core/stand-ins.ts';
import { refusedSourceMs } from '../../../agent/limits.ts';
import { driveId } from '../../../agent/units.ts';
import { unixMs } from '../../../datasets/index.ts';
import { batchOf, certificateOf, membershipOf, planBatch, planOf, startMs } from './fleet-of-four.ts';

const keys = [1, 2, 3, 4, 5].map((seed) => machineKeyFromSeed(new Uint8Array(32).fill(seed)));
const [owner, first, second, third, standIn] = keys.map(({ peer }) => peer);
const { descriptor } = describePack(new Uint8Array(100).fill(1), {
  owner: owner!,
  drive: driveId('0'.repeat(32)),
  placementClass: 'small',
  redundancy: { k: 1, n: 3 },
});
const { pack } = descriptor;

test('a shard of an owner that sends nothing now is asked for once a minute', (t) => {
  const key = keys.find(({ peer }) => peer === standIn)!;
  const [membership, shelf, pulls] = [membershipOf(key), new Shelf(), new Pulls()];
  const keepers = new Keepers(membership, shelf);
  const standIns = new StandIns({ membership, shelf, pulls, keepers, isIdle: () => false });
  const records = keys.map((one) => ({ kind: 'statement', bytes: certificateOf(one) }) as const);
  membership.handle({ kind: 'batchStored', batch: batchOf(key, records), now: startMs });
  membership.handle({ kind: 'connected', peer: owner!, now: startMs });
  const plan = planOf(keys[0]!, 1);
  const [one] = plan.classes;
  const groups = [{ ...one!.groups[0]!, members: [first!, second!, third!] }];
  shelf.usePlan({ ...plan, classes: [{ ...one!, groups }] }, planBatch);
  const pullsIn = (effects: Effects): number =>
    effects.filter((effect) => effect.kind === 'send' && effect.message.kind === 'shardPull').length;
  const hear = (message: WireMessage): Effects =>
    standIns.handle({ kind: 'message', from: owner!, message, now: startMs });
  const tick = (ms: number): Effects => standIns.handle({ kind: 'tick', now: unixMs(startMs + ms) });

  t.is(pullsIn(hear({ kind: 'standIn', descriptor, index: 2 })), 1);
  pulls.end(pack, 2);
  hear({ kind: 'shardRefused', pack, index: 2 });
  t.is(pullsIn(tick(refusedSourceMs - 1)), 0);
  t.is(pullsIn(tick(refusedSourceMs)), 1);
});
