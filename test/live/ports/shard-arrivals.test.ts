// Shards that come in from several members, of which one is up to no good.

import type { Connection, Stream } from '@libp2p/interface';
import test from 'ava';
import { concatBytes, encodeDescriptor } from '../../../agent/codec/index.ts';
import type { SendOutcome } from '../../../agent/index.ts';
import { shardSendsMax } from '../../../agent/limits.ts';
import { shardStreamsPerPeerMax } from '../../../agent/live/limits.ts';
import { shardProtocol } from '../../../agent/live/wire/protocols.ts';
import { frameOf, StreamReader } from '../../../agent/live/wire/stream-io.ts';
import { minutes } from '../../../datasets/index.ts';
import { smallFleet, startAgent, type TestAgent, type TestAgentOptions, testPack } from './small-fleet.ts';
import { memberNode, over } from './stranger.ts';
import type { ExecutionContext } from 'ava';

/** An agent, an honest member of its fleet, and a connection of another one. */
async function meeting(t: ExecutionContext, limits: TestAgentOptions['limits'] = {}) {
  const fleet = smallFleet();
  const patient = { helloMsMax: minutes(5), pingSilenceMsMax: minutes(5) };
  const agent = await startAgent(t, fleet, { limits: { ...patient, ...limits } });
  const honest = await startAgent(t, fleet, { limits: patient });
  honest.wire.connect(agent.key.peer, agent.wire.addresses());
  await agent.ears.hears('connected');
  const { connection } = await memberNode(t, fleet, agent);
  await agent.ears.hears('connected', 2);
  return { agent, honest, connection };
}

const openStreams = (connection: Connection, count: number): Promise<readonly Stream[]> =>
  Promise.all(Array.from({ length: count }, () => connection.newStream(shardProtocol)));

async function sendFrom(honest: TestAgent, agent: TestAgent): Promise<SendOutcome> {
  const { descriptor, shards } = testPack(300_000);
  await honest.disk.stage(descriptor, shards);
  const shard = { place: 'outbox', pack: descriptor.pack, index: 0 } as const;
  return new Promise((resolve) => honest.wire.sendShard(agent.key.peer, shard, resolve));
}

test('streams on which a member says nothing take no place from others', async (t) => {
  const { agent, honest, connection } = await meeting(t, { shardHeaderMsMax: minutes(5) });
  const silent = await openStreams(connection, shardStreamsPerPeerMax);
  t.is(await sendFrom(honest, agent), 'stored');
  t.true(
    silent.every(({ status }) => status === 'open'),
    'they were there all the time',
  );
});

test('a stream on which nothing is announced in time is reset', async (t) => {
  const { agent, connection } = await meeting(t, { shardHeaderMsMax: 100 });
  const [stream] = await openStreams(connection, 1);
  await over(stream!);
  t.is(agent.ears.count('shardArriving'), 0);
});

test('a member that announces many shards and sends none has its share of places and no more', async (t) => {
  const patient = { transferSilenceMsMax: minutes(5) };
  const { agent, honest, connection } = await meeting(t, patient);
  const streams = await openStreams(connection, shardStreamsPerPeerMax);
  let goCount = 0;
  for (const [seed, stream] of streams.entries()) {
    const reader = new StreamReader(stream, Infinity);
    void reader.read(1).then((byte) => (goCount += byte?.[0] === 1 ? 1 : 0));
    const { descriptor } = testPack(1000, { k: 1, n: 3 }, seed);
    stream.send(frameOf(concatBytes(Uint8Array.of(0, 0), encodeDescriptor(descriptor))));
  }
  await agent.ears.hears('shardArriving', shardStreamsPerPeerMax);
  t.is(await sendFrom(honest, agent), 'stored');
  t.is(goCount, shardSendsMax);
  await connection.close();
  await agent.ears.hears('shardArrived', shardStreamsPerPeerMax + 1);
  t.is(agent.ears.heard.filter(({ outcome }) => outcome === 'unreachable').length, shardStreamsPerPeerMax);
});
