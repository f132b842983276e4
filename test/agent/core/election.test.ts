// Whose plan is followed, and when.

import test from 'ava';
import { leaseMs } from '../../../agent/limits.ts';
import { days, hours, machineId, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Election } from '../../../agent/core/election.ts';
import {
  batchOf,
  certificateOf,
  certificatesOf,
  machines,
  membershipOf,
  planOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const [self, author, other, last] = machines;

function electionOf() {
  const membership = membershipOf(self);
  const election = new Election(membership);
  const tell = (batch: ReturnType<typeof batchOf>): void => {
    const event = { kind: 'batchStored', batch, now: startMs } as const;
    membership.handle(event);
    election.handle(event);
  };
  return { election, tell, membership };
}

test('the highest epoch of a certified optimizer is followed', (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 2) }], 0));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 1) }], 1));
  t.is(election.plan?.epoch, 2);
});

test("a plan that comes before its author's certificate is followed once that is known", (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 1) }]));
  t.is(election.plan, undefined);
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
  t.is(election.plan?.epoch, 1);
});

test('a holder without the role, a revoked machine and a borrowed name make no plan', (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author, ['holder']) }]));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 1) }]));
  t.is(election.plan, undefined);
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(other) }], 1));
  tell(batchOf(other, [{ kind: 'plan', plan: planOf(self, 7) }], 2));
  t.is(election.plan, undefined, 'in the name of another');
  tell(batchOf(other, [{ kind: 'statement', bytes: revocationOf(other) }], 3));
  tell(batchOf(other, [{ kind: 'plan', plan: planOf(other, 8) }], 4));
  t.is(election.plan, undefined, 'of a revoked machine');
});

test('who invents the highest epoch that there is ends no plans: one that nobody can have come to yet waits', (t) => {
  const { election, tell } = electionOf();
  const records = certificatesOf([author, other]);
  tell(batchOf(self, records));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, Number.MAX_SAFE_INTEGER) }]));
  t.is(election.plan, undefined);
  tell(batchOf(other, [{ kind: 'plan', plan: planOf(other, 2) }]));
  t.is(election.plan?.epoch, 2);
  const secondsNow = startMs / 1000;
  const ahead = planOf(author, secondsNow + days(2) / 1000);
  tell(batchOf(author, [{ kind: 'plan', plan: ahead }], 1));
  t.is(election.plan?.epoch, 2, 'of somebody whose clock is not behind by days');
});

test('of a plan whose epoch is too high for a clock that is behind nobody has to be told again', (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
  const ahead = planOf(author, (startMs + days(2)) / 1000);
  tell(batchOf(author, [{ kind: 'plan', plan: ahead }], 1));
  t.is(election.plan, undefined);
  election.handle({ kind: 'tick', now: unixMs(startMs + days(2)) });
  t.is(election.plan, ahead);
});

test('a plan that makes no sense is refused and reported, the old one stays', (t) => {
  const membership = membershipOf(self);
  const election = new Election(membership);
  const told = [
    batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]),
    batchOf(author, [{ kind: 'plan', plan: planOf(author, 1) }]),
    batchOf(author, [{ kind: 'plan', plan: { ...planOf(author, 2), classes: [brokenClass] } }], 1),
  ].map((batch) => {
    const event = { kind: 'batchStored', batch, now: startMs } as const;
    membership.handle(event);
    return election.handle(event);
  });
  t.is(election.plan?.epoch, 1);
  t.deepEqual(
    told[2]?.map(({ kind }) => kind),
    ['report'],
  );
});

test('two optimizers whose clocks differ by hours agree on the lease, which lasts as long as it says from when it is heard', (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
  const fromMs = unixMs(startMs - hours(5));
  tell(batchOf(author, [{ kind: 'lease', fromMs, untilMs: unixMs(fromMs + leaseMs) }]));
  t.is(election.leaseAt(startMs)?.peer, author.peer);
  t.is(election.leaseAt(unixMs(startMs + leaseMs - 1))?.peer, author.peer);
  t.is(election.leaseAt(unixMs(startMs + leaseMs)), undefined);
});

test('a lease without an end lasts no longer than any other, also for whoever reads it from its own disk', (t) => {
  const forEver = { kind: 'lease', fromMs: startMs, untilMs: unixMs(startMs + hours(24_000)) } as const;
  const later = { ...forEver, fromMs: unixMs(startMs + hours(12_000)) };
  for (const lease of [forEver, later])
    for (const isReading of [false, true]) {
      const { election, tell } = electionOf();
      tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
      if (isReading) election.handle({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
      tell(batchOf(author, [lease]));
      t.is(election.leaseAt(unixMs(startMs + leaseMs - 1))?.peer, author.peer);
      t.is(election.leaseAt(unixMs(startMs + leaseMs)), undefined);
    }
});

test('a lease that an agent reads from its own disk, or that ended the evening before, holds nobody up', (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
  const long = unixMs(startMs - hours(12));
  tell(batchOf(author, [{ kind: 'lease', fromMs: long, untilMs: unixMs(long + leaseMs) }], 0));
  t.is(election.leaseAt(startMs), undefined);
  election.handle({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
  const early = unixMs(startMs - hours(2));
  tell(batchOf(author, [{ kind: 'lease', fromMs: early, untilMs: unixMs(early + leaseMs) }], 1));
  t.is(election.leaseAt(startMs), undefined);
});

const [goodClass] = planOf(author, 1).classes as [ReturnType<typeof planOf>['classes'][number]];
const brokenClass = { ...goodClass, redundancy: { k: 3, n: 2 } };

test('a plan that others follow and that does not come is overruled by a later one, once', (t) => {
  const { election, tell, membership } = electionOf();
  tell(batchOf(other, certificatesOf(machines)));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 2) }]));
  const speak = (epoch: number, now: UnixMs): void => {
    const under = { epoch, author: author.peer };
    const message = { kind: 'inventory', group: 'g', scope: 'update', under, held: [] } as const;
    election.handle({ kind: 'message', from: other.peer, message, now });
  };
  const reasonsAt = (now: UnixMs): readonly string[] =>
    [
      ...election.handle({ kind: 'tick', now }),
      ...election.handle({ kind: 'tick', now: unixMs(now + 60_000) }),
    ]
      .filter((effect) => effect.kind === 'computePlan')
      .flatMap(({ reason, scope }) => {
        if (scope === undefined) return [reason];
        // Copies of popular packs are weighed each day, whatever else there is to plan.
        election.handle({ kind: 'planComputed', plan: undefined, now });
        return [];
      });
  for (const { peer } of [other, last]) membership.handle({ kind: 'connected', peer, now: startMs });
  // The set of machines is the one of the plan but for one: that reason comes first, and only once.
  reasonsAt(unixMs(startMs + hours(1)));
  election.handle({ kind: 'planComputed', plan: undefined, now: startMs });
  speak(2 ** 40, unixMs(startMs + hours(1)));
  t.deepEqual(reasonsAt(unixMs(startMs + hours(3))), [], 'so far ahead nobody is');
  speak(9, unixMs(startMs + hours(3)));
  t.deepEqual(reasonsAt(unixMs(startMs + hours(3) + 60_000)), [], 'it may be on its way');
  t.deepEqual(reasonsAt(unixMs(startMs + hours(5))), ['some follow a plan that did not come here']);
  const made = election.handle({ kind: 'planComputed', plan: planOf(self, 3), now: startMs });
  t.deepEqual(
    made.map((effect) => effect.kind === 'appendRecords' && effect.records),
    [[{ kind: 'plan', plan: planOf(self, 10) }]],
  );
  t.deepEqual(reasonsAt(unixMs(startMs + hours(6))), [], 'not again so soon');
});

/** Whether a plan for all machines is asked for between two times after the start; copies are weighed, and stay as they are. */
function isPlanWanted(election: Election, fromMs: number, toMs: number): boolean {
  for (let ms = fromMs; ms < toMs; ms += minutes(1)) {
    const now = unixMs(startMs + ms);
    for (const effect of election.handle({ kind: 'tick', now })) {
      if (effect.kind !== 'computePlan') continue;
      if (effect.scope === undefined) return true;
      election.handle({ kind: 'planComputed', plan: undefined, now });
    }
  }
  return false;
}

test('a plan that was overtaken by an own one while it was made is made again', (t) => {
  const { election, tell, membership } = electionOf();
  tell(batchOf(other, certificatesOf(machines)));
  for (const { peer } of [author, other, last]) membership.handle({ kind: 'connected', peer, now: startMs });
  t.true(isPlanWanted(election, 0, hours(2)));
  tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 1) }]));
  const late = election.handle({
    kind: 'planComputed',
    plan: planOf(self, 1),
    now: unixMs(startMs + hours(2)),
  });
  t.deepEqual(late, []);
  t.true(isPlanWanted(election, hours(2), hours(6)));
});

test('whoever leads again after another one planned makes a plan: that one may not have known of all', (t) => {
  const { election, tell, membership } = electionOf();
  const records = certificatesOf(machines);
  tell(batchOf(other, records));
  for (const { peer } of machines)
    if (peer !== self.peer) membership.handle({ kind: 'connected', peer, now: startMs });
  t.true(isPlanWanted(election, 0, hours(2)));
  election.handle({ kind: 'planComputed', plan: planOf(self, 1), now: unixMs(startMs + hours(2)) });
  tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 1) }]));
  t.false(isPlanWanted(election, hours(2), hours(12)), 'it knows for whom that was');
  tell(batchOf(other, [{ kind: 'plan', plan: planOf(other, 2) }]));
  membership.handle({ kind: 'disconnected', peer: other.peer, now: unixMs(startMs + hours(12)) });
  t.true(isPlanWanted(election, hours(12), hours(24)));
});

test('a plan of a machine that is out, which others may have followed before they heard that, is overruled too', (t) => {
  const { election, tell, membership } = electionOf();
  const records = certificatesOf(machines);
  tell(batchOf(other, [...records, { kind: 'statement', bytes: revocationOf(author) }]));
  tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 4) }]));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 5) }]));
  t.is(election.plan?.epoch, 4);
  membership.handle({ kind: 'connected', peer: other.peer, now: startMs });
  const answersAt = (now: UnixMs): Effects => {
    const isWanted = election.handle({ kind: 'tick', now }).some(({ kind }) => kind === 'computePlan');
    return isWanted ? election.handle({ kind: 'planComputed', plan: planOf(self, 5), now }) : [];
  };
  const epochs = Array.from({ length: 12 * 60 }, (_, minute) => answersAt(unixMs(startMs + minutes(minute))))
    .flat()
    .flatMap((answer) => (answer.kind === 'appendRecords' ? answer.records : []))
    .flatMap((record) => (record.kind === 'plan' ? [record.plan.epoch] : []));
  t.deepEqual([...new Set(epochs)], [6]);
});

/** All orders of some things. */
const ordersOf = <T>(things: readonly T[]): readonly (readonly T[])[] =>
  things.length < 2
    ? [things]
    : things.flatMap((first, at) => ordersOf(things.toSpliced(at, 1)).map((rest) => [first, ...rest]));

test('plans of thieves far ahead of all others part nobody: in whatever order their ends are heard, all come to one plan', (t) => {
  const [, honest, thief, second] = machines;
  const seconds = Math.floor(startMs / 1000);
  const told = [
    batchOf(honest, [{ kind: 'plan', plan: planOf(honest, 12) }], 1),
    batchOf(thief, [{ kind: 'plan', plan: planOf(thief, seconds) }], 0),
    batchOf(second, [{ kind: 'plan', plan: planOf(second, seconds + 5000) }], 0),
    batchOf(honest, [{ kind: 'statement', bytes: revocationOf(thief) }], 2),
    batchOf(honest, [{ kind: 'statement', bytes: revocationOf(second) }], 3),
    batchOf(honest, [{ kind: 'plan', plan: planOf(honest, 13) }], 4),
  ];
  const records = certificatesOf(machines);
  for (const order of ordersOf(told)) {
    const { election, tell } = electionOf();
    tell(batchOf(honest, records));
    for (const batch of order) tell(batch);
    t.deepEqual([election.plan?.author, election.plan?.epoch], [honest.peer, 13]);
  }
});

test('a plan that is far ahead holds while its author is in, and while there is no other', (t) => {
  const { election, tell } = electionOf();
  const records = certificatesOf(machines);
  tell(batchOf(other, records));
  const far = planOf(author, Math.floor(startMs / 1000));
  tell(batchOf(author, [{ kind: 'plan', plan: far }]));
  tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 3) }]));
  t.is(election.plan, far);
  const alone = electionOf();
  for (const batch of [batchOf(other, records), batchOf(author, [{ kind: 'plan', plan: far }])])
    alone.tell(batch);
  alone.tell(batchOf(other, [{ kind: 'statement', bytes: revocationOf(author) }], 1));
  t.is(alone.election.plan, far);
  alone.tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 3) }]));
  t.is(alone.election.plan?.epoch, 3);
  t.deepEqual(alone.election.earlierPlans, [far], 'restores look there for shards that moved');
});

test('a plan of whoever is out, near that of all others, holds until there is a later one: nothing moves back and forth', (t) => {
  const { election, tell } = electionOf();
  const records = certificatesOf(machines);
  tell(batchOf(other, records));
  tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 3) }]));
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 4) }]));
  tell(batchOf(other, [{ kind: 'statement', bytes: revocationOf(author) }], 1));
  t.is(election.plan?.epoch, 4);
  tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 5) }], 1));
  t.is(election.plan?.author, self.peer);
});

test('a plan of more groups than the machines that are known need is not followed, whatever machines it names', (t) => {
  const { election, tell } = electionOf();
  tell(batchOf(other, [{ kind: 'statement', bytes: certificateOf(author) }]));
  const [known] = planOf(author, 1).classes;
  const groupsNamed = (count: number): Plan['classes'] => [
    {
      ...known!,
      groups: Array.from({ length: count }, (_, at) => ({
        ...known!.groups[0]!,
        id: `g${at}`,
        members: ['a', 'b', 'c'].map((name) => machineId(`${name}${at}`)),
      })),
    },
  ];
  tell(batchOf(author, [{ kind: 'plan', plan: { ...planOf(author, 1), classes: groupsNamed(1024) } }]));
  t.is(election.plan?.epoch, 1);
  tell(batchOf(author, [{ kind: 'plan', plan: { ...planOf(author, 2), classes: groupsNamed(1025) } }], 1));
  t.is(election.plan?.epoch, 1);
});

test('a machine whose own log is refused by others leads nobody', (t) => {
  const membership = membershipOf(self);
  const leads = (isForked: boolean): boolean => {
    const election = new Election(membership, () => isForked);
    const batch = batchOf(other, [{ kind: 'statement', bytes: certificateOf(self) }]);
    membership.handle({ kind: 'batchStored', batch, now: startMs });
    return [startMs, unixMs(startMs + hours(1)), unixMs(startMs + hours(2))].some((now) =>
      election.handle({ kind: 'tick', now }).some(({ kind }) => kind === 'appendRecords'),
    );
  };
  t.false(leads(true));
  t.true(leads(false));
});

test('classes of a plan that was overruled are in the next one, as packs may have been placed by them', (t) => {
  const { election, tell, membership } = electionOf();
  tell(batchOf(other, certificatesOf(machines)));
  for (const { peer } of machines)
    if (peer !== self.peer) membership.handle({ kind: 'connected', peer, now: startMs });
  const lost = planOf(author, 1);
  const bulk = lost.classes.map((one) => ({
    ...one,
    name: 'bulk' as const,
    groups: [{ ...one.groups[0]!, id: 'b' }],
  }));
  tell(batchOf(author, [{ kind: 'plan', plan: { ...lost, classes: [...lost.classes, ...bulk] } }]));
  t.true(isPlanWanted(election, 0, hours(2)));
  election.handle({ kind: 'planComputed', plan: undefined, now: unixMs(startMs + hours(2)) });
  tell(batchOf(author, [{ kind: 'plan', plan: planOf(author, 2) }], 1));
  const overruling = planOf(other, 3);
  tell(batchOf(other, [{ kind: 'plan', plan: overruling }], 1));
  t.is(election.plan, overruling);
  t.deepEqual(election.basis, { ...overruling, classes: [...overruling.classes, ...bulk] });
  const reasons: string[] = [];
  for (let ms = hours(2); ms < hours(3); ms += minutes(1))
    for (const effect of election.handle({ kind: 'tick', now: unixMs(startMs + ms) }))
      if (effect.kind === 'computePlan') reasons.push(effect.reason);
  t.deepEqual(reasons, ['packs of another plan have no group in this one']);
  tell(batchOf(self, [{ kind: 'plan', plan: { ...election.basis!, epoch: 4, author: self.peer } }]));
  t.is(election.basis, election.plan);
});
