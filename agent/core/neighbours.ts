// To whom this agent keeps connections. In a small fleet to everybody. In a large one to its neighbours on the rings (rings.ts), over which
// words reach everybody in a few steps, and to those that work calls (membership.call), as long as it does. It never ends a connection over
// which a shard or a proof is under way, and what others opened it leaves to them.

import type { UnixMs } from '../../datasets/index.ts';
import { retryMsMin } from '../limits.ts';
import {
  aliveMsMax,
  callMs,
  fleetLookMs,
  fullMeshMax,
  idleMs,
  linksMax,
  ringCountDefault,
  ringSideLength,
  ringTriesAtOnce,
  workLinksMax,
} from '../mesh-limits.ts';
import type { SignedBatch } from '../codec/index.ts';
import type { PeerId } from '../units.ts';
import { Dialing } from './dialing.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import type { CallHaste } from './calls.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';
import { type RingSide, ringSidesOf } from './rings.ts';
import { Visits } from './visits.ts';

/** How large a fleet is fully connected, and on how many rings a larger one stands; simulations of small fleets have less of both. */
export interface MeshShape {
  readonly meshMax: number;
  readonly ringCount: number;
}

export const meshShapeDefault: MeshShape = { meshMax: fullMeshMax, ringCount: ringCountDefault };

export interface NeighboursParts {
  readonly membership: Membership;
  /** Uniform in [0, 1). */
  readonly fraction: () => number;
  readonly shape?: MeshShape | undefined;
  /** Whether shards or proofs are under way between this agent and another. */
  readonly isBusyWith: (peer: PeerId) => boolean;
  /** Machines that should hear of the packs here. */
  readonly hearers: () => ReadonlySet<PeerId>;
}

/** Machines of a large fleet that dial one that nobody knows, each time it is found. */
const strangerDials = 8;

interface Side {
  readonly peers: RingSide;
  /** So many of them are tried, or were until one answered. */
  tries: number;
}

export class Neighbours {
  readonly hears = [
    'connected',
    'disconnected',
    'batchStored',
    'message',
    'batchOpened',
    'shardArrived',
    'tick',
  ] as const;
  readonly hearsRecords = ['addresses'] as const;
  readonly visits: Visits;
  readonly #membership: Membership;
  readonly #shape: MeshShape;
  readonly #isBusyWith: NeighboursParts['isBusyWith'];
  readonly #fraction: () => number;
  readonly #dialing: Dialing;
  /** Who stands on the rings. */
  #members: readonly PeerId[] = [];
  #sides: readonly Side[] = [];
  /** The neighbours, and those that stand nearer but are not there. */
  #near: ReadonlySet<PeerId> = new Set();
  /** Whom work wants to speak to, and until when. */
  readonly #calledUntilMs = new Map<PeerId, number>();
  /** When each that is connected last said anything. */
  readonly #spokeMs = new Map<PeerId, UnixMs>();
  /** Connections that this agent asked for. */
  readonly #opened = new Set<PeerId>();
  /** Found nearby since the last look at the fleet, and dialled by the shell for that, until they come. */
  #found = new Set<PeerId>();
  /** The same between the two looks before: who has not come by the next one was found in vain. */
  #foundBefore = new Set<PeerId>();
  #rosterVersion = -1;
  readonly #nextFleetLook = new NextTime();
  /** A neighbour went away. */
  #isNews = false;
  /** Own logs are read, and there is no wire yet. */
  #isReading = true;

  constructor({ membership, fraction, shape = meshShapeDefault, isBusyWith, hearers }: NeighboursParts) {
    this.#membership = membership;
    this.#shape = shape;
    this.#isBusyWith = isBusyWith;
    this.#fraction = fraction;
    this.#dialing = new Dialing(fraction);
    this.visits = new Visits(membership, hearers);
  }

  handle(event: EventOf<Neighbours['hears'][number]>): Effects {
    switch (event.kind) {
      case 'connected':
        this.#connected(event.peer, event.now);
        return [];
      case 'disconnected':
        this.#disconnected(event.peer, event.now);
        return [];
      case 'batchStored':
        return this.#heard(event.batch, event.now);
      case 'message':
      case 'batchOpened':
      case 'shardArrived':
        if (this.#spokeMs.has(event.from)) this.#spokeMs.set(event.from, event.now);
        return [];
      case 'tick':
        this.#isReading = false;
        this.#lookAtFleet(event.now);
        return this.#membership.isSparse ? [] : this.#dials(event.now);
    }
  }

  /** In a large fleet, what follows from an event after everybody else had it: whom they called is dialled at once. */
  follow({ kind, now }: CoreEvent): Effects {
    if (!this.#membership.isSparse) return [];
    const isTick = kind === 'tick';
    if (isTick) this.visits.visit(now);
    const calls = this.#membership.takeCalls();
    if (!isTick && calls.size === 0 && !this.#isNews) return [];
    for (const [peer, haste] of calls) this.#called(peer, haste, now);
    if (isTick) this.#endCalls(now);
    if (isTick || this.#isNews) this.#lookAround(now);
    const dials = this.#dials(now);
    return isTick ? [...dials, ...this.#releases(now)] : dials;
  }

  /** A machine was found nearby: whether it is to be dialled. The connection is one that this agent asked for. */
  finds(peer: PeerId): boolean {
    const isWanted = this.wants(peer);
    if (isWanted && !this.#membership.up.has(peer) && this.#found.size < linksMax) this.#found.add(peer);
    return isWanted;
  }

  /** Whether a connection to a machine is wanted. */
  wants(peer: PeerId): boolean {
    const { isSparse, up } = this.#membership;
    // A new machine does not know yet how large the fleet is.
    if (!isSparse) return up.size < this.#shape.meshMax;
    const isLonely = up.size < this.#shape.ringCount;
    return isLonely || this.#near.has(peer) || this.#calledUntilMs.has(peer) || this.#isCurious(peer);
  }

  /**
   * Of whom no log here tells yet: mostly a new machine, of which its admin's log is about to tell, so a few of all are enough. But two parts
   * of a fleet that know nothing of each other, each with all its neighbours, would stay apart for ever.
   */
  #isCurious(peer: PeerId): boolean {
    const { up } = this.#membership;
    if (this.#membership.certificateOf(peer) !== undefined || up.size >= linksMax) return false;
    return this.#fraction() * this.#members.length < strangerDials;
  }

  #connected(peer: PeerId, now: UnixMs): void {
    if (this.#membership.isRevoked(peer)) return;
    const isFound = this.#found.delete(peer) || this.#foundBefore.delete(peer);
    if (isFound || !this.#membership.isSparse || this.#dialing.has(peer)) this.#opened.add(peer);
    this.#dialing.met(peer, now);
    this.#spokeMs.set(peer, now);
    this.visits.met(peer, now);
  }

  #disconnected(peer: PeerId, now: UnixMs): void {
    this.#opened.delete(peer);
    if (this.#near.has(peer)) this.#isNews = true;
    if (!this.#spokeMs.delete(peer) || this.#membership.isRevoked(peer)) return;
    if (!this.#membership.isSparse || this.#near.has(peer)) this.#dialing.schedule(peer, now + retryMsMin);
  }

  /** Whoever said where it stands is dialled without waiting for the next tick. */
  #heard({ author, records }: SignedBatch, now: UnixMs): Effects {
    if (records.every(({ kind }) => kind !== 'addresses')) return [];
    this.#addressed(author, now);
    return this.#isReading || this.#membership.isSparse ? [] : this.#dials(now);
  }

  #addressed(peer: PeerId, now: UnixMs): void {
    const { self, up } = this.#membership;
    if (peer === self || up.has(peer) || (this.#membership.isSparse && !this.#dialing.has(peer))) return;
    // The lower id dials at once, the higher one a little later: two dials at the same time are only work. Whoever has not told yet where
    // it stands can be dialled by nobody.
    const isUntold = this.#membership.addressesOf(self).length === 0;
    this.#dialing.schedule(peer, isUntold || peer > self ? now : now + 2 * retryMsMin);
  }

  /** How large the fleet is, and who stands where. */
  #lookAtFleet(now: UnixMs): void {
    const { rosterVersion, isSparse } = this.#membership;
    const isDue = this.#nextFleetLook.hasCome(now);
    if (rosterVersion === this.#rosterVersion && !isDue) return;
    if (isDue) [this.#found, this.#foundBefore] = [new Set(), this.#found];
    this.#rosterVersion = rosterVersion;
    this.#nextFleetLook.waitFor(fleetLookMs, now);
    const alive = this.#membership.machines.filter((peer) => this.#isAlive(peer, now));
    const isLarge = alive.length > this.#shape.meshMax;
    if (isLarge !== isSparse) this.#turn(isLarge, alive, now);
    if (isLarge) this.#stand(alive);
    else this.#takeBack(alive, now);
  }

  /** Of a machine that was out and is not any more nobody will hear new addresses. */
  #takeBack(alive: readonly PeerId[], now: UnixMs): void {
    const { self, up } = this.#membership;
    for (const peer of alive) {
      const isNew = peer !== self && !up.has(peer) && !this.#dialing.has(peer);
      if (isNew && this.#membership.addressesOf(peer).length > 0) this.#dialing.schedule(peer, now);
    }
  }

  #isAlive(peer: PeerId, now: UnixMs): boolean {
    const { self } = this.#membership;
    if (!this.#membership.isMember(peer, now)) return false;
    const wordMs = this.#membership.wordMs(peer) ?? this.#membership.certificateOf(peer)?.notBeforeMs ?? 0;
    return peer === self || now - wordMs < aliveMsMax;
  }

  #turn(isLarge: boolean, alive: readonly PeerId[], now: UnixMs): void {
    this.#membership.setSparse(isLarge);
    this.#calledUntilMs.clear();
    this.#dialing.keepOnly(() => false);
    this.#members = [];
    if (isLarge) return;
    const { self, up } = this.#membership;
    for (const peer of alive) if (peer !== self && !up.has(peer)) this.#dialing.schedule(peer, now);
  }

  #stand(alive: readonly PeerId[]): void {
    const isSame =
      alive.length === this.#members.length && alive.every((peer, at) => peer === this.#members[at]);
    if (isSame) return;
    this.#members = alive;
    const { ringCount } = this.#shape;
    const sides = ringSidesOf(this.#membership.self, alive, { ringCount, sideLength: ringSideLength });
    this.#sides = sides.map((peers) => ({ peers, tries: ringTriesAtOnce }));
  }

  #called(peer: PeerId, haste: CallHaste, now: UnixMs): void {
    this.#calledUntilMs.set(peer, now + callMs);
    const { up } = this.#membership;
    if (up.has(peer)) return;
    const isTried = this.#dialing.has(peer);
    if (isTried && (haste === 'soon' || !this.#dialing.isUnanswered(peer, now))) return;
    const isCrowded = haste === 'soon' && up.size - this.#near.size > workLinksMax;
    this.#dialing.schedule(peer, isCrowded ? now + idleMs : now);
  }

  #endCalls(now: UnixMs): void {
    for (const [peer, untilMs] of this.#calledUntilMs) if (untilMs < now) this.#calledUntilMs.delete(peer);
  }

  /** Of each side the nearest that is there, and those before it, which are dialled: when one comes it takes the place. */
  #lookAround(now: UnixMs): void {
    const { up } = this.#membership;
    this.#isNews = false;
    for (const peer of this.#dialing.takeUnanswered(now)) this.#membership.noteMissed(peer, now);
    const near = new Set<PeerId>();
    for (const side of this.#sides) this.#lookAt(side, near, now);
    this.#near = near;
    for (const peer of near) if (!up.has(peer) && !this.#dialing.has(peer)) this.#dialing.schedule(peer, now);
    this.#dialing.keepOnly((peer) => near.has(peer) || this.#calledUntilMs.has(peer));
  }

  #lookAt(side: Side, near: Set<PeerId>, now: UnixMs): void {
    const { up } = this.#membership;
    const { peers } = side;
    const found = peers.findIndex((peer, at) => at < side.tries && up.has(peer));
    if (found >= 0) side.tries = Math.max(found + 1, ringTriesAtOnce);
    else if (peers.slice(0, side.tries).every((peer) => this.#dialing.isUnanswered(peer, now)))
      side.tries = Math.min(peers.length, side.tries + ringTriesAtOnce);
    const count = found >= 0 ? found + 1 : side.tries;
    for (const peer of peers.slice(0, count)) near.add(peer);
  }

  #dials(now: UnixMs): Effects {
    const haste = this.#membership.isSparse ? 'patient' : 'quick first';
    return this.#dialing.due(now, haste).flatMap((peer): Effects => {
      if (!this.#membership.isRevoked(peer))
        return [{ kind: 'connect', peer, addresses: this.#membership.addressesOf(peer) }];
      this.#dialing.end(peer);
      return [];
    });
  }

  #releases(now: UnixMs): Effects {
    const { up } = this.#membership;
    const effects: CoreEffect[] = [];
    for (const peer of up) {
      const isOurs = this.#opened.has(peer) || up.size > linksMax;
      if (!isOurs || this.#near.has(peer) || this.#calledUntilMs.has(peer)) continue;
      const isIdle = now - (this.#spokeMs.get(peer) ?? now) >= idleMs;
      if (isIdle && !this.#isBusyWith(peer)) effects.push({ kind: 'release', peer });
    }
    return effects;
  }
}
