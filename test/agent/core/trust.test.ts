// Who is warned and left out as a holder, on whose word, and how it comes back.

import test from 'ava';
import { machineKeyFromSeed, type MachineKey, type EvidenceKind } from '../../../agent/codec/index.ts';
import { Election } from '../../../agent/core/election.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Trust, trustText } from '../../../agent/core/trust.ts';
import {
  doubtClearMs,
  doubtGraceMs,
  doubtMsMax,
  evidenceEveryMs,
  trustEveryMs,
} from '../../../agent/limits.ts';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { PeerId } from '../../../agent/units.ts';
import {
  batchOf,
  certificatesOf,
  membershipOf,
  pardonOf,
  planOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';

const keys: readonly MachineKey[] = Array.from({ length: 9 }, (_, seed) =>
  machineKeyFromSeed(new Uint8Array(32).fill(60 + seed)),
);
const [self, accused, ...others] = keys as [MachineKey, MachineKey, ...MachineKey[]];

/** Nine machines of which the first seven share one group. */
function trustOf(me: MachineKey = self, members: readonly MachineKey[] = keys.slice(0, 7), datedBackMs = 0) {
  const membership = membershipOf(me);
  const election = new Election(membership);
  const trust = new Trust(membership, election);
  const records = certificatesOf(keys);
  const [{ groups, ...rest }] = planOf(self, 5).classes as [ReturnType<typeof planOf>['classes'][number]];
  const plan = {
    ...planOf(self, 5),
    classes: [
      {
        ...rest,
        redundancy: { k: 3, n: members.length },
        groups: [{ ...groups[0]!, members: members.map(({ peer }) => peer) }],
      },
    ],
  };
  const statements = batchOf(self, [...records, { kind: 'plan', plan }]);
  membership.handle({ kind: 'batchStored', batch: statements, now: startMs });
  election.handle({ kind: 'batchStored', batch: statements, now: startMs });
  for (const { peer } of keys)
    if (peer !== me.peer) membership.handle({ kind: 'connected', peer, now: startMs });
  let now: UnixMs = startMs;
  const tick = (ms: number = trustEveryMs): Effects => {
    now = unixMs(now + ms);
    return trust.handle({ kind: 'tick', now });
  };
  const doubt = (author: MachineKey, machine: PeerId = accused.peer, kind: EvidenceKind = 'wrong'): void => {
    const record = {
      kind: 'doubt',
      machine,
      atMs: now,
      sinceMs: unixMs(now - datedBackMs),
      evidence: [{ kind, dayCount: 1, lastMs: now }],
    } as const;
    trust.handle({ kind: 'batchStored', batch: batchOf(author, [record]), now });
  };
  const say = (bytes: Uint8Array): void => {
    const batch = batchOf(self, [{ kind: 'statement', bytes }]);
    membership.handle({ kind: 'batchStored', batch, now });
    trust.handle({ kind: 'batchStored', batch, now });
  };
  tick();
  return { trust, membership, tick, doubt, say, now: () => now, hasPlan: election.plan !== undefined };
}

const doubtsIn = (effects: Effects) =>
  effects.flatMap((effect) => (effect.kind === 'appendRecords' ? effect.records : []));
const reportsIn = (effects: Effects) =>
  effects.flatMap((effect) => (effect.kind === 'report' ? [effect] : []));

test('most of those that share a group with it must doubt a machine, and a day must pass, before it is left out', (t) => {
  const { trust, membership, tick, doubt, now, hasPlan } = trustOf();
  t.true(hasPlan);
  for (const author of others.slice(0, 3)) doubt(author);
  tick();
  t.is(trust.viewOf(accused.peer).standing, 'warned');
  t.is(trust.viewOf(accused.peer).quorum, 4);
  tick(doubtGraceMs * 3);
  t.false(membership.isLeftOut(accused.peer));
  doubt(others[3]!);
  tick();
  t.is(trust.viewOf(accused.peer).standing, 'warned');
  tick(doubtGraceMs);
  t.is(trust.viewOf(accused.peer).standing, 'dropped');
  t.is(trust.viewOf(accused.peer).score, 0);
  t.false(membership.eligibleHolders(now()).includes(accused.peer));
});

test('a doubt that is dated back shortens no day of grace', (t) => {
  const { membership, tick, doubt } = trustOf(self, keys.slice(0, 7), 10 * doubtGraceMs);
  for (const author of others.slice(0, 4)) doubt(author);
  tick();
  tick(doubtGraceMs / 2);
  t.false(membership.isLeftOut(accused.peer));
  tick(doubtGraceMs);
  t.true(membership.isLeftOut(accused.peer));
});

test('one accuser, however often it says so, leaves nobody out', (t) => {
  const { membership, trust, tick, doubt } = trustOf();
  for (let day = 0; day < 10; day++) {
    doubt(others[0]!);
    tick(doubtGraceMs);
  }
  t.is(trust.viewOf(accused.peer).standing, 'warned');
  t.false(membership.isLeftOut(accused.peer));
});

test('the words of those count not that share no group with it, are out, or doubt nearly everybody', (t) => {
  const { trust, tick, doubt, say } = trustOf();
  const [revoked, zealous, second, third, fourth, stranger, far] = others as [
    MachineKey,
    MachineKey,
    MachineKey,
    MachineKey,
    MachineKey,
    MachineKey,
    MachineKey,
  ];
  for (const { peer } of keys) if (peer !== zealous.peer) doubt(zealous, peer);
  for (const author of [revoked, second, third]) doubt(author);
  doubt(stranger);
  doubt(far);
  say(revocationOf(revoked));
  tick();
  t.is(trust.viewOf(accused.peer).doubterCount, 2);
  t.is(trust.viewOf(fourth.peer).standing, 'trusted');
});

test('a third of the fleet at most is left out, the most doubted first, and four stay', (t) => {
  const { membership, tick, doubt } = trustOf();
  const bad = keys.slice(1, 5);
  const good = [keys[0]!, keys[5]!, keys[6]!];
  for (const { peer } of bad)
    for (const author of [...good, ...bad]) if (author.peer !== peer) doubt(author, peer);
  tick();
  tick(doubtGraceMs);
  t.is(bad.filter(({ peer }) => membership.isLeftOut(peer)).length, 3);
});

test('it comes back when the doubts are old, or at once by the word of an admin', (t) => {
  for (const way of ['time', 'word'] as const) {
    const { trust, membership, tick, doubt, say, now } = trustOf();
    for (const author of others.slice(0, 4)) doubt(author);
    tick(doubtGraceMs);
    t.true(membership.isLeftOut(accused.peer));
    if (way === 'word') say(pardonOf(accused, now()));
    const effects = tick(way === 'word' ? trustEveryMs : doubtMsMax);
    t.false(membership.isLeftOut(accused.peer));
    t.is(trust.viewOf(accused.peer).standing, 'trusted');
    t.regex(reportsIn(effects)[0]!.text, /trusted again/u);
  }
});

test('its own owner reads what is held against it, and when it is left out', (t) => {
  const { trust, tick, doubt, now } = trustOf(accused);
  doubt(others[0]!, accused.peer, 'dropped');
  doubt(others[1]!, accused.peer, 'late');
  const [report] = reportsIn(tick());
  t.is(report?.level, 'problem');
  t.regex(report!.text, /^this machine is warned as a holder: 2 machines doubt it, 4 are enough/u);
  t.regex(
    trustText('this machine', trust.viewOf(accused.peer), now()),
    /did not have shards.*seen by one.*time was over/u,
  );
});

test('an auditor doubts at once who shows wrong bytes, and only on a second day who lost a shard', (t) => {
  const { trust, now, tick } = trustOf();
  t.is(doubtsIn(trust.noteFault(accused.peer, 'wrong', now())).length, 1);
  const lost = others[0]!.peer;
  t.is(doubtsIn(trust.noteFault(lost, 'dropped', now())).length, 0);
  t.is(doubtsIn(trust.noteFault(lost, 'dropped', unixMs(now() + minutes(1)))).length, 0);
  tick(evidenceEveryMs);
  t.is(doubtsIn(trust.noteFault(lost, 'dropped', now())).length, 1);
});

test('what an auditor held against a machine counts no more once an admin has pardoned it', (t) => {
  const { trust, say, now, tick } = trustOf();
  t.is(doubtsIn(trust.noteFault(accused.peer, 'wrong', now())).length, 1);
  say(pardonOf(accused, now()));
  tick(evidenceEveryMs);
  t.deepEqual(doubtsIn(trust.noteFault(accused.peer, 'late', now())), []);
  const [record] = doubtsIn(trust.noteFault(accused.peer, 'wrong', now()));
  t.like(record, { kind: 'doubt', sinceMs: now() });
  t.deepEqual(record?.kind === 'doubt' && record.evidence.map(({ kind, dayCount }) => [kind, dayCount]), [
    ['late', 1],
    ['wrong', 1],
  ]);
});

test('an auditor takes its doubt back after a week without a fault and some proofs, also after a restart', (t) => {
  const first = trustOf();
  const [record] = doubtsIn(first.trust.noteFault(accused.peer, 'wrong', first.now()));
  const { trust, tick, now } = trustOf();
  trust.handle({ kind: 'started', stored: [], staged: [], heard: [], now: now() });
  trust.handle({ kind: 'batchStored', batch: batchOf(self, [record!]), now: now() });
  tick();
  for (let proof = 0; proof < 3; proof++) trust.noteProof(accused.peer);
  t.deepEqual(doubtsIn(tick()), []);
  const [taken] = doubtsIn(tick(doubtClearMs));
  t.true(taken?.kind === 'doubt' && taken.machine === accused.peer && taken.evidence.length === 0);
  trust.handle({ kind: 'batchStored', batch: batchOf(self, [taken!]), now: now() });
  tick();
  t.is(trust.viewOf(accused.peer).standing, 'trusted');
});
