// The live wire on loopback: who is let in, frames in order, hints, shards, and what a bad or dead peer may do.

import test from 'ava';
import { createMachineKey } from '../../../agent/codec/index.ts';
import type { SendOutcome } from '../../../agent/index.ts';
import { probe } from '../../../agent/live/wire/index.ts';
import type { ShardLocation } from '../../../agent/ports.ts';
import {
  connectedPair,
  harm,
  smallFleet,
  startAgent,
  storeShard,
  type TestAgent,
  testPack,
} from './small-fleet.ts';

const sendShard = (from: TestAgent, to: TestAgent, shard: ShardLocation): Promise<SendOutcome> =>
  new Promise((resolve) => from.wire.sendShard(to.key.peer, shard, resolve));

test('two members are connected once, exchange frames in order both ways, and notice an end', async (t) => {
  const [first, second] = await connectedPair(t);
  first.wire.connect(second.key.peer, second.wire.addresses());
  const count = 300;
  for (let at = 0; at < count; at++) {
    t.true(first.wire.send(second.key.peer, Uint8Array.of(at >> 8, at & 255)));
    t.true(second.wire.send(first.key.peer, new Uint8Array(1000 + at)));
  }
  await Promise.all([first.ears.hears('frame', count), second.ears.hears('frame', count)]);
  const numbers = second.ears.heard.flatMap(({ bytes }) =>
    bytes === undefined ? [] : [bytes[0]! * 256 + bytes[1]!],
  );
  t.deepEqual(
    numbers,
    Array.from({ length: count }, (_, at) => at),
  );
  t.is(first.ears.heard.findLast(({ kind }) => kind === 'frame')?.bytes?.length, 1000 + count - 1);
  t.is(first.ears.count('connected'), 1);
  await second.wire.close();
  await first.ears.hears('disconnected');
  t.false(first.wire.send(second.key.peer, Uint8Array.of(1)));
});

test('two agents that dial each other at once hear of one connection each', async (t) => {
  const fleet = smallFleet();
  const [first, second] = [await startAgent(t, fleet), await startAgent(t, fleet)];
  first.wire.connect(second.key.peer, second.wire.addresses());
  second.wire.connect(first.key.peer, first.wire.addresses());
  await Promise.all([first.ears.hears('connected'), second.ears.hears('connected')]);
  first.wire.send(second.key.peer, Uint8Array.of(1));
  second.wire.send(first.key.peer, Uint8Array.of(2));
  await Promise.all([first.ears.hears('frame'), second.ears.hears('frame')]);
  t.deepEqual([first.ears.count('connected'), second.ears.count('connected')], [1, 1]);
  t.deepEqual([first.ears.count('disconnected'), second.ears.count('disconnected')], [0, 0]);
});

test('an agent that knows only a bootstrap address finds the fleet by it', async (t) => {
  const fleet = smallFleet();
  const first = await startAgent(t, fleet);
  const second = await startAgent(t, fleet, { bootstrapAddresses: first.wire.addresses() });
  await Promise.all([first.ears.hears('connected'), second.ears.hears('connected')]);
  t.deepEqual(
    second.ears.heard.map(({ peer }) => peer),
    [first.key.peer],
  );
});

test('an agent among whose bootstrap addresses are some that are none starts, and finds the fleet by the others', async (t) => {
  const fleet = smallFleet();
  const first = await startAgent(t, fleet);
  const none = ['nowhere', '/ip4/127.0.0.1/tcp/1/p2p/xyz', `/ip4/300.1.1.1/tcp/1/p2p/${first.key.peer}`, ''];
  await startAgent(t, fleet, { bootstrapAddresses: none });
  const second = await startAgent(t, fleet, { bootstrapAddresses: [...none, ...first.wire.addresses()] });
  await Promise.all([first.ears.hears('connected'), second.ears.hears('connected')]);
  t.deepEqual(
    second.ears.heard.map(({ peer }) => peer),
    [first.key.peer],
  );
});

test('hints reach the other members', async (t) => {
  const [first, second] = await connectedPair(t);
  const hint = new TextEncoder().encode('my head moved');
  // Gossip may be lost until its streams are up: said until it is heard.
  const saying = setInterval(() => first.wire.broadcast(hint), 50);
  t.teardown(() => clearInterval(saying));
  await second.ears.hears('hint');
  const heard = second.ears.heard.find(({ kind }) => kind === 'hint');
  t.is(heard?.peer, first.key.peer);
  t.deepEqual(Uint8Array.from(heard?.bytes ?? []), hint);
});

test('a frame that is too long, and a frame beyond the queue, are not taken', async (t) => {
  const limits = { queuedFramesPerPeerMax: 3, frameBytesMax: 1000 };
  const [first, second] = await connectedPair(t, { first: { limits } });
  const to = second.key.peer;
  t.false(first.wire.send(to, new Uint8Array(1001)));
  t.deepEqual(
    [1, 2, 3, 4].map(() => first.wire.send(to, new Uint8Array(1000))),
    [true, true, true, false],
  );
  await second.ears.hears('frame', 3);
  t.false(first.wire.send(createMachineKey().peer, Uint8Array.of(1)));
});

test('a shard is streamed from disk to disk, replicas out of the outbox too', async (t) => {
  const [first, second] = await connectedPair(t);
  const coded = testPack(3_000_000, { k: 2, n: 3 });
  const replica = testPack(700_001, { k: 1, n: 3 });
  await storeShard(first.disk, coded, { index: 2 });
  await first.disk.stage(replica.descriptor, replica.shards);
  const held = { place: 'held', pack: coded.descriptor.pack, index: 2 } as const;
  t.is(await sendShard(first, second, held), 'stored');
  t.is(
    await sendShard(first, second, { place: 'outbox', pack: replica.descriptor.pack, index: 1 }),
    'stored',
  );
  t.deepEqual(
    second.ears.heard.filter(({ kind }) => kind === 'shardArrived').map(({ outcome }) => outcome),
    ['stored', 'stored'],
  );
  t.is(await new Promise((resolve) => second.disk.verify(held, resolve)), 'intact');
});

test('many shards at once all arrive, a few at a time', async (t) => {
  const [first, second] = await connectedPair(t, { first: { limits: { shardSendsMax: 2 } } });
  const packs = Array.from({ length: 9 }, (_, seed) => testPack(300_000, { k: 1, n: 3 }, seed));
  for (const pack of packs) await first.disk.stage(pack.descriptor, pack.shards);
  const outcomes = packs.map(({ descriptor }) =>
    sendShard(first, second, { place: 'outbox', pack: descriptor.pack, index: 0 }),
  );
  t.deepEqual(new Set(await Promise.all(outcomes)), new Set(['stored']));
  t.is(second.disk.usage().heldBytes, 9 * 300_000);
});

test('a damaged shard is found on the way out and never arrives', async (t) => {
  const [first, second] = await connectedPair(t);
  const pack = testPack(1_000_000);
  await storeShard(first.disk, pack, { index: 0 });
  const shard = { place: 'held', pack: pack.descriptor.pack, index: 0 } as const;
  harm(first, shard);
  t.is(await sendShard(first, second, shard), 'damaged');
  await second.ears.hears('shardArrived');
  t.is(second.ears.heard.at(-1)?.outcome, 'unreachable');
  t.is(second.disk.usage().heldBytes, 0);
  t.is(await sendShard(first, second, { ...shard, index: 1 }), 'damaged');
});

test('a shard is refused before it flows where nobody wants it, there is no room, or nobody is', async (t) => {
  const [first, second] = await connectedPair(t, { second: { quotaBytes: 500_000 } });
  const pack = testPack(600_000);
  await first.disk.stage(pack.descriptor, pack.shards);
  const shard = { place: 'outbox', pack: pack.descriptor.pack, index: 0 } as const;
  t.is(await sendShard(first, second, shard), 'full');
  second.ears.place = undefined;
  t.is(await sendShard(first, second, shard), 'refused');
  second.wire.cut(first.key.peer);
  await first.ears.hears('disconnected');
  t.is(await sendShard(first, second, shard), 'unreachable');
});

test('a member that is cut is disconnected and stays out', async (t) => {
  const [first, second] = await connectedPair(t);
  first.wire.cut(second.key.peer);
  await Promise.all([first.ears.hears('disconnected'), second.ears.hears('disconnected')]);
  const asked = probe(second.key, first.wire.addresses()[0]!);
  t.is(
    await asked.then(
      ({ answer }) => answer.kind,
      () => 'refused',
    ),
    'refused',
  );
  t.is(first.ears.count('connected'), 1);
});
