// Over which machines words spread in a large fleet: all stand on a few rings, each in another order that follows from their ids, and each
// speaks to the next one that is up in both directions of each ring. Pure arithmetic: whom a machine names so names it too.

import type { PeerId } from '../units.ts';

/** A machine on the rings. */
export interface RingMember {
  readonly peer: PeerId;
  /** On each ring, 0..2^32 − 1. */
  readonly places: Uint32Array;
}

/** FNV-1a of the id, then the finaliser of MurmurHash3 once for each ring. */
export function ringMemberOf(peer: PeerId, ringCount: number): RingMember {
  let hash = 0x811c9dc5;
  for (let at = 0; at < peer.length; at++) hash = Math.imul(hash ^ peer.charCodeAt(at), 0x01000193);
  const places = new Uint32Array(ringCount);
  for (let ring = 0; ring < ringCount; ring++) {
    let mixed = hash ^ Math.imul(ring + 1, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    places[ring] = mixed ^ (mixed >>> 16);
  }
  return { peer, places };
}

/** Machines beside one in one direction of one ring, the nearest first. */
export type RingSide = readonly PeerId[];

interface Found {
  readonly peer: PeerId;
  readonly distance: number;
}

/**
 * The sides of one machine: two for each ring, each with at most `sideLength` of the others. Where two of them have the same place the lower
 * id is the nearer one.
 */
export const ringSidesOf = (
  self: RingMember,
  members: readonly RingMember[],
  sideLength: number,
): readonly RingSide[] =>
  [...self.places.keys()].flatMap((ring) =>
    [1, -1].map((direction) => sideOf({ self, members, ring, direction }, sideLength)),
  );

interface SideQuestion {
  readonly self: RingMember;
  readonly members: readonly RingMember[];
  readonly ring: number;
  /** 1 or −1. */
  readonly direction: number;
}

/** Looks at a part of the ring that should hold three times as many as are wanted, and at all of it where it does not. */
function sideOf(question: SideQuestion, sideLength: number): RingSide {
  const part = (3 * sideLength) / Math.max(1, question.members.length);
  const near = part < 1 ? within(question, part * 2 ** 32) : [];
  const found = near.length < sideLength ? within(question, 2 ** 32) : near;
  return found
    .toSorted((a, b) => a.distance - b.distance || (a.peer < b.peer ? -1 : 1))
    .slice(0, sideLength)
    .map(({ peer }) => peer);
}

function within({ self, members, ring, direction }: SideQuestion, distanceMax: number): readonly Found[] {
  const from = self.places[ring]!;
  const found: Found[] = [];
  for (const { peer, places } of members) {
    const distance = (direction * (places[ring]! - from)) >>> 0;
    if (distance <= distanceMax && peer !== self.peer) found.push({ peer, distance });
  }
  return found;
}
