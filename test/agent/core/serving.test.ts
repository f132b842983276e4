// Whose pulls are served when many ask.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Copies } from '../../../agent/core/copies.ts';
import { Nearness } from '../../../agent/core/nearness.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { Serving } from '../../../agent/core/serving.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { queuedPullsPerPeerMax, rangeReadsPerPeerMax, shardSendsMax } from '../../../agent/limits.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { machines, membershipOf, startMs } from './fleet-of-four.ts';

const [self, greedy, modest] = machines;
const { descriptor } = describePack(new Uint8Array(100).fill(1), {
  owner: greedy.peer,
  drive: driveId('0'.repeat(32)),
  placementClass: 'small',
  redundancy: { k: 1, n: 3 },
});
const { pack } = descriptor;

function servingOf() {
  const shelf = new Shelf();
  shelf.hold(descriptor, 0);
  const nearness = new Nearness(self.peer);
  const membership = membershipOf(self);
  const serving = new Serving(shelf, new Copies({ membership, shelf, pulls: new Pulls(), nearness }));
  /** Who is sent something, or told that it is not here. */
  const pull = (from: PeerId): readonly string[] =>
    serving
      .handle({ kind: 'message', from, message: { kind: 'shardPull', pack, index: 0 }, now: startMs })
      .map(({ kind }) => kind);
  const sent = (to: PeerId): readonly (PeerId | undefined)[] =>
    serving
      .handle({
        kind: 'shardSent',
        to,
        shard: { place: 'held', pack, index: 0 },
        outcome: 'stored',
        now: startMs,
      })
      .map((effect) => (effect.kind === 'sendShard' ? effect.to : undefined));
  return { serving, pull, sent };
}

test('who asks for a thousand shards is served after whoever asks for one', (t) => {
  const { pull, sent } = servingOf();
  for (let count = 0; count < 100; count++) pull(greedy.peer);
  t.deepEqual(pull(modest.peer), []);
  t.deepEqual(sent(greedy.peer), [modest.peer]);
  t.deepEqual(sent(greedy.peer), [greedy.peer]);
});

test('who asks a machine that rests is told so, and does not wait for it', (t) => {
  const { serving, pull } = servingOf();
  pull(modest.peer);
  const shard = { place: 'held', pack, index: 0 } as const;
  const event = { kind: 'shardSent', to: modest.peer, shard, outcome: 'resting', now: startMs } as const;
  const message = { kind: 'shardRefused', pack, index: 0 };
  t.deepEqual(serving.handle(event), [{ kind: 'send', to: modest.peer, message }] as unknown as Effects);
});

test('the queue of one machine has an end, and goes with it', (t) => {
  const { serving, pull } = servingOf();
  for (let count = 0; count < shardSendsMax + queuedPullsPerPeerMax; count++)
    t.notDeepEqual(pull(greedy.peer), ['send']);
  t.deepEqual(pull(greedy.peer), ['send'], 'it is told that it is not here');
  t.notDeepEqual(pull(modest.peer), ['send']);
  serving.handle({ kind: 'disconnected', peer: greedy.peer, now: startMs });
  t.is(serving.sendCount, shardSendsMax + 1);
  t.true(serving.isFor(modest.peer));
});

test('parts of a shard are read for its owner alone, inside of it, and not too many at once', (t) => {
  const { serving } = servingOf();
  const ask = (from: PeerId, { offset = 3, length = 7 } = {}) =>
    serving.handle({
      kind: 'message',
      from,
      message: { kind: 'rangeAsk', pack, index: 0, offset, length },
      now: startMs,
    });
  const refused = [
    {
      kind: 'send',
      to: modest.peer,
      message: { kind: 'rangeAnswer', pack, index: 0, offset: 3, length: 7 },
    },
  ];
  t.deepEqual(ask(modest.peer), refused, 'a holder could answer audits with it');
  t.is(ask(greedy.peer, { offset: 95, length: 6 })[0]?.kind, 'send');
  const range = { pack, index: 0, offset: 3, length: 7 };
  t.deepEqual(ask(greedy.peer), [{ kind: 'readRange', to: greedy.peer, place: 'held', range }]);
  t.true(serving.isFor(greedy.peer));
  for (let count = 1; count < rangeReadsPerPeerMax; count++) t.is(ask(greedy.peer)[0]?.kind, 'readRange');
  t.is(ask(greedy.peer)[0]?.kind, 'send', 'enough are being read');
  const bytes = new Uint8Array(7).fill(1);
  const read = serving.handle({ kind: 'rangeRead', to: greedy.peer, range, bytes, now: startMs });
  t.deepEqual(read, [{ kind: 'send', to: greedy.peer, message: { kind: 'rangeAnswer', ...range, bytes } }]);
  t.is(ask(greedy.peer)[0]?.kind, 'readRange');
});
