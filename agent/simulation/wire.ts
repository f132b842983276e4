// The pretend Wire of one life of an agent: frames, hints and shard transfers over the pretend network.

import type { Random } from '../../datasets/index.ts';
import { shardMatches } from '../codec/index.ts';
import {
  frameBytesMax,
  queuedBytesPerPeerMax,
  queuedFramesPerPeerMax,
  shardArrivalsMax,
  transferSilenceMsMax,
} from '../limits.ts';
import type {
  Done,
  SendOutcome,
  ShardArrival,
  ShardLocation,
  ShardOutcome,
  Wire,
  WireListener,
} from '../ports.ts';
import type { PeerId } from '../units.ts';
import type { SimulatedDisk } from './disk.ts';
import type { Life } from './life.ts';
import type { Endpoint, Link, Network } from './network.ts';

/** Hints are at most this long (ports.ts). */
const hintBytesMax = 1024;
/** A machine that comes up finds the others on its network within this time. */
const discoveryMsMax = 2000;

/** Of a large network so many are found. */
const discoveredMax = 128;

/** … and finds it again after this, where nothing came of the first time. */
const rediscoveryMs = 600_000;
/** To how many others a hint is handed on, as gossipsub's D. */
const hintFanout = 6;
/** How much later a frame comes that others overtake, and the copy of one that comes twice. */
const overtakenMsMax = 2000;
const repeatedMsMax = 60_000;

export interface WireParts {
  readonly network: Network;
  readonly life: Life;
  readonly disk: SimulatedDisk;
  readonly self: PeerId;
  readonly certificate: Uint8Array;
  /** Checks what the other side shows in its hello. */
  readonly admits: (peer: PeerId, certificate: Uint8Array) => boolean;
  /** What a liar sends in place of a shard; undefined where it sends what is there. */
  readonly spoiled: (shard: ShardLocation, bytes: Uint8Array) => Uint8Array | undefined;
  /** Whether the machine's person wants it to send nothing now. */
  readonly isPaused: () => boolean;
}

interface Queued {
  frames: number;
  bytes: number;
}

export class SimulatedWire implements Wire, Endpoint {
  readonly #parts: WireParts;
  readonly #links = new Map<PeerId, Link>();
  readonly #queued = new Map<PeerId, Queued>();
  readonly #refused = new Set<PeerId>();
  /** Found in vain, and to be found again. */
  readonly #missed = new Set<PeerId>();
  /** Since when each is connected, or is not any more. */
  readonly #linkedMs = new Map<PeerId, number>();
  readonly #transfers = new Map<Link, Set<() => void>>();
  readonly #seenHints = new WeakSet<Uint8Array>();
  #listener: WireListener | undefined;
  #arrivals = 0;
  /** Most frames that ever waited for one peer. */
  queuedFramesMost = 0;

  constructor(parts: WireParts) {
    this.#parts = parts;
    parts.network.attach(this);
  }

  get self(): PeerId {
    return this.#parts.self;
  }

  get peer(): PeerId {
    return this.#parts.self;
  }

  get certificate(): Uint8Array {
    return this.#parts.certificate;
  }

  get isListening(): boolean {
    const { life } = this.#parts;
    return this.#listener !== undefined && !life.isOver && !life.isAsleep;
  }

  get listener(): WireListener | undefined {
    return this.#listener;
  }

  get disk(): SimulatedDisk {
    return this.#parts.disk;
  }

  start(listener: WireListener): void {
    this.#listener = listener;
    this.discover();
  }

  /** Finds whoever is up, as mDNS does. */
  discover(): void {
    const { network, life } = this.#parts;
    for (const other of sampleOf(network.listening(), network.random)) {
      if (other.peer === this.peer) continue;
      life.after(network.random.fraction() * discoveryMsMax, () => {
        if (this.#listener?.wantsLink(other.peer) === true) network.dial(this, other.peer);
        else (other as SimulatedWire).#hearOf(this.peer);
      });
    }
  }

  /** Who looks around is seen itself. */
  #hearOf(peer: PeerId): void {
    if (this.isListening && this.#listener?.wantsLink(peer) === true) this.connect(peer, []);
  }

  admits(peer: PeerId, certificate: Uint8Array): boolean {
    return !this.#refused.has(peer) && this.#parts.admits(peer, certificate);
  }

  opened(link: Link): void {
    const { peer } = link.otherOf(this.peer);
    this.#links.set(peer, link);
    this.#linkedMs.set(peer, this.#parts.network.queue.nowMs);
    this.#queued.set(peer, { frames: 0, bytes: 0 });
    this.#listener?.connected(peer);
  }

  /** mDNS names it again; once, however often it was dialled meanwhile. Whom a cut took away it has named, and does not name anew. */
  missed(peer: PeerId): void {
    const isKnown = this.#parts.network.isCut && this.#linkedMs.has(peer);
    if (isKnown || this.#missed.has(peer)) return;
    this.#missed.add(peer);
    this.#parts.life.after(rediscoveryMs, () => {
      this.#missed.delete(peer);
      if (this.#listener?.wantsLink(peer) === true) this.connect(peer, []);
    });
  }

  closed(link: Link): void {
    const { peer } = link.otherOf(this.peer);
    if (this.#links.get(peer) !== link) return;
    // A machine that sleeps cannot notice; it is told when it wakes.
    if (this.#parts.life.isAsleep) return;
    this.#links.delete(peer);
    this.#linkedMs.set(peer, this.#parts.network.queue.nowMs);
    this.#queued.delete(peer);
    for (const fail of this.#transfers.get(link) ?? []) fail();
    this.#transfers.delete(link);
    if (this.isListening) this.#listener?.disconnected(peer);
  }

  /** The power goes, the lid closes: all links are dead. */
  dropLinks(): void {
    for (const link of this.#links.values()) this.#parts.network.breakLink(link);
  }

  /** Whether anybody was ever connected in this life. */
  get hasMet(): boolean {
    return this.#linkedMs.size > 0;
  }

  /** Since when a peer is connected; undefined where it is not. */
  linkedSinceMs(peer: PeerId): number | undefined {
    return this.#links.has(peer) ? this.#linkedMs.get(peer) : undefined;
  }

  /** Since when a peer is connected no more; undefined where it is, or never was in this life. */
  unlinkedSinceMs(peer: PeerId): number | undefined {
    return this.#links.has(peer) ? undefined : this.#linkedMs.get(peer);
  }

  /** Who is connected now. */
  get peers(): readonly PeerId[] {
    return [...this.#links.keys()];
  }

  /** After waking: the links from before are gone. */
  forgetLinks(): void {
    for (const link of this.#links.values()) {
      if (link.isClosed) this.closed(link);
      else this.#parts.network.closeLink(link);
    }
    this.discover();
  }

  send(to: PeerId, frame: Uint8Array): boolean {
    const link = this.#links.get(to);
    const queued = this.#queued.get(to);
    if (link === undefined || queued === undefined || frame.length > frameBytesMax) return false;
    if (queued.frames >= queuedFramesPerPeerMax || queued.bytes + frame.length > queuedBytesPerPeerMax)
      return false;
    const { network } = this.#parts;
    if (network.happens(network.faults.lossShare)) network.breakLink(link);
    network.onBytes?.(frame);
    if (link.isBroken) return true;
    queued.frames++;
    queued.bytes += frame.length;
    this.queuedFramesMost = Math.max(this.queuedFramesMost, queued.frames);
    const other = link.otherOf(this.peer) as SimulatedWire;
    const deliver = (): void => {
      if (!link.isBroken && !network.isBlocked(this.peer, to) && other.isListening)
        other.#listener?.frame(this.peer, frame);
    };
    const atMs = network.queue.nowMs + network.latencyMs() + network.streamMs(this.peer, frame.length);
    const isOvertaken = network.happens(network.faults.frameReorderShare);
    const arrivalMs = isOvertaken
      ? atMs + network.random.fraction() * overtakenMsMax
      : link.arrivalAfter(this.peer, atMs);
    network.queue.schedule(arrivalMs, () => {
      queued.frames--;
      queued.bytes -= frame.length;
      deliver();
    });
    if (network.happens(network.faults.frameRepeatShare))
      network.queue.schedule(arrivalMs + network.random.fraction() * repeatedMsMax, deliver);
    return true;
  }

  broadcast(hint: Uint8Array): void {
    if (hint.length > hintBytesMax) return;
    this.#parts.network.onBytes?.(hint);
    this.#seenHints.add(hint);
    this.#spread(hint, this.#links.values());
  }

  /** As gossipsub does: who hears a hint for the first time hands it on to a few; where all are connected that is not needed. */
  #heardHint(from: PeerId, hint: Uint8Array): void {
    const { network } = this.#parts;
    if (!network.isSparse) return this.#listener?.hint(from, hint);
    if (this.#seenHints.has(hint)) return;
    this.#seenHints.add(hint);
    this.#listener?.hint(from, hint);
    const links = [...this.#links.values()];
    const start = network.random.below(Math.max(1, links.length));
    this.#spread(hint, [...links.slice(start), ...links].slice(0, Math.min(links.length, hintFanout)));
  }

  #spread(hint: Uint8Array, links: Iterable<Link>): void {
    const { network } = this.#parts;
    for (const link of links) {
      const copies = network.happens(network.faults.hintRepeatShare) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) this.#hintOver(link, hint);
    }
  }

  #hintOver(link: Link, hint: Uint8Array): void {
    const { network } = this.#parts;
    if (network.happens(network.faults.hintLossShare)) return;
    const other = link.otherOf(this.peer) as SimulatedWire;
    network.queue.schedule(network.queue.nowMs + network.latencyMs(), () => {
      if (!link.isBroken && other.isListening) other.#heardHint(this.peer, hint);
    });
  }

  connect(peer: PeerId, _addresses: readonly string[]): void {
    this.#refused.delete(peer);
    if (!this.#links.has(peer)) this.#parts.network.dial(this, peer);
  }

  release(peer: PeerId): void {
    const link = this.#links.get(peer);
    if (link !== undefined) this.#parts.life.after(0, () => this.#parts.network.closeLink(link));
  }

  cut(peer: PeerId): void {
    this.#refused.add(peer);
    const link = this.#links.get(peer);
    if (link !== undefined) this.#parts.life.after(0, () => this.#parts.network.closeLink(link));
  }

  /** Shards that flow in. */
  get arrivalCount(): number {
    return this.#arrivals;
  }

  /** Whether a shard is on its way from here to a peer, or trickles in from it. */
  isStreaming(peer: PeerId): boolean {
    const link = this.#links.get(peer);
    return link !== undefined && (this.#transfers.get(link)?.size ?? 0) > 0;
  }

  sendShard(to: PeerId, shard: ShardLocation, done: Done<SendOutcome>): void {
    const { life, disk, isPaused } = this.#parts;
    const link = this.#links.get(to);
    if (link !== undefined && isPaused()) {
      life.after(1, () => done('resting'));
      return;
    }
    const found = disk.read(shard);
    if (link === undefined || found === undefined) {
      life.after(1, () => done(link === undefined ? 'unreachable' : 'damaged'));
      return;
    }
    const { descriptor } = found;
    const spoiled = this.#parts.spoiled(shard, found.bytes);
    const bytes = spoiled ?? found.bytes;
    // Verified on the way out: a rotten shard costs no bandwidth.
    if (spoiled === undefined && !shardMatches(descriptor, shard.index, bytes))
      life.after(1, () => done('damaged'));
    else {
      const trickleMs = this.#parts.network.trickleMs();
      this.#stream({ link, arrival: { descriptor, index: shard.index }, bytes, trickleMs }, done);
    }
  }

  #stream(transfer: Transfer, done: Done<ShardOutcome>): void {
    const { network, life } = this.#parts;
    const { link, trickleMs } = transfer;
    let isEnded = false;
    const end = (outcome: ShardOutcome): void => {
      if (isEnded) return;
      isEnded = true;
      timeout.cancel();
      this.#transfers.get(link)?.delete(fail);
      life.after(0, () => done(outcome));
    };
    const fail = (): void => end('unreachable');
    const timeout = life.after(trickleMs + transferSilenceMsMax, fail);
    const running = this.#transfers.get(link) ?? new Set();
    this.#transfers.set(link, running.add(fail));
    const other = link.otherOf(this.peer) as SimulatedWire;
    network.queue.schedule(network.queue.nowMs + network.latencyMs(), () => {
      if (!link.isBroken && other.isListening) other.#receive(transfer, this.peer, end);
    });
  }

  #receive(transfer: Transfer, from: PeerId, answer: (outcome: ShardOutcome) => void): void {
    const { network, life, disk } = this.#parts;
    const { arrival, bytes, link, trickleMs } = transfer;
    const place =
      this.#arrivals < shardArrivalsMax ? this.#listener?.shardArriving(from, arrival) : undefined;
    const reply = (outcome: ShardOutcome): void => {
      network.queue.schedule(network.queue.nowMs + network.latencyMs(), () => {
        if (!link.isBroken) answer(outcome);
      });
    };
    if (place === undefined) return reply('refused');
    this.#arrivals++;
    let isEnded = false;
    const ended = (outcome: ShardOutcome): void => {
      if (isEnded) return;
      isEnded = true;
      this.#transfers.get(link)?.delete(cutOff);
      this.#arrivals--;
      this.#listener?.shardArrived(from, { ...arrival, place }, outcome);
      reply(outcome);
    };
    if (network.happens(network.faults.transferLossShare)) network.breakLink(link);
    network.onBytes?.(bytes);
    const cutOff = (): void => ended('unreachable');
    // Who reads notices the end of a connection; of transfers that take no time nobody could tell.
    if (trickleMs > 0) this.#transfers.set(link, (this.#transfers.get(link) ?? new Set()).add(cutOff));
    life.after(trickleMs + network.latencyMs() + network.streamMs(from, bytes.length), () => {
      if (link.isBroken) ended('unreachable');
      else disk.store({ ...arrival, place }, bytes, ended);
    });
  }
}

/** All of a small network; of a large one as many as answer first. */
function sampleOf(found: readonly Endpoint[], random: Random): readonly Endpoint[] {
  if (found.length <= discoveredMax) return found;
  return Array.from({ length: discoveredMax }, () => found[random.below(found.length)]!);
}

interface Transfer {
  readonly link: Link;
  readonly arrival: ShardArrival;
  readonly bytes: Uint8Array;
  /** How much longer it takes than its bytes do. */
  readonly trickleMs: number;
}
