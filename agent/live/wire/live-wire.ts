// The wire of a running agent: libp2p connections on which nothing but hello, join and run is heard until both sides have shown their
// certificates. It decides nothing about whom to trust or what to send; membership and core do.

import type { Connection, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import type { MachineKey } from '../../codec/index.ts';
import type { Done, SendOutcome, ShardLocation, Wire, WireListener } from '../../ports.ts';
import { type FleetId, type PeerId, peerId } from '../../units.ts';
import {
  addressesMax,
  dialMsMax,
  hintBytesMax,
  joinMsMax,
  queuedShardSendsMax,
  refusedRestMs,
  shardStreamsPerPeerMax,
} from '../limits.ts';
import { isPassingError } from '../disk-full.ts';
import { tellResult } from '../tell.ts';
import { arrivalLimits, FairSlots } from './fair-slots.ts';
import { answerHello, type HelloKeeper, showHello, turnedAway } from './hello.ts';
import { HintService } from './hints.ts';
import { answerJoin, type JoinKeeper } from './join-exchange.ts';
import { Links, peerOf } from './links.ts';
import { MessageLink, readMessages } from './message-link.ts';
import { forgetPeer, type Node, startNode } from './node.ts';
import { helloProtocol, joinProtocol, messageProtocol, runProtocol, shardProtocol } from './protocols.ts';
import { noPace, type WirePace } from './pace.ts';
import { receiveOneShard, sendOneShard, type ShardStore } from './shard-exchange.ts';
import { Slots } from './slots.ts';
import { resetStream } from './stream-io.ts';
import { twinPatienceMs, Twins } from './twins.ts';
import { type WireLimits, wireLimits } from './wire-limits.ts';

export interface LiveWireOptions {
  readonly machineKey: MachineKey;
  readonly fleet: FleetId;
  readonly disk: ShardStore;
  /** Who is let in with a certificate, and who gets one for an invite. */
  readonly admission: HelloKeeper & JoinKeeper;
  /** Multiaddrs; port 0 lets the system choose. Default: all IPv4 addresses of this machine. */
  readonly listenAddresses?: readonly string[];
  /** Multiaddrs that are dialled as long as no member is connected. */
  readonly bootstrapAddresses?: readonly string[];
  /** Whether members on the LAN are looked for; default `on`. */
  readonly mdns?: 'on' | 'off';
  readonly limits?: Partial<WireLimits>;
  /** How fast shards may flow; default: as fast as it goes. */
  readonly pace?: WirePace;
  /** Told why peers were refused or ended: one line each, for the agent's log. */
  readonly report?: (line: string) => void;
}

export interface LiveWire extends Wire {
  /** Multiaddrs with peer id under which this agent can be dialled. */
  addresses(): readonly string[];
  /** Round trips to connected members in milliseconds, as the last ping measured them. */
  roundTripMs(): ReadonlyMap<PeerId, number>;
  /** Machines that run on two computers at once. */
  readonly twins: Pick<Twins, 'seen' | 'ofSelf'>;
  /** Dials an address, whoever is there; success shows as `connected`. False when nobody answered. */
  dial(address: string): Promise<boolean>;
  /** Ends all connections; the listener hears nothing more. */
  close(): Promise<void>;
}

/** Listens, but lets nobody in before `start`. Throws `port-in-use`, `address-unusable`. */
export async function createLiveWire(options: LiveWireOptions): Promise<LiveWire> {
  const wire = new Libp2pWire(options);
  await wire.open();
  return wire;
}

class Libp2pWire implements LiveWire {
  readonly self: PeerId;
  readonly #options: LiveWireOptions;
  readonly #limits: WireLimits;
  readonly #links: Links;
  readonly twins: Twins;
  readonly #hints: HintService;
  readonly #messages = new Map<PeerId, { readonly link: MessageLink; readonly connection: Connection }>();
  readonly #refused = new Set<PeerId>();
  /** Peers that were found but turned out to be no members: not before then again. */
  readonly #restingUntilMs = new Map<PeerId, number>();
  readonly #sends: Slots;
  readonly #arrivals: FairSlots;
  #node: Node | undefined;
  #listener: WireListener | undefined;
  #bootstrapTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: LiveWireOptions) {
    this.self = options.machineKey.peer;
    this.#options = options;
    this.#limits = { ...wireLimits, ...options.limits };
    this.#links = new Links(this.#limits, {
      connected: (peer, connection) => this.#connected(peer, connection),
      disconnected: (peer) => this.#disconnected(peer),
      strangerLeft: (connection) => forgetPeer(this.#node, connection),
    });
    this.twins = new Twins(this.#limits.helloMsMax);
    this.#hints = new HintService(options.fleet, {
      isMember: (connection) => this.#links.isMember(connection),
      isRefused: (peer) => this.#refused.has(peer),
    });
    this.#sends = new Slots({ atOnceMax: this.#limits.shardSendsMax, waitingMax: queuedShardSendsMax });
    this.#arrivals = new FairSlots(arrivalLimits(this.#limits));
  }

  async open(): Promise<void> {
    const { machineKey, fleet, listenAddresses = ['/ip4/0.0.0.0/tcp/0'], mdns = 'on' } = this.#options;
    this.#node = await startNode({
      seed: machineKey.seed,
      listenAddresses,
      bootstrapAddresses: this.#options.bootstrapAddresses ?? [],
      mdnsName: mdns === 'on' ? `drey-${fleet.slice(0, 8)}` : undefined,
      hints: this.#hints,
      pingEveryMs: this.#limits.pingEveryMs,
      pingSilenceMsMax: this.#limits.pingSilenceMsMax,
      gater: {
        denyDialPeer: (peer) => this.#refused.has(peerId(peer.toString())),
      },
    });
  }

  start(listener: WireListener): void {
    const node = this.#node;
    if (node === undefined || this.#listener !== undefined) throw new Error('a wire is started once');
    this.#listener = listener;
    node.addEventListener('connection:open', ({ detail }) => this.#opened(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#links.closed(detail));
    node.addEventListener('peer:discovery', ({ detail }) => this.#discovered(peerId(detail.id.toString())));
    this.#hints.start((from, bytes) => {
      this.#tell((listening) => {
        if (this.#links.isConnected(from)) listening.hint(from, bytes);
      });
    });
    void this.#serve(node);
  }

  addresses(): readonly string[] {
    return this.#node?.getMultiaddrs().slice(0, addressesMax).map(String) ?? [];
  }

  roundTripMs(): ReadonlyMap<PeerId, number> {
    const trips = new Map<PeerId, number>();
    for (const peer of this.#messages.keys()) {
      const tripMs = this.#links.connectionOf(peer)?.rtt;
      if (tripMs !== undefined) trips.set(peer, tripMs);
    }
    return trips;
  }

  send(to: PeerId, frame: Uint8Array): boolean {
    return this.#messages.get(to)?.link.send(frame) === true;
  }

  broadcast(hint: Uint8Array): void {
    if (hint.length <= hintBytesMax && !this.#isClosed) this.#hints.broadcast(hint);
  }

  sendShard(to: PeerId, shard: ShardLocation, done: Done<SendOutcome>): void {
    const work = async (): Promise<SendOutcome> => {
      const connection = this.#links.connectionOf(to);
      const { disk, pace = noPace } = this.#options;
      if (connection === undefined) return 'unreachable';
      if (!pace.maySend()) return 'resting';
      const silenceMsMax = this.#limits.transferSilenceMsMax;
      return pace.sendInTurn(() => sendOneShard({ connection, disk, shard, silenceMsMax, pace }));
    };
    const failed = (error: unknown): SendOutcome => {
      this.#report(`a shard could not be read: ${String(error)}`);
      return isPassingError(error) ? 'unreachable' : 'damaged';
    };
    void tellResult(
      this.#sends.run(work).then((outcome) => outcome ?? 'refused'),
      failed,
      done,
    );
  }

  connect(peer: PeerId, addresses: readonly string[]): void {
    this.#refused.delete(peer);
    if (peer === this.self || this.#links.isConnected(peer)) return;
    void this.#connect(peer, addresses);
  }

  cut(peer: PeerId): void {
    this.#refused.add(peer);
    queueMicrotask(() => this.#links.end(peer, 'revoked'));
  }

  release(peer: PeerId): void {
    queueMicrotask(() => this.#links.end(peer, 'nothing needs this connection any more'));
  }

  async dial(address: string): Promise<boolean> {
    try {
      await this.#node?.dial(multiaddr(address), { signal: AbortSignal.timeout(dialMsMax) });
      return true;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#bootstrapTimer);
    for (const { link } of this.#messages.values()) link.close();
    this.#messages.clear();
    this.#links.close();
    await this.#node?.stop();
  }

  async #serve(node: Node): Promise<void> {
    await node.handle(helloProtocol, (stream, connection) => this.#helloCame(stream, connection), {
      maxInboundStreams: 1,
    });
    await node.handle(joinProtocol, (stream, connection) => this.#joinCame(stream, connection), {
      maxInboundStreams: 1,
    });
    await node.handle(
      runProtocol,
      (stream, connection) =>
        this.twins.answer(stream, peerOf(connection), () => this.#links.isMember(connection)),
      { maxInboundStreams: 1 },
    );
    await node.handle(
      messageProtocol,
      this.#forMembers((stream, connection) => this.#messagesCame(stream, connection)),
      { maxInboundStreams: 2 },
    );
    await node.handle(
      shardProtocol,
      this.#forMembers((stream, connection) => this.#shardCame(stream, peerOf(connection))),
      { maxInboundStreams: shardStreamsPerPeerMax },
    );
    for (const connection of node.getConnections()) this.#opened(connection);
    this.#lookForFirst(this.#limits.retryMsMin);
  }

  /** Waits until the hello is decided; streams of strangers are reset. */
  #forMembers(
    handle: (stream: Stream, connection: Connection) => Promise<void>,
  ): (stream: Stream, connection: Connection) => Promise<void> {
    return async (stream, connection) => {
      if (await this.#links.isMember(connection)) await handle(stream, connection);
      else resetStream(stream, 'members only');
    };
  }

  #opened(connection: Connection): void {
    if (this.#isClosed || !this.#links.open(connection)) return;
    if (connection.direction === 'outbound') void this.#greet(connection);
  }

  async #greet(connection: Connection): Promise<void> {
    const silenceMsMax = this.#limits.helloMsMax;
    const peer = peerOf(connection);
    try {
      const stream = await connection.newStream(helloProtocol, { signal: AbortSignal.timeout(silenceMsMax) });
      const answer = await showHello({ stream, peer, keeper: this.#options.admission, silenceMsMax });
      if (answer.kind === 'welcome') await this.#accept(connection);
      else this.#refuse(connection, answer.reason);
    } catch (error) {
      this.#refuse(connection, error instanceof Error ? error.message : 'no hello');
    }
  }

  async #helloCame(stream: Stream, connection: Connection): Promise<void> {
    const peer = peerOf(connection);
    const keeper = this.#refused.has(peer) ? turnedAway : this.#options.admission;
    const silenceMsMax = this.#limits.helloMsMax;
    const answer = await answerHello({ stream, peer, keeper, silenceMsMax });
    if (answer.kind === 'welcome') await this.#accept(connection);
    else this.#report(`${peer} was refused: ${answer.reason}`);
  }

  async #joinCame(stream: Stream, connection: Connection): Promise<void> {
    this.#links.patience(connection, joinMsMax);
    await answerJoin(stream, peerOf(connection), this.#options.admission);
  }

  async #accept(connection: Connection): Promise<void> {
    const peer = peerOf(connection);
    if (await this.#isTwinOf(peer, connection))
      this.#refuse(connection, 'another computer is connected with the key of this machine');
    else if (this.#refused.has(peer)) this.#links.drop(connection, 'revoked');
    else if (!this.#isClosed) this.#links.accept(connection);
  }

  async #isTwinOf(peer: PeerId, newcomer: Connection): Promise<boolean> {
    const known = this.#links.connectionOf(peer);
    if (known === undefined) return false;
    this.#links.patience(newcomer, twinPatienceMs(this.#limits.helloMsMax));
    return this.twins.areTwins(peer, known, newcomer);
  }

  #refuse(connection: Connection, reason: string): void {
    const peer = peerOf(connection);
    if (!this.#links.isConnected(peer)) this.#restingUntilMs.set(peer, performance.now() + refusedRestMs);
    this.#report(`${peer} was refused: ${reason}`);
    this.#links.drop(connection, reason);
  }

  #connected(peer: PeerId, connection: Connection): void {
    const link = new MessageLink(connection, this.#limits, (reason) => this.#endPeer(peer, reason));
    this.#messages.set(peer, { link, connection });
    this.#restingUntilMs.delete(peer);
    this.#hints.connected(connection);
    this.#tell((listener) => listener.connected(peer));
  }

  #disconnected(peer: PeerId): void {
    const messages = this.#messages.get(peer);
    messages?.link.close();
    this.#messages.delete(peer);
    if (messages !== undefined) this.#hints.disconnected(messages.connection);
    if (this.#isClosed) return;
    this.#tell((listener) => listener.disconnected(peer));
    if (this.#links.memberCount === 0) this.#lookForFirst(this.#limits.retryMsMin);
  }

  #endPeer(peer: PeerId, reason: string): void {
    if (this.#isClosed || !this.#links.isConnected(peer)) return;
    this.#report(`${peer} was disconnected: ${reason}`);
    this.#links.end(peer, reason);
  }

  async #messagesCame(stream: Stream, connection: Connection): Promise<void> {
    const peer = peerOf(connection);
    const reason = await readMessages(stream, this.#limits.frameBytesMax, (frame) => {
      this.#tell((listener) => {
        if (this.#links.isConnected(peer)) listener.frame(peer, frame);
      });
    });
    this.#endPeer(peer, reason);
  }

  #shardCame(stream: Stream, from: PeerId): Promise<void> {
    return receiveOneShard({
      stream,
      disk: this.#options.disk,
      headerMsMax: this.#limits.shardHeaderMsMax,
      silenceMsMax: this.#limits.transferSilenceMsMax,
      pace: this.#options.pace ?? noPace,
      inTurn: (work) => this.#arrivals.run(from, work),
      place: (arrival) => this.#listener?.shardArriving(from, arrival),
      arrived: (arrival, outcome) =>
        this.#tell((listening) => listening.shardArrived(from, arrival, outcome)),
    });
  }

  async #connect(peer: PeerId, addresses: readonly string[]): Promise<void> {
    const node = this.#node;
    if (node === undefined || this.#isClosed) return;
    try {
      const id = peerIdFromString(peer);
      const multiaddrs = addresses.map((address) => multiaddr(address));
      // Replaced, not added: old addresses would use up the time of the dial.
      if (multiaddrs.length > 0) await node.peerStore.patch(id, { multiaddrs });
      await node.dial(id, { signal: AbortSignal.timeout(dialMsMax) });
    } catch {
      // Not there: the core asks again, with backoff.
    }
  }

  /** mDNS or the bootstrap list found somebody. */
  #discovered(peer: PeerId): void {
    if (this.#refused.has(peer) || (this.#restingUntilMs.get(peer) ?? 0) > performance.now()) return;
    if (this.#listener?.wantsLink(peer) === true) this.connect(peer, []);
  }

  /** Dials the bootstrap addresses until some member is connected. */
  #lookForFirst(waitMs: number): void {
    const { bootstrapAddresses = [] } = this.#options;
    clearTimeout(this.#bootstrapTimer);
    if (this.#isClosed || this.#links.memberCount > 0 || bootstrapAddresses.length === 0) return;
    for (const address of bootstrapAddresses) void this.dial(address);
    const jitter = 0.75 + Math.random() / 2;
    const nextMs = Math.min(waitMs * 2, this.#limits.retryMsMax);
    this.#bootstrapTimer = setTimeout(() => this.#lookForFirst(nextMs), waitMs * jitter);
  }

  /** In order, and outside of promises that would swallow what the core asserts. */
  #tell(call: (listener: WireListener) => void): void {
    queueMicrotask(() => {
      if (!this.#isClosed && this.#listener !== undefined) call(this.#listener);
    });
  }

  #report(line: string): void {
    if (!this.#isClosed) this.#options.report?.(line);
  }
}
