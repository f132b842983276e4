// Nobody writes into its own log before others could give back what its disk may have lost; two histories are noticed.

import test from 'ava';
import type { SignedBatch, WireMessage } from '../../../agent/codec/index.ts';
import { ownLogClaimMs, ownLogPairMs, ownLogSettleMs, ownPlansBytesMax } from '../../../agent/limits.ts';
import type { PeerId } from '../../../agent/units.ts';
import { OwnLog } from '../../../agent/core/own-log.ts';
import { Replication } from '../../../agent/core/replication.ts';
import { AgentCore, type Effects } from '../../../agent/core/index.ts';
import { minutes, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import {
  batchOf,
  certificatesOf,
  fleet,
  machines,
  membershipOf,
  planOf,
  revocationOf,
  startMs,
} from './fleet-of-four.ts';
import { findPlansStopped } from '../../../agent/live/problems/find-problems.ts';

const [first, second, third] = [machines[0], machines[1], machines[2]];
const statements = certificatesOf(machines);
const after = (ms: number): UnixMs => unixMs(startMs + ms);
const append: Effects = [
  { kind: 'appendRecords', stream: 'facts', records: [{ kind: 'addresses', addresses: [] }] },
];

function ownLogOf() {
  const membership = membershipOf(first);
  const ownLog = new OwnLog(membership);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, statements), now: startMs });
  ownLog.handle({ kind: 'tick', now: startMs });
  return ownLog;
}

const storedUpTo = (next: number) => ({ kind: 'logStored', stream: 'facts', next }) as const;

/** They have nothing of the log. */
function answer(ownLog: OwnLog, witnesses: readonly { readonly peer: PeerId }[], atMs: number): void {
  for (const { peer } of witnesses)
    ownLog.handle({ kind: 'message', from: peer, message: storedUpTo(0), now: after(atMs) });
}

test('records wait until others had the time to give back what is missing, then come first', (t) => {
  const ownLog = ownLogOf();
  t.deepEqual(ownLog.hold(append, startMs), []);
  const asked = ownLog.handle({ kind: 'connected', peer: second.peer, now: after(0) });
  t.deepEqual(asked, [
    {
      kind: 'send',
      to: second.peer,
      message: { kind: 'logPull', want: [{ author: first.peer, stream: 'facts', sequence: 0 }] },
    },
  ]);
  ownLog.handle({ kind: 'connected', peer: third.peer, now: after(0) });
  answer(ownLog, [second, third], 0);
  ownLog.handle({ kind: 'tick', now: after(ownLogSettleMs - 1) });
  t.false(ownLog.isSure);
  ownLog.handle({ kind: 'tick', now: after(ownLogSettleMs) });
  t.deepEqual(ownLog.hold([], after(ownLogSettleMs)), append);
});

test('who is asked and says nothing is no witness, however long it takes to answer', (t) => {
  const ownLog = ownLogOf();
  for (const { peer } of [second, third]) ownLog.handle({ kind: 'connected', peer, now: after(0) });
  answer(ownLog, [second], 0);
  ownLog.handle({ kind: 'tick', now: after(minutes(1)) });
  t.false(ownLog.isSure);
  answer(ownLog, [third], minutes(1));
  ownLog.handle({ kind: 'tick', now: after(minutes(1) + ownLogSettleMs) });
  t.true(ownLog.isSure);
});

test('where somebody has more of the log it is waited for, and not without an end', (t) => {
  const isSureAfter = (ms: number, has: Partial<Record<'stored', boolean>>): boolean => {
    const ownLog = ownLogOf();
    for (const { peer } of [second, third]) ownLog.handle({ kind: 'connected', peer, now: after(0) });
    answer(ownLog, [second], 0);
    ownLog.handle({ kind: 'message', from: third.peer, message: storedUpTo(1), now: after(0) });
    const batch = batchOf(first, [{ kind: 'addresses', addresses: [] }]);
    if (has.stored === true) ownLog.handle({ kind: 'batchStored', batch, now: after(0) });
    ownLog.handle({ kind: 'tick', now: after(ms) });
    return ownLog.isSure;
  };
  t.false(isSureAfter(ownLogClaimMs - 1, {}));
  t.true(isSureAfter(ownLogClaimMs, {}));
  t.true(isSureAfter(ownLogSettleMs, { stored: true }));
});

test('a comparison of logs is an answer, whether it names the log or not', (t) => {
  const ownLog = ownLogOf();
  for (const { peer } of [second, third]) ownLog.handle({ kind: 'connected', peer, now: after(0) });
  const heads = (sequence: number): WireMessage => ({
    kind: 'heads',
    next: sequence === 0 ? [] : [{ author: first.peer, stream: 'facts', sequence }],
    reply: 'none',
  });
  ownLog.handle({ kind: 'message', from: second.peer, message: heads(0), now: after(0) });
  ownLog.handle({ kind: 'message', from: third.peer, message: heads(2), now: after(0) });
  ownLog.handle({ kind: 'tick', now: after(ownLogSettleMs) });
  t.false(ownLog.isSure);
  ownLog.handle({ kind: 'message', from: third.peer, message: heads(0), now: after(1) });
  ownLog.handle({ kind: 'tick', now: after(ownLogSettleMs) });
  t.true(ownLog.isSure);
});

test('of a comparison in pages only the page that is about the log is an answer', (t) => {
  const ownLog = ownLogOf();
  for (const { peer } of [second, third]) ownLog.handle({ kind: 'connected', peer, now: after(0) });
  const page = (authors: Extract<WireMessage, { kind: 'heads' }>['authors']): WireMessage => ({
    kind: 'heads',
    next: [],
    reply: 'none',
    ...(authors === undefined ? {} : { authors }),
  });
  const isSureAfter = (message: WireMessage): boolean => {
    for (const { peer } of [second, third])
      ownLog.handle({ kind: 'message', from: peer, message, now: after(0) });
    ownLog.handle({ kind: 'tick', now: after(ownLogSettleMs) });
    return ownLog.isSure;
  };
  t.false(isSureAfter(page({ until: first.peer })));
  t.true(isSureAfter(page({ from: first.peer })));
});

test('who is asked for its author’s own log says how long it is, though it has none of it', (t) => {
  const { replication, open, store } = replicationOf();
  const ask = (): Effects =>
    replication.handle({
      kind: 'message',
      from: first.peer,
      message: { kind: 'logPull', want: [{ author: first.peer, stream: 'facts', sequence: 0 }] },
      now: after(0),
    });
  t.deepEqual(ask()[1], { kind: 'send', to: first.peer, message: storedUpTo(0) });
  open(said('/ip4/10.0.0.1/tcp/1'));
  store(said('/ip4/10.0.0.1/tcp/1'));
  t.deepEqual(ask()[1], { kind: 'send', to: first.peer, message: storedUpTo(1) });
});

test('one other machine may have been away for as long as this one: a second is waited for, for a while', (t) => {
  const isSureAfter = (ms: number, peers: readonly { readonly peer: PeerId }[]): boolean => {
    const ownLog = ownLogOf();
    for (const { peer } of peers) ownLog.handle({ kind: 'connected', peer, now: after(0) });
    answer(ownLog, peers, 0);
    ownLog.handle({ kind: 'tick', now: after(ms) });
    return ownLog.isSure;
  };
  t.true(isSureAfter(ownLogSettleMs, [second, third]));
  t.false(isSureAfter(ownLogSettleMs, [second, second]));
  t.false(isSureAfter(ownLogPairMs - 1, [second]));
  t.true(isSureAfter(ownLogPairMs, [second]));
});

test('the second one has the time to answer too, however long the first was there alone', (t) => {
  const ownLog = ownLogOf();
  ownLog.handle({ kind: 'connected', peer: second.peer, now: after(0) });
  answer(ownLog, [second], 0);
  const metMs = 10 * ownLogSettleMs;
  ownLog.handle({ kind: 'connected', peer: third.peer, now: after(metMs) });
  t.deepEqual(ownLog.hold(append, after(metMs)), []);
  answer(ownLog, [third], metMs);
  answer(ownLog, [third], metMs + 1);
  ownLog.handle({ kind: 'tick', now: after(metMs + ownLogSettleMs - 1) });
  t.false(ownLog.isSure);
  ownLog.handle({ kind: 'tick', now: after(metMs + ownLogSettleMs) });
  t.true(ownLog.isSure);
});

test('whoever gets words of its own back waits on', (t) => {
  const ownLog = ownLogOf();
  for (const { peer } of [second, third]) ownLog.handle({ kind: 'connected', peer, now: after(0) });
  answer(ownLog, [second, third], 0);
  const batch = batchOf(first, [{ kind: 'addresses', addresses: [] }]);
  ownLog.handle({ kind: 'batchStored', batch, now: after(ownLogSettleMs - 1) });
  ownLog.handle({ kind: 'tick', now: after(ownLogSettleMs) });
  t.false(ownLog.isSure);
  ownLog.handle({ kind: 'tick', now: after(2 * ownLogSettleMs) });
  t.true(ownLog.isSure);
});

test('the only machine of a fleet waits for nobody', (t) => {
  const ownLog = new OwnLog(membershipOf(first));
  ownLog.handle({ kind: 'tick', now: startMs });
  t.deepEqual(ownLog.hold(append, startMs), append);
});

test('a machine whose key was made a moment ago has written nothing that could come back', (t) => {
  const ownLog = ownLogOf();
  const started = { kind: 'started', stored: [], staged: [], heard: [], now: startMs } as const;
  ownLog.handle(started);
  t.false(ownLog.isSure);
  ownLog.handle({ ...started, isFirstLife: true });
  t.deepEqual(ownLog.hold(append, startMs), append);
});

test('a machine that comes up compares its log with others every second for a while, then rarely', (t) => {
  const membership = membershipOf(first);
  const replication = new Replication(membership, () => 0.5);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, statements), now: startMs });
  replication.handle({ kind: 'tick', now: startMs });
  for (const machine of [membership, replication])
    machine.handle({ kind: 'connected', peer: second.peer, now: startMs });
  const compared: number[] = [];
  for (let at = 1; at <= 120; at++)
    for (const effect of replication.handle({ kind: 'tick', now: after(seconds(at)) }))
      if (effect.kind === 'send' && effect.message.kind === 'heads') compared.push(at);
  t.deepEqual(compared, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

function replicationOf(self = second) {
  const membership = membershipOf(self);
  const replication = new Replication(membership, () => 0.5);
  membership.handle({ kind: 'batchStored', batch: batchOf(second, statements), now: startMs });
  for (const { peer } of machines)
    if (peer !== self.peer) membership.handle({ kind: 'connected', peer, now: startMs });
  const open = (batch: SignedBatch, from = first.peer): Effects =>
    replication.handle({ kind: 'batchOpened', from, batch, now: after(seconds(60)) });
  const store = (batch: SignedBatch): Effects =>
    replication.handle({ kind: 'batchStored', batch, now: after(seconds(60)) });
  return { replication, open, store, membership };
}

const said = (text: string): SignedBatch => batchOf(first, [{ kind: 'addresses', addresses: [text] }]);

test('a second history of a log is neither kept nor confirmed, and its author is shown the first', (t) => {
  const { replication, open, store } = replicationOf();
  open(said('/ip4/10.0.0.1/tcp/1'));
  store(said('/ip4/10.0.0.1/tcp/1'));
  const effects = open(said('/ip4/10.0.0.2/tcp/1'));
  t.true(replication.isForked(first.peer));
  t.deepEqual(
    effects.map(({ kind }) => kind),
    ['sendBatches', 'report'],
  );
  // People hear of it once, and its author is not shown all of it with each batch.
  t.deepEqual(open(said('/ip4/10.0.0.3/tcp/1')), []);
});

test('whoever was put out in a history that is refused is out all the same, and others hear of it', (t) => {
  const { open, store } = replicationOf();
  open(said('/ip4/10.0.0.1/tcp/1'));
  store(said('/ip4/10.0.0.1/tcp/1'));
  const revocation = { kind: 'statement', bytes: revocationOf(machines[3]) } as const;
  const forged = { kind: 'statement', bytes: new Uint8Array(revocation.bytes).fill(0, -8) } as const;
  const other = batchOf(first, [...statements, revocation, forged]);
  const appended = (effects: Effects): Effects => effects.filter(({ kind }) => kind === 'appendRecords');
  t.deepEqual(appended(open(other)), [{ kind: 'appendRecords', stream: 'facts', records: [revocation] }]);
  t.deepEqual(appended(open(other)), [], 'once');
});

test('a machine that learns of its first history asks for all of it, and shows what it said since', (t) => {
  const { open, store } = replicationOf(first);
  store(said('/ip4/10.0.0.1/tcp/1'));
  const want = [{ author: first.peer, stream: 'facts', sequence: 0 }] as const;
  const [asked, shown, ...rest] = open(said('/ip4/10.0.0.2/tcp/1'), second.peer);
  t.deepEqual(asked, { kind: 'send', to: second.peer, message: { kind: 'logPull', want } });
  t.deepEqual(shown, { kind: 'sendBatches', to: second.peer, want });
  t.deepEqual(
    rest.map(({ kind }) => kind),
    ['report'],
  );
  t.deepEqual(open(said('/ip4/10.0.0.2/tcp/1'), second.peer), []);
});

test('a batch that is sent again as it was is confirmed', (t) => {
  const { open, store } = replicationOf();
  const batch = said('/ip4/10.0.0.1/tcp/1');
  open(batch);
  store(batch);
  t.deepEqual(open(batch), [
    { kind: 'send', to: first.peer, message: { kind: 'logStored', stream: 'facts', next: 1 } },
  ]);
});

test('what a machine said before it was put out is taken from others, not from itself', (t) => {
  const { open, membership } = replicationOf();
  membership.learn({ kind: 'revocation', revoked: first.peer, reason: 'lost', atMs: startMs }, startMs);
  t.deepEqual(open(said('/ip4/10.0.0.1/tcp/1')), []);
  t.deepEqual(
    open(said('/ip4/10.0.0.1/tcp/1'), machines[2].peer).map(({ kind }) => kind),
    ['storeBatch'],
  );
});

/** The core of the one machine of a fleet, whose log has so many bytes. */
function aloneWith(byteCount: number) {
  const core = new AgentCore({ self: first.peer, fleet, fraction: () => 0 });
  core.handle({ kind: 'started', isFirstLife: true, stored: [], staged: [], heard: [], now: startMs });
  const roster = { ...batchOf(first, statements.slice(0, 1)), bytes: new Uint8Array(byteCount) };
  core.handle({ kind: 'batchStored', batch: roster, now: startMs });
  const effects = core.handle({ kind: 'tick', now: after(minutes(10)) });
  const appends = (kind: string): boolean =>
    effects.some((one) => one.kind === 'appendRecords' && one.records.some((record) => record.kind === kind));
  return { core, appends };
}

test('a log that is filled by plans takes no more of them, and all else', (t) => {
  const { core } = aloneWith(ownPlansBytesMax + 1);
  const plan = { kind: 'plan', plan: planOf(first, 1) } as const;
  const written = core.ownLog.hold(
    [{ kind: 'appendRecords', stream: 'facts', records: [plan] }, ...append],
    after(minutes(11)),
  );
  t.deepEqual(
    written.map(({ kind }) => kind),
    ['report', 'appendRecords'],
  );
  t.is(written[1], append[0]);
});

test('a machine whose log takes no more plans does not lead, and says so', (t) => {
  const [full, fitting] = [aloneWith(ownPlansBytesMax + 1), aloneWith(ownPlansBytesMax)];
  t.true(fitting.appends('lease'));
  t.false(full.appends('lease'));
  t.deepEqual(findPlansStopped(fitting.core), []);
  t.deepEqual(
    findPlansStopped(full.core).map(({ kind }) => kind),
    ['plans-stopped'],
  );
});
