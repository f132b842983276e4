// Dialling one address that a person or an invite gave, and asking what is there (`drey doctor --dial`).

import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { DreyError } from '../../../datasets/index.ts';
import { encodeHello, type HelloAnswer, type MachineKey } from '../../codec/index.ts';
import { helloMsMax } from '../../limits.ts';
import { fleetId, type PeerId, peerId } from '../../units.ts';
import { dialMsMax } from '../limits.ts';
import { askForWelcome } from './hello.ts';
import { type Node, startNode } from './node.ts';
import { helloProtocol } from './protocols.ts';
import { resetStream, StreamReader } from './stream-io.ts';

/** A connection; undefined when nobody answers there or it is no address. */
export async function dialAddress(node: Node, address: string): Promise<Connection | undefined> {
  try {
    return await node.dial(multiaddr(address), { signal: AbortSignal.timeout(dialMsMax) });
  } catch {
    return undefined;
  }
}

export interface ProbeAnswer {
  readonly peer: PeerId;
  /** What the agent there said to our hello. */
  readonly answer: HelloAnswer;
}

/** A stranger's hello: no fleet, no certificate. */
const strangerHello = (): Uint8Array =>
  encodeHello({ fleet: fleetId('0'.repeat(64)), certificate: new Uint8Array(0) });

/** Dials, shows a hello (by default a stranger's) and says what was answered. Throws `address-unreachable`. */
export async function probe(
  machineKey: MachineKey,
  address: string,
  ownHello: Uint8Array = strangerHello(),
): Promise<ProbeAnswer> {
  const node = await startNode({ seed: machineKey.seed, listenAddresses: [] });
  try {
    const connection = await dialAddress(node, address);
    if (connection === undefined) throw unreachable(address);
    return { peer: peerId(connection.remotePeer.toString()), answer: await hearAnswer(connection, ownHello) };
  } finally {
    await node.stop();
  }
}

async function hearAnswer(connection: Connection, hello: Uint8Array): Promise<HelloAnswer> {
  try {
    const stream = await connection.newStream(helloProtocol, { signal: AbortSignal.timeout(helloMsMax) });
    const reader = new StreamReader(stream, helloMsMax);
    const answer = await askForWelcome({ stream, reader, silenceMsMax: helloMsMax, hello });
    resetStream(stream, 'only asking');
    return answer;
  } catch {
    return { kind: 'refused', code: 'no-agent', reason: 'whoever listens there does not speak drey' };
  }
}

const unreachable = (address: string): DreyError =>
  new DreyError({
    code: 'address-unreachable',
    message: `Nothing answers at ${address}`,
    advice: 'Check the address (`drey status` there prints it), the firewall, and that the agent is running.',
    retry: 'retryable',
  });
