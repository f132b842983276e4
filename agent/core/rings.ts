// Over which machines words spread in a large fleet: all stand on a few rings, each in another order that follows from their ids, and each
// speaks to the next one that is up in both directions of each ring. Pure arithmetic: whom a machine names so names it too.

import type { PeerId } from '../units.ts';

/** Writes where a machine stands on each ring, 0..2^32 − 1: FNV-1a of its id, then the finaliser of MurmurHash3 once for each ring. */
export function placeOn(places: Uint32Array, peer: PeerId): Uint32Array {
  let hash = 0x811c9dc5;
  for (let at = 0; at < peer.length; at++) hash = Math.imul(hash ^ peer.charCodeAt(at), 0x01000193);
  for (let ring = 0; ring < places.length; ring++) {
    let mixed = hash ^ Math.imul(ring + 1, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    places[ring] = mixed ^ (mixed >>> 16);
  }
  return places;
}

/** Machines beside one in one direction of one ring, the nearest first. */
export type RingSide = readonly PeerId[];

interface Found {
  readonly peer: PeerId;
  readonly distance: number;
}

export interface RingsShape {
  readonly ringCount: number;
  /** Of each side so many are named at most. */
  readonly sideLength: number;
  /** Writes where a machine stands; absent: by its id. */
  readonly placeOn?: typeof placeOn;
}

/**
 * The sides of one machine among others: two for each ring, forwards and backwards. Where two have the same place the lower id is the nearer
 * one. Looks at parts of the rings that should hold three times as many as are wanted, and at all of them where one does not. Places are
 * computed anew each time: remembered for all by each of thousands they would be most of what a simulation keeps.
 */
export function ringSidesOf(
  self: PeerId,
  members: readonly PeerId[],
  { ringCount, sideLength, placeOn: place = placeOn }: RingsShape,
): readonly RingSide[] {
  const part = (3 * sideLength) / Math.max(1, members.length);
  const ringed = { self, own: place(new Uint32Array(ringCount), self), members, place };
  const near = part < 1 ? within(ringed, part * 2 ** 32) : [];
  const isEnough = part < 1 && near.every((found) => found.length >= sideLength);
  const sides = isEnough ? near : within(ringed, 2 ** 32);
  return sides.map((found) =>
    found
      .toSorted((a, b) => a.distance - b.distance || (a.peer < b.peer ? -1 : 1))
      .slice(0, sideLength)
      .map(({ peer }) => peer),
  );
}

interface Ringed {
  readonly self: PeerId;
  readonly own: Uint32Array;
  readonly members: readonly PeerId[];
  readonly place: typeof placeOn;
}

function within({ self, own, members, place }: Ringed, distanceMax: number): readonly Found[][] {
  const sides = Array.from({ length: 2 * own.length }, (): Found[] => []);
  const places = new Uint32Array(own.length);
  for (const peer of members) {
    if (peer === self) continue;
    place(places, peer);
    for (let ring = 0; ring < own.length; ring++) {
      const forwards = (places[ring]! - own[ring]!) >>> 0;
      const backwards = (own[ring]! - places[ring]!) >>> 0;
      if (forwards <= distanceMax) sides[2 * ring]!.push({ peer, distance: forwards });
      if (backwards <= distanceMax) sides[2 * ring + 1]!.push({ peer, distance: backwards });
    }
  }
  return sides;
}
