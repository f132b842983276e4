// The pretend network: who is attached, who is connected, what is lost, late, repeated or cut. Frames of one connection
// keep their order, as over TCP; a lost frame breaks the connection a while later, as a dead link does.

import { hours, minutes, type Random } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import type { EventQueue } from './event-queue.ts';

/** How bad the network is. Shares are 0..1. */
export interface NetworkFaults {
  /** One way, from–to, uniform. */
  readonly latencyMs: readonly [number, number];
  /** Of frames: each one lost breaks its connection. */
  readonly lossShare: number;
  readonly hintLossShare: number;
  readonly hintRepeatShare: number;
  /** Of frames that arrive twice, the second time up to a minute later; no TCP does that, the core bears it. */
  readonly frameRepeatShare: number;
  /** Of frames that take up to two seconds longer and are overtaken. */
  readonly frameReorderShare: number;
  /** Of machines that send a hundred times slower than they receive. */
  readonly slowUplinkShare: number;
  /** Of shard transfers that break half-way. */
  readonly transferLossShare: number;
  /** Of shard transfers that take minutes or hours, as over a line that is slow or shared; no byte is missing for long. Absent: none. */
  readonly trickleShare?: number;
  readonly bytesPerSecond: number;
}

export const calmNetwork: NetworkFaults = {
  latencyMs: [1, 30],
  lossShare: 0,
  hintLossShare: 0,
  hintRepeatShare: 0,
  frameRepeatShare: 0,
  frameReorderShare: 0,
  slowUplinkShare: 0,
  transferLossShare: 0,
  bytesPerSecond: 10_000_000,
};

/** What the network asks of an attached wire. */
export interface Endpoint {
  readonly peer: PeerId;
  /** The listener is there and the machine is awake. */
  readonly isListening: boolean;
  /** Shown to the other side before the connection counts. */
  readonly certificate: Uint8Array;
  admits(peer: PeerId, certificate: Uint8Array): boolean;
  opened(link: Link): void;
  /** The other side is there, but no connection came of it. */
  missed(peer: PeerId): void;
  closed(link: Link): void;
}

/** A connection; both ends hold the same one. */
export class Link {
  readonly ends: readonly [Endpoint, Endpoint];
  /** Half open: nothing gets through any more, but the ends have not noticed. */
  isBroken = false;
  isClosed = false;
  /** Earliest arrival of the next frame, by direction: keeps the order. */
  readonly #nextArrivalMs: [number, number] = [0, 0];

  constructor(ends: readonly [Endpoint, Endpoint]) {
    this.ends = ends;
  }

  otherOf(peer: PeerId): Endpoint {
    return this.ends[0].peer === peer ? this.ends[1] : this.ends[0];
  }

  /** When a frame that leaves `from` now and would take until `atMs` arrives behind those before it. */
  arrivalAfter(from: PeerId, atMs: number): number {
    const direction = this.ends[0].peer === from ? 0 : 1;
    const arrivalMs = Math.max(atMs, this.#nextArrivalMs[direction]);
    this.#nextArrivalMs[direction] = arrivalMs;
    return arrivalMs;
  }
}

/** A dead link is noticed after this long (keep-alive), uniform. */
const noticeMs: readonly [number, number] = [1000, 30_000];

const slowUplinkFactor = 100;
/** How long a transfer takes that trickles, as likely in each octave. */
const trickleMs: readonly [number, number] = [minutes(1), hours(2)];

const pairName = (a: PeerId, b: PeerId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

export class Network {
  readonly queue: EventQueue;
  readonly random: Random;
  faults: NetworkFaults;
  /** Not everybody is connected to everybody: hints are handed on. */
  isSparse = false;
  readonly #endpoints = new Map<PeerId, Endpoint>();
  readonly #links = new Map<string, Link>();
  readonly #blocked = new Set<string>();
  /** Machines of one side of a cut. */
  #side: ReadonlySet<PeerId> | undefined;
  #openSinceMs = Number.NEGATIVE_INFINITY;
  /** Machines with a slow uplink. */
  readonly slowUplinks = new Set<PeerId>();
  /** A shard begins that takes minutes or hours. */
  onTrickle: (() => void) | undefined;
  /** Sees every byte string on the wire: the check for plain text. */
  onBytes: ((bytes: Uint8Array) => void) | undefined;

  constructor(parts: {
    readonly queue: EventQueue;
    readonly random: Random;
    readonly faults?: NetworkFaults;
  }) {
    this.queue = parts.queue;
    this.random = parts.random;
    this.faults = parts.faults ?? calmNetwork;
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.peer, endpoint);
  }

  /** Attached wires that listen now. */
  listening(): readonly Endpoint[] {
    return [...this.#endpoints.values()].filter((endpoint) => endpoint.isListening);
  }

  /** Blocks what goes from one machine to another; the other way stays open. */
  block(from: PeerId, to: PeerId): void {
    this.#blocked.add(`${from} ${to}`);
    const link = this.#links.get(pairName(from, to));
    if (link !== undefined) this.breakLink(link);
  }

  /** Nothing gets from one side to the other, either way. */
  cut(side: ReadonlySet<PeerId>): void {
    this.#side = side;
    for (const link of this.#links.values())
      if (this.#areApart(link.ends[0].peer, link.ends[1].peer)) this.breakLink(link);
  }

  mendCut(): void {
    this.#side = undefined;
    this.#openSinceMs = this.queue.nowMs;
  }

  unblockAll(): void {
    this.#blocked.clear();
    this.#openSinceMs = this.queue.nowMs;
  }

  isBlocked(from: PeerId, to: PeerId): boolean {
    return this.#blocked.has(`${from} ${to}`) || this.#areApart(from, to);
  }

  #areApart(one: PeerId, other: PeerId): boolean {
    return this.#side !== undefined && this.#side.has(one) !== this.#side.has(other);
  }

  /** Whether it is cut in two. */
  get isCut(): boolean {
    return this.#side !== undefined;
  }

  /** Since when no way was opened again that had been blocked. */
  get openSinceMs(): number {
    return this.#openSinceMs;
  }

  latencyMs(): number {
    const [least, most] = this.faults.latencyMs;
    return least + this.random.fraction() * (most - least);
  }

  /** How long bytes take on the way out of a machine, without the latency. */
  streamMs(from: PeerId, byteCount: number): number {
    const slowness = this.slowUplinks.has(from) ? slowUplinkFactor : 1;
    return (byteCount / this.faults.bytesPerSecond) * 1000 * slowness;
  }

  /** How much longer a shard takes on its way; mostly 0. */
  trickleMs(): number {
    if (!this.happens(this.faults.trickleShare ?? 0)) return 0;
    this.onTrickle?.();
    const [least, most] = trickleMs;
    return least * (most / least) ** this.random.fraction();
  }

  happens(share: number): boolean {
    return share > 0 && this.random.fraction() < share;
  }

  /** Dials; after a round trip both ends have an open link, unless one is away, cut off or not admitted. */
  dial(from: Endpoint, to: PeerId): void {
    // Most dials go to machines that are off: nobody notices, so nothing needs to happen.
    if (this.#endpoints.get(to)?.isListening !== true) return;
    this.queue.schedule(this.queue.nowMs + 2 * this.latencyMs(), () => {
      const other = this.#endpoints.get(to);
      if (other === undefined || other === from || !from.isListening || !other.isListening) return;
      if (this.#links.has(pairName(from.peer, to))) return;
      const isOpen = !this.isBlocked(from.peer, to) && !this.isBlocked(to, from.peer);
      const isAdmitted =
        isOpen && from.admits(other.peer, other.certificate) && other.admits(from.peer, from.certificate);
      if (!isAdmitted) return from.missed(to);
      const link = new Link([from, other]);
      this.#links.set(pairName(from.peer, to), link);
      from.opened(link);
      if (!link.isClosed) other.opened(link);
    });
  }

  /** Nothing gets through from now on; both ends notice later. */
  breakLink(link: Link): void {
    if (link.isBroken) return;
    link.isBroken = true;
    const [least, most] = noticeMs;
    this.queue.schedule(this.queue.nowMs + least + this.random.fraction() * (most - least), () =>
      this.closeLink(link),
    );
  }

  closeLink(link: Link): void {
    if (link.isClosed) return;
    link.isClosed = true;
    link.isBroken = true;
    this.#links.delete(pairName(link.ends[0].peer, link.ends[1].peer));
    for (const end of link.ends) end.closed(link);
  }
}
