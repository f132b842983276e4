// Hints over gossipsub, among members only: gossipsub is told of a peer when that peer is accepted, and streams of anybody else
// are reset before it sees them. Lost, repeated and reordered hints are normal.

import { gossipsub, type GossipSub, type GossipSubComponents } from '@libp2p/gossipsub';
import type { Connection, Topology } from '@libp2p/interface';
import { type FleetId, type PeerId, peerId } from '../../units.ts';
import {
  hintBytesMax,
  hintControlsMax,
  hintFrameBytesMax,
  hintQueueBytesMax,
  hintTopicBytesMax,
} from '../limits.ts';
import { resetStream } from './stream-io.ts';

export interface HintGate {
  isMember(connection: Connection): Promise<boolean>;
  isRefused(peer: PeerId): boolean;
}

type Registrar = GossipSubComponents['registrar'];

/** The gossipsub service of one node. */
export class HintService {
  readonly #topic: string;
  readonly #gate: HintGate;
  #topology: Topology | undefined;
  #gossip: GossipSub | undefined;

  constructor(fleet: FleetId, gate: HintGate) {
    this.#topic = `drey/${fleet}`;
    this.#gate = gate;
  }

  /** For libp2p's `services`. */
  readonly service = (components: GossipSubComponents): GossipSub => {
    const { privateKey, peerStore, connectionManager, logger } = components;
    this.#gossip = gossipsub({
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      fallbackToFloodsub: false,
      allowedTopics: [this.#topic],
      maxInboundDataLength: hintFrameBytesMax,
      // Where nothing is said it keeps all for a peer that does not read.
      maxOutboundBufferSize: hintQueueBytesMax,
      maxTopicBytesPerPeer: hintTopicBytesMax,
      decodeRpcLimits: {
        maxSubscriptions: hintControlsMax,
        maxControlMessages: hintControlsMax,
        maxPeerInfos: hintControlsMax,
        // As many as fit into a frame.
        maxMessages: hintFrameBytesMax,
        maxIhaveMessageIDs: hintFrameBytesMax,
        maxIwantMessageIDs: hintFrameBytesMax,
        maxIdontwantMessageIDs: hintFrameBytesMax,
      },
      // A whole site sits behind one address: many peers of one address are no attack here, members have certificates.
      scoreParams: { IPColocationFactorWeight: 0 },
    })({
      privateKey,
      peerId: components.peerId,
      peerStore,
      connectionManager,
      logger,
      registrar: this.#gated(components.registrar),
    });
    return this.#gossip;
  };

  start(take: (from: PeerId, bytes: Uint8Array) => void): void {
    this.#gossip?.subscribe(this.#topic);
    this.#gossip?.addEventListener('gossipsub:message', ({ detail }) => {
      const { msg, propagationSource } = detail;
      if (msg.type !== 'signed' || msg.topic !== this.#topic || msg.data.length > hintBytesMax) return;
      if (this.#gate.isRefused(peerId(msg.from.toString()))) return;
      take(peerId(propagationSource.toString()), new Uint8Array(msg.data));
    });
  }

  broadcast(hint: Uint8Array): void {
    // Best effort: a hint that cannot be published now is replaced by the regular exchange of heads.
    this.#gossip?.publish(this.#topic, hint).catch(() => undefined);
  }

  connected(connection: Connection): void {
    void this.#topology?.onConnect?.(connection.remotePeer, connection);
  }

  disconnected(connection: Connection): void {
    void this.#topology?.onDisconnect?.(connection.remotePeer);
  }

  /**
   * libp2p's registrar, except that peers are announced by `connected` and not when they are identified, and that incoming
   * streams wait for the hello.
   */
  #gated(registrar: Registrar): Registrar {
    const handle: Registrar['handle'] = (protocol, handler, options) =>
      registrar.handle(
        protocol,
        async (stream, connection) => {
          if (await this.#gate.isMember(connection)) await handler(stream, connection);
          else resetStream(stream, 'members only');
        },
        options,
      );
    const register: Registrar['register'] = (protocol, topology) => {
      this.#topology ??= topology;
      return Promise.resolve(`drey ${protocol}`);
    };
    return new Proxy(registrar, {
      get: (target, name) => {
        if (name === 'handle') return handle;
        if (name === 'register') return register;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}
