// Hands on certificates that no log tells of, or only logs that nobody reads for the same reason. An admin that lets machines in and is lost before
// anybody has its log leaves members of which nobody hears but those that meet them. It decides nothing about who is a member.

import { minutes } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';

const lookEveryMs = minutes(5);
/** The admin's own log mostly follows within seconds; of all that met the machine the first one is enough. */
const patienceMs = minutes(20);
/** Of one look: a crowd that was let in by one lost machine. */
const introducedMax = 32;

export class Introductions {
  readonly hears = ['tick'] as const;
  readonly #membership: Membership;
  readonly #fraction: () => number;
  #nextMs = 0;
  /** When each of them is to be introduced. */
  #dueMs: ReadonlyMap<PeerId, number> = new Map();

  constructor(membership: Membership, fraction: () => number) {
    this.#membership = membership;
    this.#fraction = fraction;
  }

  handle({ now }: EventOf<Introductions['hears'][number]>): Effects {
    if (now < this.#nextMs) return [];
    this.#nextMs = now + lookEveryMs;
    // Whoever is alone cannot hear what it waits for.
    const untold = this.#membership.up.size === 0 ? [] : this.#membership.untold();
    const dueMs = new Map<PeerId, number>();
    const records = [];
    for (const { peer, bytes } of untold) {
      if (!this.#membership.isMember(peer, now)) continue;
      const due = this.#dueMs.get(peer) ?? now + patienceMs * (1 + this.#fraction());
      if (now >= due && records.length < introducedMax) records.push({ kind: 'statement', bytes } as const);
      else dueMs.set(peer, due);
    }
    this.#dueMs = dueMs;
    return records.length === 0 ? [] : [{ kind: 'appendRecords', stream: 'facts', records }];
  }
}
