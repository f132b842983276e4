// Shards that this agent asked for and that have not come yet: from whom, where they go, since when. Whoever wants to
// send anything else is refused.

import { hours, type UnixMs } from '../../datasets/index.ts';
import { pullMsMax } from '../limits.ts';
import type { ShardArrival, ShardPlace } from '../ports.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect } from './effects.ts';

export interface Pull {
  readonly pack: PackId;
  readonly index: number;
  readonly from: PeerId;
  readonly place: ShardPlace;
  readonly sinceMs: UnixMs;
  /** Who waits for it. */
  readonly purpose: 'slot' | 'part' | 'restore' | 'copy';
}

/** Whether the plan gives the shard, or what it is made from, to this machine. */
export const isForRepair = ({ purpose }: Pick<Pull, 'purpose'>): boolean =>
  purpose === 'slot' || purpose === 'part';

const keyOf = (pack: PackId, index: number): string => `${pack}/${index}`;

/** A shard that began to flow in comes to its end within this time, or never. */
const flowMsMax = hours(1);

export class Pulls {
  readonly #pulls = new Map<string, Pull>();
  /** Pulls whose shard began to flow in: it may be whole only after the pull has ended. */
  readonly #flowing = new Map<string, Pull>();

  get count(): number {
    return this.#pulls.size;
  }

  countFor(purpose: 'repair' | 'restore' | 'copy'): number {
    let count = 0;
    for (const pull of this.#pulls.values())
      if (isForRepair(pull) ? purpose === 'repair' : pull.purpose === purpose) count++;
    return count;
  }

  /** Whether anything is to come from a peer, or flows in. */
  isFrom(peer: PeerId): boolean {
    for (const { from } of this.#pulls.values()) if (from === peer) return true;
    for (const { from } of this.#flowing.values()) if (from === peer) return true;
    return false;
  }

  has(pack: PackId, index: number): boolean {
    return this.#pulls.has(keyOf(pack, index));
  }

  /** Asks a peer for a shard. */
  start(pull: Pull): CoreEffect {
    this.#pulls.set(keyOf(pull.pack, pull.index), pull);
    return {
      kind: 'send',
      to: pull.from,
      message: { kind: 'shardPull', pack: pull.pack, index: pull.index },
    };
  }

  find(pack: PackId, index: number): Pull | undefined {
    return this.#pulls.get(keyOf(pack, index));
  }

  /** Where an arrival goes; undefined when nobody here asked that peer for it. */
  placeFor(from: PeerId, { descriptor, index }: ShardArrival): ShardPlace | undefined {
    const pull = this.find(descriptor.pack, index);
    if (pull?.from !== from) return undefined;
    this.#flowing.set(`${from} ${keyOf(descriptor.pack, index)}`, pull);
    return pull.place;
  }

  /** The pull that let a shard in, also when it has ended since. */
  letIn(from: PeerId, { descriptor, index }: ShardArrival): Pull | undefined {
    return this.#flowing.get(`${from} ${keyOf(descriptor.pack, index)}`);
  }

  end(pack: PackId, index: number): Pull | undefined {
    const pull = this.find(pack, index);
    this.#pulls.delete(keyOf(pack, index));
    return pull;
  }

  /** Ends those that took too long, or that were asked of a peer that went away. */
  expire(now: UnixMs, isUp: (peer: PeerId) => boolean): readonly Pull[] {
    const expired = [...this.#pulls.values()].filter(
      (pull) => now - pull.sinceMs > pullMsMax || !isUp(pull.from),
    );
    for (const pull of expired) this.#pulls.delete(keyOf(pull.pack, pull.index));
    for (const [key, { sinceMs }] of this.#flowing) if (now - sinceMs > flowMsMax) this.#flowing.delete(key);
    return expired;
  }
}
