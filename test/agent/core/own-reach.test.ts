// What of its own a machine could restore now, by the plan and by who is there.

import test from 'ava';
import { describePack, type MachineKey } from '../../../agent/codec/index.ts';
import { OwnReach } from '../../../agent/core/own-reach.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { driveId } from '../../../agent/units.ts';
import { hours, minutes, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import {
  batchOf,
  certificatesOf,
  machines,
  membershipOf,
  planBatch,
  planOf,
  startMs,
} from './fleet-of-four.ts';

const [first, second, third, self] = machines;
const redundancy = { k: 2, n: 3 };
const packOf = (fill: number) =>
  describePack(new Uint8Array(100).fill(fill), {
    owner: self.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy,
  }).descriptor;
const packs = [1, 2, 3].map(packOf);

/** Its groups are without the owner and with it: of the latter own packs are none. */
function planWithOwner(): Plan {
  const plan = planOf(first, 5);
  const [only] = plan.classes;
  const [group] = only!.groups;
  const members = [self, first, second].map(({ peer }) => peer);
  const groups = [group!, { ...group!, id: 'with the owner', members }];
  return { ...plan, classes: [{ ...only!, redundancy, groups }] };
}

interface There {
  readonly reach: OwnReach;
  readonly shelf: Shelf;
  readonly now: UnixMs;
}

/** A day after the plan, and some minutes after the start. */
function reachWith(
  there: readonly MachineKey[],
  { awakeMs = minutes(5), planAgeMs = hours(30) } = {},
): There {
  const membership = membershipOf(self);
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, records), now: startMs });
  const plan = planWithOwner();
  const beganMs = plan.computedMs + planAgeMs;
  for (const { peer } of there) membership.handle({ kind: 'connected', peer, now: unixMs(beganMs) });
  const shelf = new Shelf();
  shelf.usePlan(plan, planBatch);
  const reach = new OwnReach({ membership, shelf, election: { plan, earlierPlans: [] } });
  for (let ms = 0; ms <= awakeMs; ms += seconds(1)) reach.handle({ kind: 'tick', now: unixMs(beganMs + ms) });
  return { reach, shelf, now: unixMs(beganMs + awakeMs) };
}

test('own packs are out of reach when too few of those are there to whom the plan gives them; the owner is none of them', (t) => {
  const { reach, now } = reachWith([first]);
  const holders = [first, second, third].map(({ peer }) => peer);
  t.deepEqual(reach.count(packs, now), {
    packCount: 3,
    outOfReachCount: 3,
    holders,
    away: [second.peer, third.peer],
    missingCount: 1,
  });
  const alone = reachWith([]);
  t.like(alone.reach.count(packs, alone.now), { outOfReachCount: 3, away: holders, missingCount: 2 });
  const both = reachWith([first, third]);
  t.like(both.reach.count(packs, both.now), { outOfReachCount: 0, missingCount: 0, holders: [] });
});

test('what waits in the outbox, and what another machine said that it has, is in reach', (t) => {
  const { reach, shelf, now } = reachWith([first]);
  shelf.describe(packs[0]!).isInOutbox = true;
  shelf.describe(packs[1]!).others.add(2, first.peer);
  shelf.describe(packs[2]!).others.add(2, third.peer);
  t.is(reach.count(packs, now)?.outOfReachCount, 1, 'the third one said so and is off');
});

test('in the first minutes after a start or a sleep nothing is said', (t) => {
  const { reach, now } = reachWith([], { awakeMs: minutes(2) });
  t.is(reach.count(packs, now), undefined);
  t.false(reach.isSettled(now));
  const slept = reachWith([]);
  const wokeMs = unixMs(slept.now + hours(2));
  slept.reach.handle({ kind: 'tick', now: wokeMs });
  t.is(slept.reach.count(packs, wokeMs), undefined);
});

test('while shards move to where a new plan wants them, the holders of the one before it count', (t) => {
  const before: Plan = planOf(first, 4);
  const membership = membershipOf(self);
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, records), now: startMs });
  membership.handle({ kind: 'connected', peer: first.peer, now: startMs });
  const [only] = before.classes;
  const groups = [{ ...only!.groups[0]!, members: [second, third, self].map(({ peer }) => peer) }];
  const plan: Plan = { ...before, epoch: 5, classes: [{ ...only!, groups }] };
  const reach = new OwnReach({ membership, shelf: new Shelf(), election: { plan, earlierPlans: [before] } });
  const replicas = packs.map((one) => ({ ...one, redundancy: { k: 1, n: 3 } }));
  const outOfReachAt = (afterMs: number) => {
    for (let ms = 0; ms <= minutes(4); ms += seconds(30))
      reach.handle({ kind: 'tick', now: unixMs(startMs + afterMs + ms) });
    return reach.count(replicas, unixMs(startMs + afterMs + minutes(4)))?.outOfReachCount;
  };
  t.is(outOfReachAt(hours(1)), 0);
  t.is(outOfReachAt(hours(25)), 3);
});

test('what is in reach is told by the plan of now, also where the same packs were asked about before it', (t) => {
  const membership = membershipOf(self);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, certificatesOf(machines)), now: startMs });
  for (const { peer } of [first, second]) membership.handle({ kind: 'connected', peer, now: startMs });
  const [only] = planOf(first, 4).classes;
  const groupOf = (members: readonly MachineKey[]): Plan['classes'] => [
    { ...only!, redundancy, groups: [{ ...only!.groups[0]!, members: members.map(({ peer }) => peer) }] },
  ];
  const election = {
    plan: { ...planOf(first, 4), classes: groupOf([third, self, first]) } as Plan,
    earlierPlans: [] as Plan[],
  };
  const reach = new OwnReach({ membership, shelf: new Shelf(), election });
  const now = unixMs(startMs + hours(30));
  for (let ms = 0; ms <= minutes(5); ms += seconds(1))
    reach.handle({ kind: 'tick', now: unixMs(now - minutes(5) + ms) });
  const before = reach.count(packs, now)?.outOfReachCount;
  election.plan = { ...planOf(first, 5), classes: groupOf([first, second, third]) };
  t.deepEqual([before, reach.count(packs, now)?.outOfReachCount], [3, 0]);
});
