// Whom an agent of a large fleet asks to compare logs, and when: two at once would both send all that is missing.

import test from 'ava';
import { days, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import {
  type AdminKey,
  type AgentRecord,
  createAdminKey,
  fleetRootFromSeed,
  type LogWant,
  type Role,
  sha256Hex,
  type SignedBatch,
  signBatch,
  signStatement,
  type Statement,
} from '../../../agent/codec/index.ts';
import { Membership } from '../../../agent/core/membership.ts';
import { Replication } from '../../../agent/core/replication.ts';
import type { Effects } from '../../../agent/core/effects.ts';
import {
  headsAfterAppendMs,
  logHashesKept,
  questionsInVainMax,
  strangerLogsMax,
} from '../../../agent/limits.ts';
import { type PeerId, peerId } from '../../../agent/units.ts';
import {
  batchOf,
  certificateOf,
  certificatesOf,
  machines,
  membershipOf,
  pardonOf,
  startMs,
} from './fleet-of-four.ts';

const [self, second, third] = machines;

const at = (ms: number): UnixMs => unixMs(startMs + ms);

/** An agent that greets everybody who connects, in a fleet that is too large to be fully connected. */
function replicationOf() {
  const membership = membershipOf(self);
  const records = certificatesOf(machines);
  const batch = batchOf(second, records);
  membership.handle({ kind: 'batchStored', batch, now: startMs });
  membership.setSparse(true);
  const replication = new Replication(membership, () => 0);
  replication.handle({ kind: 'batchStored', batch, now: startMs });
  const connect = (peer: PeerId, now: UnixMs): Effects => {
    membership.handle({ kind: 'connected', peer, now });
    return replication.handle({ kind: 'connected', peer, now });
  };
  const disconnect = (peer: PeerId, now: UnixMs) => membership.handle({ kind: 'disconnected', peer, now });
  const hearHeads = (from: PeerId, next: readonly LogWant[], now: UnixMs): Effects =>
    replication.handle({ kind: 'message', from, message: { kind: 'heads', next, reply: 'wanted' }, now });
  return { replication, connect, disconnect, hearHeads, batch };
}

const askedIn = (effects: Effects): readonly PeerId[] =>
  effects.flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'heads' ? [effect.to] : []));

test('of several that connect at once one is asked, and another when that one had its time', (t) => {
  const { replication, connect } = replicationOf();
  t.deepEqual(askedIn(connect(second.peer, at(0))), [second.peer]);
  t.deepEqual(askedIn(connect(third.peer, at(10))), []);
  t.deepEqual(askedIn(replication.handle({ kind: 'tick', now: at(headsAfterAppendMs + 10) })).length, 1);
});

test('who was asked and went away is waited for no longer, also when it comes back', (t) => {
  const { connect, disconnect } = replicationOf();
  connect(second.peer, at(0));
  disconnect(second.peer, at(10));
  t.deepEqual(askedIn(connect(third.peer, at(20))), [third.peer]);
  const again = replicationOf();
  again.connect(second.peer, at(0));
  again.disconnect(second.peer, at(10));
  t.deepEqual(askedIn(again.connect(second.peer, at(20))), [second.peer]);
});

test('each comparison names how far the logs go by then', (t) => {
  const { replication, connect, disconnect } = replicationOf();
  const toldIn = (effects: Effects): readonly number[] =>
    effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'heads'
        ? effect.message.next.map(({ sequence }) => sequence)
        : [],
    );
  t.deepEqual(toldIn(connect(second.peer, at(0))), [1]);
  disconnect(second.peer, at(10));
  replication.handle({
    kind: 'batchStored',
    batch: batchOf(second, certificatesOf(machines), 1),
    now: at(10),
  });
  t.deepEqual(toldIn(connect(third.peer, at(20))), [2]);
});

test('where the words of both cross each sends what the other lacks, and names its logs no second time', (t) => {
  const { connect, hearHeads } = replicationOf();
  const theirs = [{ author: third.peer, stream: 'facts', sequence: 7 }] as const;
  connect(second.peer, at(0));
  const crossed = hearHeads(second.peer, theirs, at(10));
  t.deepEqual(askedIn(crossed), []);
  t.true(crossed.some((effect) => effect.kind === 'sendBatches' && effect.to === second.peer));
  const later = hearHeads(second.peer, theirs, at(headsAfterAppendMs + seconds(1)));
  t.deepEqual(askedIn(later), [second.peer], 'it may have lost them since');
});

test('names that are invented in hints fill no list, and a lie about the length of a log moves nothing that is decided by it', (t) => {
  const { replication, connect, hearHeads } = replicationOf();
  connect(second.peer, at(0));
  const hear = (author: PeerId): Effects =>
    replication.handle({
      kind: 'hint',
      from: second.peer,
      hint: { author, stream: 'facts', next: Number.MAX_SAFE_INTEGER },
      now: at(10),
    });
  for (let count = 0; count < 2 * strangerLogsMax; count++)
    hear(peerId(`12D3KooW${String(count).padStart(44, '1').replaceAll('0', 'z')}`));
  const answer = hearHeads(third.peer, [{ author: third.peer, stream: 'facts', sequence: 7 }], at(20)).find(
    (effect) => effect.kind === 'send' && effect.message.kind === 'heads',
  );
  const named = answer?.kind === 'send' && answer.message.kind === 'heads' ? answer.message.next.length : 0;
  t.true(named > 0 && named <= strangerLogsMax + machines.length, `${named} logs`);
  // A certified machine is asked for what it is said to have, however many names were invented.
  t.is(hear(third.peer).length, 1);
  t.is(replication.factsHere(third.peer), 0);
  t.is(replication.factsHere(second.peer), 1);
});

test('a lie about the length of a log is forgotten after some questions in vain; what its author signed is not', (t) => {
  const { replication, connect } = replicationOf();
  connect(second.peer, at(0));
  connect(third.peer, at(0));
  const hint = { author: third.peer, stream: 'facts', next: Number.MAX_SAFE_INTEGER } as const;
  replication.handle({ kind: 'hint', from: second.peer, hint, now: at(10) });
  t.deepEqual(replication.knownFacts.get(third.peer), { signed: 0, spokenOf: hint.next });
  let asked = 1;
  for (let ms = 1000; ms < 4 * questionsInVainMax * headsAfterAppendMs; ms += 1000)
    asked += replication
      .handle({ kind: 'tick', now: at(ms) })
      .filter((effect) => effect.kind === 'send' && effect.message.kind === 'logPull').length;
  t.is(asked, questionsInVainMax);
  t.deepEqual(replication.knownFacts.get(third.peer), { signed: 0, spokenOf: 0 });
  const batch = batchOf(third, [{ kind: 'statement', bytes: certificateOf(third) }], 6);
  replication.handle({ kind: 'batchOpened', batch, from: third.peer, now: at(10_000_000) });
  t.deepEqual(replication.knownFacts.get(third.peer), { signed: 7, spokenOf: 7 });
});

test('what comes again by another way, while it is still being stored, is no second history and is handed on by nobody', (t) => {
  const { replication, batch } = replicationOf();
  const log: SignedBatch[] = [batch];
  for (let sequence = 1; sequence < 3 * logHashesKept; sequence++)
    log.push(
      signBatch({
        key: second,
        stream: 'facts',
        sequence,
        previous: log.at(-1)!.hash,
        atMs: startMs,
        records: [{ kind: 'statement', bytes: pardonOf(third, at(sequence)) }],
      }),
    );
  const open = (one: SignedBatch, from: PeerId): Effects =>
    replication.handle({ kind: 'batchOpened', from, batch: one, now: at(10) });
  const kinds = (effects: Effects): readonly string[] => effects.map(({ kind }) => kind);
  for (const one of log.slice(1)) t.deepEqual(kinds(open(one, second.peer)), ['storeBatch']);
  for (const one of log.slice(1)) t.deepEqual(kinds(open(one, third.peer)), []);
  replication.handle({ kind: 'batchStored', batch: log[1]!, now: at(20) });
  for (const one of log.slice(2)) t.deepEqual(kinds(open(one, third.peer)), []);
});

test('a batch that names another one before it than the one that is here is of another history, and is refused', (t) => {
  const { replication } = replicationOf();
  const after = {
    key: second,
    stream: 'facts',
    sequence: 1,
    atMs: startMs,
    records: [{ kind: 'addresses', addresses: [] }],
  } as const;
  const batch = signBatch({ ...after, previous: '1'.repeat(64) });
  const effects = replication.handle({ kind: 'batchOpened', from: third.peer, batch, now: at(0) });
  t.false(effects.some(({ kind }) => kind === 'storeBatch'));
  t.true(replication.isForked(second.peer));
});

const lease = { kind: 'lease', fromMs: startMs, untilMs: startMs } as const;

test('who was away for longer than telemetry is kept gets what is still there, and who waits for what is on its way loses nothing', (t) => {
  const { replication, connect } = replicationOf();
  connect(second.peer, at(0));
  const telemetry = (sequence: number): SignedBatch =>
    signBatch({
      key: third,
      stream: 'telemetry',
      sequence,
      previous: sequence === 1501 ? telemetry(1500).hash : '0'.repeat(64),
      atMs: startMs,
      records: [lease],
    });
  replication.handle({ kind: 'batchStored', batch: telemetry(40), now: at(0) });
  const isTaken = (sequence: number, now: UnixMs): boolean =>
    replication
      .handle({ kind: 'batchOpened', from: second.peer, batch: telemetry(sequence), now })
      .some(({ kind }) => kind === 'storeBatch');
  t.false(isTaken(1500, at(0)), 'what is between may be on its way');
  let takenMs: number | undefined;
  for (let ms = 0; ms < seconds(120) && takenMs === undefined; ms += seconds(1)) {
    replication.handle({ kind: 'tick', now: at(ms) });
    if (isTaken(1500, at(ms))) takenMs = ms;
  }
  t.true(takenMs !== undefined && takenMs >= 2 * headsAfterAppendMs, `asked for until ${takenMs}`);
  t.true(isTaken(1501, at(seconds(120))));
  t.false(isTaken(1600, at(seconds(120))), 'from there on nothing is left out at once');
});

test('of facts nothing is left out, however often it was asked for in vain', (t) => {
  const { replication, connect } = replicationOf();
  connect(second.peer, at(0));
  const later = batchOf(second, [lease], 5);
  for (let ms = 0; ms < seconds(120); ms += seconds(1)) {
    replication.handle({ kind: 'tick', now: at(ms) });
    const effects = replication.handle({
      kind: 'batchOpened',
      from: second.peer,
      batch: later,
      now: at(ms),
    });
    t.false(effects.some(({ kind }) => kind === 'storeBatch'));
  }
});

/** An agent in a fleet of two admins, one of which is put out with its key: what its log said first counts. */
function withAdminOut(hears: readonly ('first' | 'out')[]) {
  const root = fleetRootFromSeed(new Uint8Array(32).fill(12));
  const life = { notBeforeMs: startMs, forMs: days(30) };
  const [good, stolen] = [createAdminKey(root, life), createAdminKey(root, life)];
  const said = (by: AdminKey, statement: Statement) =>
    ({ kind: 'statement', bytes: signStatement(by, statement).bytes }) as const;
  const certificate = (
    { peer }: { readonly peer: PeerId },
    roles: readonly Role[] = ['holder'],
  ): Statement => ({
    kind: 'certificate',
    peer,
    name: 'pc',
    roles,
    notBeforeMs: startMs,
    notAfterMs: unixMs(startMs + days(20)),
  });
  const first = batchOf(third, [said(stolen, certificate(third, ['admin', 'holder']))], 0);
  const next = (records: readonly AgentRecord[]): SignedBatch =>
    signBatch({ key: third, stream: 'facts', sequence: 1, previous: first.hash, atMs: startMs, records });
  const genuine = next([said(stolen, certificate(self))]);
  const evil = machines[3];
  const forged = next([said(stolen, certificate(evil))]);
  const end = { admin: sha256Hex(stolen.key.publicKey), log: third.peer, before: 2, hash: genuine.hash };
  const words = { reason: 'stolen', atMs: startMs };
  const out = batchOf(second, [
    said(good, certificate(second, ['admin', 'holder'])),
    said(good, { kind: 'adminRevocation', ...end, ...words }),
    said(good, { kind: 'revocation', revoked: third.peer, ...words }),
  ]);
  const membership = new Membership({ self: self.peer, fleet: root.fleet });
  const replication = new Replication(membership, () => 0);
  const store = (batch: SignedBatch) =>
    [membership, replication].flatMap((one) => one.handle({ kind: 'batchStored', batch, now: startMs }));
  for (const name of hears) store({ first, out }[name]);
  const take = (batch: SignedBatch): boolean => {
    const effects = replication.handle({ kind: 'batchOpened', from: second.peer, batch, now: startMs });
    const isTaken = effects.some(({ kind }) => kind === 'storeBatch');
    if (isTaken) store(batch);
    return isTaken;
  };
  const isIn = (): readonly boolean[] => [self, evil].map(({ peer }) => membership.isMember(peer, startMs));
  return { take, isIn, first, genuine, forged };
}

test('what an admin that was put out writes anew in place of what still counts is refused, and the genuine one is taken', (t) => {
  for (const hears of [['first', 'out'], ['out']] as const) {
    const { take, isIn, first, genuine, forged } = withAdminOut(hears);
    t.is(take(first), !hears.includes('first' as never));
    t.false(take(forged));
    t.deepEqual(isIn(), [false, false]);
    t.true(take(genuine));
    t.deepEqual(isIn(), [true, false]);
  }
});

test('a machine that was put back writes into its log no more than is true: what it saves may still be acknowledged', (t) => {
  const { replication } = replicationOf();
  const records = [{ kind: 'addresses', addresses: [] }] as const;
  const own = ({ sequence, previous }: Pick<SignedBatch, 'sequence' | 'previous'>): SignedBatch =>
    signBatch({ key: self, stream: 'telemetry', sequence, previous, atMs: startMs, records });
  const first = own({ sequence: 0, previous: '0'.repeat(64) });
  replication.handle({ kind: 'batchStored', batch: first, now: at(0) });
  const effects = replication.handle({
    kind: 'batchOpened',
    from: second.peer,
    batch: own({ sequence: 1, previous: '1'.repeat(64) }),
    now: at(1),
  });
  const texts = effects.flatMap((effect) => (effect.kind === 'report' ? [effect.text] : []));
  t.is(texts.length, 1);
  t.notRegex(texts.join(), /acknowledged/u);
  t.regex(texts.join(), /drey status/u);
});
