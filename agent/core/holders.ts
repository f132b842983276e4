// Which members may hold shards at a time, in order of id. It remembers the answer until somebody comes or goes, or a certificate begins or
// ends; who belongs to the fleet is not decided here.

import type { UnixMs } from '../../datasets/index.ts';
import { clockSkewMsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Roster } from './roster.ts';

interface HoldersKnown {
  readonly trusted: readonly PeerId[];
  readonly all: readonly PeerId[];
  readonly version: number;
  /** True from then, and until no certificate has begun or ended. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface HoldersParts {
  readonly self: PeerId;
  readonly roster: Roster;
  /** A member with the role of a holder. */
  readonly isHolder: (peer: PeerId, now: UnixMs) => boolean;
  readonly isLeftOut: (peer: PeerId) => boolean;
}

export class Holders {
  readonly #parts: HoldersParts;
  #known: HoldersKnown | undefined;

  constructor(parts: HoldersParts) {
    this.#parts = parts;
  }

  /** Looked up with every tick. `version` counts changes of who belongs to the fleet, and of who is left out. */
  at(now: UnixMs, version: number): HoldersKnown {
    const known = this.#known;
    if (known?.version === version && now >= known.fromMs && now <= known.untilMs) return known;
    const { roster, isHolder, isLeftOut } = this.#parts;
    const all = roster.machines.filter((peer) => isHolder(peer, now)).toSorted();
    const trusted = all.filter((peer) => !isLeftOut(peer));
    let untilMs = Number.POSITIVE_INFINITY;
    for (const { notBeforeMs, notAfterMs } of roster.certificates.values())
      for (const atMs of [notBeforeMs - clockSkewMsMax, notAfterMs + clockSkewMsMax])
        if (atMs >= now) untilMs = Math.min(untilMs, atMs - 1);
    this.#known = { trusted, all, version, fromMs: now, untilMs };
    return this.#known;
  }

  /** Of all trusted ones the share with a lower id than this machine; 0 where it is none. Nothing is put in order for it. */
  shareBelow(now: UnixMs): number {
    const { self, roster, isHolder, isLeftOut } = this.#parts;
    if (!isHolder(self, now) || isLeftOut(self)) return 0;
    let [count, lower] = [0, 0];
    for (const peer of roster.machines) {
      if (!isHolder(peer, now) || isLeftOut(peer)) continue;
      count++;
      if (peer < self) lower++;
    }
    return lower / count;
  }
}
