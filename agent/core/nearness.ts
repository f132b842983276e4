// How near other machines are, by what they say of their place and by the round trips that this one measured. Only for choosing whom to
// ask first: whoever lies about its place is asked in vain, or sooner.

import { type LocationRow, siteNameOf } from '../../datasets/index.ts';
import type { SignedBatch } from '../codec/index.ts';
import type { PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';

interface Place {
  readonly site: string;
  readonly atMs: number;
}

/** Lower is nearer: machines of the own site first, then by the time of a round trip; unknown ones last. */
export interface Distance {
  readonly isElsewhere: boolean;
  readonly roundTripMs: number;
}

export class Nearness {
  readonly hears = ['batchStored'] as const;
  readonly hearsRecords = ['telemetry'] as const;
  readonly #self: PeerId;
  readonly #places = new Map<PeerId, Place>();
  #roundTripMs: Readonly<Record<string, number>> = {};

  constructor(self: PeerId) {
    this.#self = self;
  }

  handle(event: EventOf<Nearness['hears'][number]>): Effects {
    this.#learn(event.batch);
    return [];
  }

  #learn({ author, stream, records }: SignedBatch): void {
    if (stream !== 'telemetry') return;
    for (const record of records) {
      if (record.kind !== 'telemetry') continue;
      for (const row of record.rows)
        if (row.kind === 'location' && row.machine === author) this.#place(author, row);
    }
  }

  #place(author: PeerId, { attributes, atMs, roundTripMs }: LocationRow): void {
    if (atMs < (this.#places.get(author)?.atMs ?? 0)) return;
    this.#places.set(author, { site: siteNameOf(attributes), atMs });
    if (author === this.#self) this.#roundTripMs = roundTripMs;
  }

  distanceTo(peer: PeerId): Distance {
    const [own, other] = [this.#places.get(this.#self), this.#places.get(peer)];
    return {
      isElsewhere: own === undefined || own.site !== other?.site,
      roundTripMs: this.#roundTripMs[peer] ?? Number.MAX_VALUE,
    };
  }

  /** Below 0 when the first is nearer, 0 where nothing tells. */
  compare(a: PeerId, b: PeerId): number {
    const [one, other] = [this.distanceTo(a), this.distanceTo(b)];
    return Number(one.isElsewhere) - Number(other.isElsewhere) || one.roundTripMs - other.roundTripMs;
  }

  /** The nearest of some peers; the first of equals. */
  nearest(peers: Iterable<PeerId>): PeerId | undefined {
    let best: PeerId | undefined;
    for (const peer of peers) if (best === undefined || this.compare(peer, best) < 0) best = peer;
    return best;
  }
}
