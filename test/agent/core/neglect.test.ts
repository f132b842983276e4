// What becomes of a lease whose holder makes no plans.

import test from 'ava';
import { machineKeyFromSeed } from '../../../agent/codec/index.ts';
import { Election } from '../../../agent/core/election.ts';
import type { Effects } from '../../../agent/core/index.ts';
import type { Membership } from '../../../agent/core/membership.ts';
import { neglectMs } from '../../../agent/core/neglect.ts';
import { holderSilenceMsMax, leaseMs, planAgeMsMax } from '../../../agent/limits.ts';
import { days, hours, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import {
  batchOf,
  certificatesOf,
  machines,
  membershipOf,
  planOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

type Key = (typeof machines)[number];
const [first, second, third, fourth] = machines;
const fifth = machineKeyFromSeed(new Uint8Array(32).fill(50));

/** Always another plan; never a better one; or none, also when one is due. */
type Habit = 'plans' | 'is content' | 'is idle';

interface Member {
  readonly key: Key;
  readonly habit: Habit;
  readonly membership: Membership;
  readonly election: Election;
}

/** Machines that are all connected, and hear everything at once. */
class SmallFleet {
  readonly members: readonly Member[];
  now: UnixMs = startMs;
  #written = 0;
  /** Who was asked for a whole plan, in order. */
  readonly asked: Key[] = [];
  readonly published: { readonly by: Key; readonly atMs: UnixMs }[] = [];

  constructor(habits: readonly Habit[], keys: readonly Key[] = machines) {
    this.members = keys.map((key, at) => {
      const membership = membershipOf(key);
      return { key, habit: habits[at]!, membership, election: new Election(membership) };
    });
    const records = certificatesOf(keys);
    this.tell(second, records);
    for (const { membership, key } of this.members)
      for (const { peer } of keys)
        if (peer !== key.peer) membership.handle({ kind: 'connected', peer, now: this.now });
  }

  tell(key: Key, records: Parameters<typeof batchOf>[1]): void {
    const event = {
      kind: 'batchStored',
      batch: batchOf(key, records, this.#written++),
      now: this.now,
    } as const;
    for (const { membership, election } of this.members) {
      membership.handle(event);
      election.handle(event);
    }
  }

  lease(key: Key): void {
    this.tell(key, [{ kind: 'lease', fromMs: this.now, untilMs: unixMs(this.now + leaseMs) }]);
  }

  live(ms: number): void {
    for (const endMs = this.now + ms; this.now < endMs; this.now = unixMs(this.now + minutes(10)))
      for (const member of this.members)
        this.#follow(member, member.election.handle({ kind: 'tick', now: this.now }));
  }

  #follow(member: Member, effects: Effects): void {
    const { key, habit, election } = member;
    for (const effect of effects) {
      if (effect.kind === 'appendRecords') {
        this.tell(key, effect.records);
        if (effect.records.some(({ kind }) => kind === 'plan'))
          this.published.push({ by: key, atMs: this.now });
      }
      if (effect.kind !== 'computePlan' || habit === 'is idle') continue;
      if (effect.scope === undefined) this.asked.push(key);
      const plan =
        habit === 'plans' && effect.scope === undefined ? this.#planBy(member, effect.machines) : undefined;
      this.#follow(member, election.handle({ kind: 'planComputed', plan, now: this.now }));
    }
  }

  #planBy({ key, election }: Member, members: readonly Key['peer'][]): Plan {
    const plan = planOf(key, (election.plan?.epoch ?? 0) + 1);
    const [one] = plan.classes;
    const classFor = (n: number): Plan['classes'][number] => ({
      ...one!,
      redundancy: { k: 1, n },
      groups: [{ ...one!.groups[0]!, id: `g${n}`, members: members.slice(0, n) }],
    });
    // What packs still have stays, as in every plan.
    const kept = (election.basis?.classes ?? []).map(({ redundancy: { n } }) => n);
    const widths = new Set([members.length, ...kept.filter((n) => n <= members.length)]);
    return { ...plan, computedMs: this.now, classes: [...widths].map(classFor) };
  }

  get leaders(): readonly (string | undefined)[] {
    return this.members.map(({ election }) => election.leaseAt(this.now)?.peer);
  }
}

const everybody = (key: Key): readonly string[] => machines.map(() => key.peer);

test('whoever has the lease and never plans is overruled by the next machine, which leads from then on', (t) => {
  for (const idle of [first, fourth]) {
    const fleet = new SmallFleet(machines.map((key) => (key === idle ? 'is idle' : 'plans')));
    fleet.lease(idle);
    fleet.live(neglectMs - minutes(20));
    t.deepEqual([fleet.asked, fleet.leaders], [[], everybody(idle)]);
    fleet.live(hours(2));
    const next = idle === first ? second : first;
    t.deepEqual([fleet.asked, fleet.leaders], [[next], everybody(next)]);
    fleet.live(days(28));
    t.deepEqual(new Set(fleet.published.map(({ by }) => by)), new Set([next]));
    t.true(
      fleet.published.length >= 28 / 8 && fleet.published.length <= 5,
      `${fleet.published.length} plans`,
    );
  }
});

test('of several machines that lead and do not plan each holds the others up for hours, not for ever', (t) => {
  const fleet = new SmallFleet(['is idle', 'is idle', 'plans', 'is idle']);
  fleet.lease(fourth);
  fleet.live(days(3));
  t.deepEqual([fleet.asked.slice(0, 1), fleet.leaders], [[third], everybody(third)]);
});

test('a machine that is there and takes no free lease holds the others up for hours', (t) => {
  const fleet = new SmallFleet(['plans', 'plans', 'plans', 'plans']);
  const others = fleet.members.slice(1);
  for (let minute = 0; minute < 60 * 5; minute += 10) {
    fleet.now = unixMs(startMs + minutes(minute));
    const took = others.flatMap(({ key, election }) =>
      election.handle({ kind: 'tick', now: fleet.now }).some(({ kind }) => kind === 'appendRecords')
        ? [key]
        : [],
    );
    if (took.length === 0) continue;
    t.deepEqual(took, [second]);
    t.is(minute, 120);
    return;
  }
  t.fail('nobody took it');
});

test('an optimizer that finds no better plan stays one, though others look once a week whether there is one', (t) => {
  const fleet = new SmallFleet(['is content', 'is content', 'is content', 'is content']);
  fleet.tell(first, [{ kind: 'plan', plan: planOf(first, 1) }]);
  fleet.live(days(29));
  t.deepEqual(fleet.leaders, everybody(first));
  t.deepEqual(fleet.published, []);
  const counts = machines.map((key) => fleet.asked.filter((one) => one === key).length);
  t.true(counts[0]! >= 4 && counts.slice(1).every((count) => count <= 4), counts.join(' '));
});

test('an optimizer that plans once a week is never overruled', (t) => {
  const fleet = new SmallFleet(['plans', 'plans', 'plans', 'plans']);
  fleet.live(days(29));
  t.deepEqual(new Set(fleet.published.map(({ by }) => by)), new Set([first]));
  t.true(fleet.published.length <= 29 / (planAgeMsMax / days(1)) + 2, `${fleet.published.length} plans`);
});

/** Five machines; the second one leads and does nothing, and one of its only group will be lost. */
function fleetToLoseFrom(): Record<'lowest' | 'idle' | 'lost', Key> & { readonly fleet: SmallFleet } {
  const keys = [...machines, fifth].toSorted((a, b) => (a.peer < b.peer ? -1 : 1));
  const [lowest, idle, ...rest] = keys as [Key, Key, ...Key[]];
  const lost = rest.at(-1)!;
  const fleet = new SmallFleet(['plans', 'is idle', 'plans', 'plans', 'plans'], keys);
  const [one] = planOf(idle, 1).classes;
  const groups = [{ ...one!.groups[0]!, members: [lowest, idle, lost].map(({ peer }) => peer) }];
  fleet.tell(idle, [{ kind: 'plan', plan: { ...planOf(idle, 1), classes: [{ ...one!, groups }] } }]);
  fleet.lease(idle);
  return { fleet, lowest, idle, lost };
}

test('groups with a machine that was put out are filled after hours, also when whoever leads does nothing', (t) => {
  const { fleet, lowest, idle, lost } = fleetToLoseFrom();
  fleet.live(days(1));
  t.deepEqual(fleet.asked, []);
  fleet.tell(idle, [{ kind: 'statement', bytes: revocationOf(lost) }]);
  fleet.live(neglectMs - minutes(20));
  t.deepEqual(fleet.asked, []);
  fleet.live(hours(1));
  t.deepEqual(fleet.asked, [lowest]);
  t.deepEqual(new Set(fleet.leaders), new Set([lowest.peer]));
  fleet.live(days(5));
  t.is(fleet.published.length, 1);
});

test('a machine that is gone is given up after hours by another one, where no forecast says that it will be back', (t) => {
  const { fleet, lowest, lost } = fleetToLoseFrom();
  for (const { membership } of fleet.members)
    membership.handle({ kind: 'disconnected', peer: lost.peer, now: fleet.now });
  fleet.live(holderSilenceMsMax + neglectMs - minutes(20));
  t.deepEqual(fleet.asked, []);
  fleet.live(hours(1));
  t.deepEqual(fleet.asked, [lowest]);
  t.deepEqual(fleet.published.length, 1);
});

test('a lease that is dated back by hours does not come before the one that holds', (t) => {
  const fleet = new SmallFleet(['is content', 'is content', 'is content', 'is content']);
  fleet.lease(second);
  fleet.live(minutes(30));
  const fromMs = unixMs(fleet.now - hours(5));
  fleet.tell(fourth, [{ kind: 'lease', fromMs, untilMs: unixMs(fromMs + leaseMs) }]);
  t.deepEqual(fleet.leaders, everybody(second));
});
