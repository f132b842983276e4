// Makes the libp2p node under the wire: transports, limits, and how others are found. It knows nothing of members.

import { bootstrap } from '@libp2p/bootstrap';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { DreyError } from '../../../datasets/index.ts';
import {
  connectionsMax,
  dialMsMax,
  inboundConnectionsPerSecondMax,
  pingEveryMs,
  pingSilenceMsMax,
  streamsPerConnectionMax,
  streamWindowBytesMax,
} from '../limits.ts';
import { concatBytes, type MachineKey, machineKeyFromSeed } from '../../codec/index.ts';
import { isDialable } from './addresses.ts';
import type { HintService } from './hints.ts';
import { tls } from './tls.ts';

export interface NodeOptions {
  /** 32-byte seed of the machine key. */
  readonly seed: Uint8Array;
  /** None for a node that only dials. */
  readonly listenAddresses: readonly string[];
  readonly bootstrapAddresses?: readonly string[];
  /** Name under which members of one fleet look for each other on the LAN; undefined: not at all. */
  readonly mdnsName?: string | undefined;
  readonly gater?: ConnectionGater;
  readonly hints?: HintService;
  readonly pingEveryMs?: number;
  readonly pingSilenceMsMax?: number;
}

export type Node = Libp2p;

/** A started node. Throws `port-in-use` and `address-unusable`. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const node = await createLibp2p({ ...nodeInit(options, machineKeyFromSeed(options.seed)), start: false });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw nameListenError(error, options.listenAddresses);
  }
  return node;
}

/** What a peer said of itself may still be on its way into libp2p's store when it has gone. */
const forgetAfterMs = 1000;

/** libp2p looks only at peers that it dials for whether what it heard of them is old: of others it would keep all, as many as come. */
export function forgetPeer(node: Node | undefined, { remotePeer }: Pick<Connection, 'remotePeer'>): void {
  const forget = (): void => {
    if (node?.getConnections(remotePeer).length === 0)
      node.peerStore.delete(remotePeer).catch(() => undefined);
  };
  setTimeout(forget, forgetAfterMs).unref();
}

/** Made of both halves, as libp2p would compute the public one in JavaScript. */
const libp2pKey = ({ seed, publicKey }: MachineKey): PrivateKey =>
  privateKeyFromRaw(concatBytes(seed, publicKey));

function nodeInit(options: NodeOptions, key: MachineKey): Libp2pOptions {
  const silenceMs = options.pingSilenceMsMax ?? pingSilenceMsMax;
  const { hints } = options;
  return {
    privateKey: libp2pKey(key),
    addresses: { listen: [...options.listenAddresses] },
    transports: [tcp()],
    connectionEncrypters: [tls(key)],
    streamMuxers: [
      yamux({
        maxInboundStreams: streamsPerConnectionMax,
        streamOptions: {
          maxStreamWindowSize: streamWindowBytesMax,
        },
      }),
    ],
    connectionGater: {
      // Without this libp2p refuses no address: desktops live on private ones.
      denyDialMultiaddr: () => false,
      ...options.gater,
    },
    connectionManager: {
      maxConnections: connectionsMax,
      dialTimeout: dialMsMax,
      inboundConnectionThreshold: inboundConnectionsPerSecondMax,
      maxIncomingPendingConnections: inboundConnectionsPerSecondMax,
    },
    connectionMonitor: {
      pingInterval: options.pingEveryMs ?? pingEveryMs,
      pingTimeout: { minTimeout: silenceMs, maxTimeout: silenceMs },
    },
    peerDiscovery: discovery(options),
    services: {
      identify: identify(),
      ...(hints === undefined ? {} : { hints: hints.service }),
    },
  };
}

function discovery({
  bootstrapAddresses = [],
  mdnsName,
}: NodeOptions): NonNullable<Libp2pOptions['peerDiscovery']> {
  const ways: NonNullable<Libp2pOptions['peerDiscovery']> = [];
  const list = bootstrapAddresses.filter(isDialable);
  if (list.length > 0) ways.push(bootstrap({ list, timeout: 0 }));
  if (mdnsName !== undefined) ways.push(mdns({ serviceTag: `_${mdnsName}._udp.local` }));
  return ways;
}

function nameListenError(error: unknown, addresses: readonly string[]): unknown {
  const text = error instanceof Error ? error.message : '';
  if (text.includes('EADDRINUSE')) {
    return new DreyError({
      code: 'port-in-use',
      message: `Another program listens on ${addresses.join(', ')}`,
      advice: 'Stop it, or choose another port with --listen; port 0 lets the system choose.',
      retry: 'retryable',
      cause: error,
    });
  }
  if (!/EADDRNOTAVAIL|EACCES|listen/u.test(text)) return error;
  return new DreyError({
    code: 'address-unusable',
    message: `This machine cannot listen on ${addresses.join(', ')}`,
    advice: 'Name an address of this machine with --listen, for example /ip4/0.0.0.0/tcp/0.',
    cause: error,
  });
}
