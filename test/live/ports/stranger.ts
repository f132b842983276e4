// Bare nodes that meet an agent: strangers, and members that behave as a test wants.

import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import type { ExecutionContext } from 'ava';
import { createMachineKey, encodeHello } from '../../../agent/codec/index.ts';
import { showHello } from '../../../agent/live/wire/hello.ts';
import { type Node, startNode } from '../../../agent/live/wire/node.ts';
import { helloProtocol } from '../../../agent/live/wire/protocols.ts';
import { minutes } from '../../../datasets/index.ts';
import { certificateOf, type SmallFleet, type TestAgent } from './small-fleet.ts';

/** Of a handshake, on a machine that does much else. */
export const attemptsMax = 30;

export const addressOf = ({ wire }: TestAgent): string => wire.addresses()[0]!;

export async function dialPatiently(node: Node, agent: TestAgent, options = {}): Promise<Connection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await node.dial(multiaddr(addressOf(agent)), options);
    } catch (error) {
      if (attempt === attemptsMax) throw error;
    }
  }
}

export interface Stranger {
  readonly node: Node;
  readonly connection: Connection;
}

export async function strangerAt(
  t: ExecutionContext,
  agent: TestAgent,
  key = createMachineKey(),
): Promise<Stranger> {
  const node = await startNode({ seed: key.seed, listenAddresses: [] });
  t.teardown(() => node.stop());
  return { node, connection: await dialPatiently(node, agent) };
}

export const over = (target: Stream | Connection): Promise<unknown> =>
  target.status === 'open'
    ? new Promise((resolve) => {
        const listener = (): void => resolve(undefined);
        (target as Stream).addEventListener('close', listener);
      })
    : Promise.resolve(undefined);

/** A node that is a member by its certificate, and then behaves as the test wants. */
export async function memberNode(
  t: ExecutionContext,
  fleet: SmallFleet,
  agent: TestAgent,
): Promise<Stranger> {
  const key = createMachineKey();
  const stranger = await strangerAt(t, agent, key);
  const stream = await stranger.connection.newStream(helloProtocol);
  const keeper = {
    ownHello: () =>
      encodeHello({ fleet: fleet.root.fleet, certificate: certificateOf(fleet, key.peer).bytes }),
    check: () => ({ kind: 'welcome' }) as const,
  };
  const answer = await showHello({ stream, peer: agent.key.peer, keeper, silenceMsMax: minutes(5) });
  t.is(answer.kind, 'welcome');
  await agent.ears.hears('connected');
  return stranger;
}
