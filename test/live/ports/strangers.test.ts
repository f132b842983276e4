// Who is let in, and what those who are not may do: hello, join, streams without certificate, floods, garbage, silence.

import test from 'ava';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import {
  createInvite,
  createMachineKey,
  encodeHello,
  type Hello,
  type Invite,
  type MachineKey,
  noBatchHash,
  openStatement,
  parseInvite,
  signBatch,
  signStatement,
} from '../../../agent/codec/index.ts';
import { probe, requestJoin } from '../../../agent/live/wire/index.ts';
import { forgetPeer, type Node, startNode } from '../../../agent/live/wire/node.ts';
import {
  helloProtocol,
  joinProtocol,
  messageProtocol,
  shardProtocol,
} from '../../../agent/live/wire/protocols.ts';
import { connectionsPerPeerMax, streamsPerConnectionMax } from '../../../agent/live/limits.ts';
import { DreyError, days, hours, minutes, unixMs } from '../../../datasets/index.ts';
import {
  certificateOf,
  nowMs,
  type SmallFleet,
  smallFleet,
  startAgent,
  type TestAgent,
  type TestAgentOptions,
} from './small-fleet.ts';
import { addressOf, attemptsMax, dialPatiently, memberNode, over, strangerAt } from './stranger.ts';
import type { ExecutionContext } from 'ava';

/** On a machine that does much else nobody is ended for being slow; tests that are about that say so. */
const startPatient = (
  t: ExecutionContext,
  fleet: SmallFleet,
  options: TestAgentOptions = {},
): Promise<TestAgent> =>
  startAgent(t, fleet, {
    ...options,
    limits: { helloMsMax: minutes(5), pingSilenceMsMax: minutes(5), ...options.limits },
  });

/** Asks again where the time for a handshake or an answer was over: then nobody has judged anything. */
async function patiently(
  ask: () => Promise<string>,
  isUnheard: (answer: string) => boolean,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask();
    if (!isUnheard(answer) || attempt === attemptsMax) return answer;
  }
}

const unheardCodes = new Set(['address-unreachable', 'hello-cut-off', 'no-agent']);

const answerTo = (agent: TestAgent, key: MachineKey, hello: Hello | undefined): Promise<string> =>
  patiently(
    async () => {
      try {
        const { peer, answer } = await probe(key, addressOf(agent), hello && encodeHello(hello));
        return peer !== agent.key.peer ? 'wrong peer' : answer.kind === 'welcome' ? 'welcome' : answer.code;
      } catch (error) {
        return error instanceof DreyError ? error.code : String(error);
      }
    },
    (code) => unheardCodes.has(code),
  );

test('only a certificate of this fleet, for this machine, valid now and not revoked is welcome', async (t) => {
  const fleet = smallFleet();
  const agent = await startPatient(t, fleet);
  const key = createMachineKey();
  const { peer } = key;
  const ours = fleet.root.fleet;
  const old = certificateOf(fleet, peer, { notAfterMs: unixMs(nowMs() - days(3)) });
  const early = certificateOf(fleet, peer, {
    notBeforeMs: unixMs(nowMs() + days(3)),
    notAfterMs: unixMs(nowMs() + days(9)),
  });
  const good = certificateOf(fleet, peer).bytes;
  const other = smallFleet();
  const says = (certificate: Uint8Array, of = ours): Promise<string> =>
    answerTo(agent, key, { fleet: of, certificate });

  t.is(await answerTo(agent, key, undefined), 'certificate-missing');
  t.is(await says(certificateOf(other, peer).bytes, other.root.fleet), 'other-fleet');
  t.is(await says(certificateOf(other, peer).bytes), 'certificate-wrong');
  t.is(await says(certificateOf(fleet, createMachineKey().peer).bytes), 'certificate-wrong');
  t.is(await says(good.map((byte, at) => (at === 60 ? byte ^ 1 : byte))), 'certificate-wrong');
  t.is(await says(old.bytes), 'certificate-expired');
  t.is(await says(early.bytes), 'certificate-expired');
  t.is(await says(good), 'welcome');
  agent.membership.learn({ kind: 'revocation', revoked: peer, reason: 'stolen', atMs: nowMs() }, nowMs());
  t.is(await says(good), 'certificate-revoked');
  t.is(agent.ears.count('connected'), 0);
});

test('an agent does not talk to one that shows a certificate of another fleet, though that one would', async (t) => {
  const fleet = smallFleet();
  const agent = await startPatient(t, fleet);
  const liar = await startPatient(t, fleet, { certificate: new Uint8Array(0) });
  agent.wire.connect(liar.key.peer, liar.wire.addresses());
  const isTold = (): boolean => agent.reports.some((line) => line.includes('no certificate'));
  while (!isTold()) await new Promise((resolve) => setImmediate(resolve));
  t.is(agent.ears.count('connected'), 0);
});

test('whoever was put out is told so when it comes again, and is not let in', async (t) => {
  const fleet = smallFleet();
  const agent = await startAgent(t, fleet);
  const out = await startAgent(t, fleet);
  agent.wire.cut(out.key.peer);
  out.wire.connect(agent.key.peer, agent.wire.addresses());
  while (out.reports.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.regex(out.reports[0]!, /was refused: this machine was put out/u);
  t.deepEqual([...out.admission.turnedAwayBy], [agent.key.peer]);
  t.is(agent.ears.count('connected') + out.ears.count('connected'), 0);
});

test('streams of a stranger are reset, and the stranger is closed after the time for a hello', async (t) => {
  const protocols = [messageProtocol, shardProtocol, '/meshsub/1.1.0'];
  // A slow machine may have no stream open before the time is over.
  for (let helloMsMax = 1500; ; helloMsMax *= 4) {
    const agent = await startPatient(t, smallFleet(), { limits: { helloMsMax } });
    const { connection } = await strangerAt(t, agent);
    const opening = Promise.all(protocols.map((protocol) => connection.newStream(protocol)));
    const streams = await (helloMsMax < minutes(2) ? opening.catch(() => undefined) : opening);
    for (const stream of streams ?? []) if (stream.status === 'open') stream.send(new Uint8Array(100));
    for (const stream of streams ?? []) await over(stream);
    await over(connection);
    t.deepEqual(agent.ears.heard, []);
    if (streams !== undefined) return;
  }
});

test('the oldest of too many strangers has to go', async (t) => {
  const agent = await startPatient(t, smallFleet(), { limits: { strangersMax: 2 } });
  const first = await strangerAt(t, agent);
  const others = [await strangerAt(t, agent), await strangerAt(t, agent)];
  await over(first.connection);
  t.deepEqual(
    others.map(({ connection }) => connection.status),
    ['open', 'open'],
  );
});

test('one machine keeps a few connections, however many it opens', async (t) => {
  const agent = await startPatient(t, smallFleet(), { limits: { helloMsMax: minutes(5) } });
  const { node, connection } = await strangerAt(t, agent);
  const connections = [connection];
  const dial = (): Promise<Connection> => node.dial(multiaddr(addressOf(agent)), { force: true });
  for (let count = 1; count < connectionsPerPeerMax; count++)
    connections.push(await dialPatiently(node, agent, { force: true }));
  for (let count = 0; count < 3; count++) {
    const late = await dial().catch(() => undefined);
    if (late !== undefined) await over(late);
  }
  t.deepEqual([...new Set(connections.map(({ status }) => status))], ['open']);
});

test('streams that a stranger opens and says nothing on are a few', async (t) => {
  const agent = await startPatient(t, smallFleet(), { limits: { helloMsMax: minutes(5) } });
  const { connection } = await strangerAt(t, agent);
  const { muxer } = connection as unknown as { readonly muxer: { createStream(): Promise<Stream> } };
  const streams: Stream[] = [];
  for (let count = 0; count < streamsPerConnectionMax + 8; count++) streams.push(await muxer.createStream());
  for (const stream of streams.slice(-4)) await over(stream);
  t.is(streams.filter(({ status }) => status === 'open').length <= streamsPerConnectionMax, true);
});

test('of a stranger who has left nothing is kept, not even where it was', async (t) => {
  const [here, stranger] = await Promise.all(
    [createMachineKey(), createMachineKey()].map(({ seed }) =>
      startNode({ seed, listenAddresses: ['/ip4/127.0.0.1/tcp/0'] }),
    ) as [Promise<Node>, Promise<Node>],
  );
  for (const node of [here, stranger]) t.teardown(() => node.stop());
  const until = async (isOver: () => Promise<boolean>): Promise<void> => {
    while (!(await isOver())) await new Promise((resolve) => setImmediate(resolve));
  };
  const connection = await stranger.dial(here.getMultiaddrs());
  // Each says who it is as soon as they are connected.
  await until(() => here.peerStore.has(stranger.peerId));
  forgetPeer(here, { remotePeer: stranger.peerId });
  await connection.close();
  await until(async () => !(await here.peerStore.has(stranger.peerId)));
  t.is(here.getConnections().length, 0);
});

test('a member that announces a frame of four gigabytes is disconnected before one byte is set aside', async (t) => {
  const fleet = smallFleet();
  const agent = await startPatient(t, fleet);
  const { connection } = await memberNode(t, fleet, agent);
  const stream = await connection.newStream(messageProtocol);
  stream.send(Uint8Array.of(255, 255, 255, 255));
  await agent.ears.hears('disconnected');
  t.true(agent.reports.some((line) => line.includes('too long')));
});

test('garbage on every protocol is refused and harms nobody', async (t) => {
  const fleet = smallFleet();
  const agent = await startPatient(t, fleet);
  const { connection } = await memberNode(t, fleet, agent);
  const garbage = Uint8Array.from({ length: 600 }, (_, at) => (at < 2 ? 0 : at * 7));
  for (const protocol of [helloProtocol, joinProtocol, shardProtocol]) {
    const stream = await connection.newStream(protocol);
    stream.send(garbage);
    await stream.close();
    await over(stream);
  }
  t.deepEqual(
    agent.ears.heard.map(({ kind }) => kind),
    ['connected'],
  );
  t.is(await answerTo(agent, createMachineKey(), undefined), 'certificate-missing');
});

interface InviteTerms {
  readonly usesMax?: number;
  readonly notAfterMs?: number;
}

/** An invite that the agent knows. */
function invite(fleet: SmallFleet, agent: TestAgent, terms: InviteTerms = {}): Invite {
  const { statement, text } = createInvite({
    fleet: fleet.root.fleet,
    usesMax: terms.usesMax ?? 1,
    notAfterMs: unixMs(terms.notAfterMs ?? nowMs() + hours(1)),
    addresses: agent.wire.addresses(),
  });
  agent.membership.learn(signStatement(fleet.admin, statement).statement, nowMs());
  return parseInvite(text);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof DreyError ? error.code : String(error);
  }
}

const startAdmin = (
  t: ExecutionContext,
  fleet: SmallFleet,
  options: TestAgentOptions = {},
): Promise<TestAgent> => startPatient(t, fleet, { ...options, isAdmin: true });

test('a machine with an invite gets a certificate that is welcome at once', async (t) => {
  const fleet = smallFleet();
  const admin = await startAdmin(t, fleet);
  const machineKey = createMachineKey();
  const welcome = await requestJoin({ machineKey, invite: invite(fleet, admin), name: 'laptop' });
  const opened = openStatement(welcome.certificate, fleet.root.fleet);
  t.like(opened.ok && opened.value.statement, { kind: 'certificate', peer: machineKey.peer, name: 'laptop' });
  t.deepEqual(welcome.addresses, admin.wire.addresses());
  t.is(
    await answerTo(admin, machineKey, { fleet: fleet.root.fleet, certificate: welcome.certificate }),
    'welcome',
  );
});

const isUnheardJoin = (code: string): boolean => code === 'fleet-unreachable' || code === 'join-malformed';

const join = (text: Invite, machineKey = createMachineKey(), name = 'pc'): Promise<string> =>
  patiently(() => codeOf(requestJoin({ machineKey, invite: text, name })), isUnheardJoin);

test('an invite that is used up, expired, revoked, unknown or forged admits nobody', async (t) => {
  const fleet = smallFleet();
  const admin = await startAdmin(t, fleet);
  const single = invite(fleet, admin);
  const machineKey = createMachineKey();
  t.is(await join(single, machineKey), 'none');
  t.is(await join(single), 'invite-spent');
  t.is(await join(single, machineKey), 'none', 'the same machine may ask again');
  t.is(await join(invite(fleet, admin, { notAfterMs: nowMs() - 1 })), 'invite-expired');
  const revoked = invite(fleet, admin);
  admin.membership.learn(
    { kind: 'revocation', revoked: revoked.invite, reason: 'lost', atMs: nowMs() },
    nowMs(),
  );
  t.is(await join(revoked), 'invite-revoked');
  t.is(
    await join({ ...single, invite: revoked.invite.replaceAll(/./gu, 'a') as typeof revoked.invite }),
    'invite-unknown',
  );
  t.is(await join({ ...invite(fleet, admin), key: createMachineKey() }), 'invite-unknown');
  const nowhere = { ...single, addresses: ['/ip4/127.0.0.1/tcp/1'] };
  t.is(
    await codeOf(requestJoin({ machineKey: createMachineKey(), invite: nowhere, name: 'pc' })),
    'fleet-unreachable',
  );
});

test('nobody is certified under a name that a screen could not show as it is', async (t) => {
  const fleet = smallFleet();
  const admin = await startAdmin(t, fleet);
  const named = (name: string): Promise<string> => join(invite(fleet, admin), createMachineKey(), name);
  for (const name of ['pc\n  pc-01 is safe', 'pc\u001B[2J', ' pc-01', 'pc-\u202E10'])
    t.is(await named(name), 'join-refused');
  t.is(await named('Büro 3 – دفتر'), 'none');
});

test('an agent that may admit nobody names the admins that it knows, and the machine asks them', async (t) => {
  const fleet = smallFleet();
  const admin = await startAdmin(t, fleet);
  const plain = await startPatient(t, fleet);
  const known = { ...invite(fleet, admin), addresses: plain.wire.addresses() };
  t.is(await join(known), 'join-refused');
  plain.membership.learn(certificateOf(fleet, admin.key.peer, { roles: ['admin'] }).statement, nowMs());
  const batch = signBatch({
    key: admin.key,
    stream: 'facts',
    sequence: 0,
    previous: noBatchHash,
    atMs: nowMs(),
    records: [{ kind: 'addresses', addresses: admin.wire.addresses() }],
  });
  plain.membership.handle({ kind: 'batchStored', batch, now: nowMs() });
  t.is(await join(known), 'none');
});
