// Shards that this agent asked for and that have not come yet: from whom, where they go, since when. Whoever wants to
// send anything else is refused.

import { hours, type UnixMs } from '../../datasets/index.ts';
import { pullMsMax } from '../limits.ts';
import type { ShardArrival, ShardPlace, StoredShard } from '../ports.ts';
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
const flowOf = ({ from, pack, index, place }: Pick<Pull, 'from' | 'pack' | 'index' | 'place'>): string =>
  `${from} ${keyOf(pack, index)} ${place}`;
const places: readonly ShardPlace[] = ['held', 'scratch', 'copy'];

/** Of a shard that flows in for longer nobody waits for the end; what comes of it counts all the same. */
const flowMsMax = hours(1);

/** Whether it began no longer ago; what began later than now was before the clock was set back. */
const isSince = ({ sinceMs }: Pull, msMax: number, now: UnixMs): boolean =>
  now >= sinceMs && now - sinceMs <= msMax;

/** A shard that flows in, or the same several times. */
interface Flow {
  readonly pull: Pull;
  readonly count: number;
}

export class Pulls {
  readonly #pulls = new Map<string, Pull>();
  /** Shards that flow in, by sender, pack, index and place (the same may come for two purposes): over a slow line one may be whole only after its pull has ended. */
  readonly #flows = new Map<string, Flow>();

  get count(): number {
    return this.#pulls.size;
  }

  /** Shards that flow in; one that comes several times from one peer is counted once. */
  get flowCount(): number {
    return this.#flows.size;
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
    for (const { pull } of this.#flows.values()) if (pull.from === peer) return true;
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

  /** Lets an arrival in, which flows from now on until `endFlow`: where it goes; undefined when nobody here asked that peer for it. */
  placeFor(from: PeerId, { descriptor, index }: ShardArrival): ShardPlace | undefined {
    const pull = this.find(descriptor.pack, index);
    if (pull?.from !== from) return undefined;
    const name = flowOf(pull);
    this.#flows.set(name, { pull, count: (this.#flows.get(name)?.count ?? 0) + 1 });
    return pull.place;
  }

  /** The pull that waits for this very arrival. */
  waitingFor(from: PeerId, { descriptor, index, place }: StoredShard): Pull | undefined {
    const pull = this.find(descriptor.pack, index);
    return pull?.from === from && pull.place === place ? pull : undefined;
  }

  /** The pull that let a shard in, also when it has ended since. */
  letIn(from: PeerId, { descriptor: { pack }, index, place }: StoredShard): Pull | undefined {
    return this.#flows.get(flowOf({ from, pack, index, place }))?.pull;
  }

  /** A shard that was let in is whole, or will not come. */
  endFlow(from: PeerId, { descriptor: { pack }, index, place }: StoredShard): void {
    const name = flowOf({ from, pack, index, place });
    const flow = this.#flows.get(name);
    if (flow === undefined || flow.count <= 1) this.#flows.delete(name);
    else this.#flows.set(name, { ...flow, count: flow.count - 1 });
  }

  /** Whether a shard flows in from a peer, for whatever purpose, and may soon be whole: it is not asked of that peer again. */
  isFlowing({ pack, index, from }: Pick<Pull, 'pack' | 'index' | 'from'>, now: UnixMs): boolean {
    return places.some((place) => {
      const flow = this.#flows.get(flowOf({ from, pack, index, place }));
      return flow !== undefined && isSince(flow.pull, flowMsMax, now);
    });
  }

  /** Whether any shard of a pack flows in for a purpose, and may soon be whole. */
  areFlowing(pack: PackId, purpose: Pull['purpose'], now: UnixMs): boolean {
    for (const { pull } of this.#flows.values())
      if (pull.pack === pack && pull.purpose === purpose && isSince(pull, flowMsMax, now)) return true;
    return false;
  }

  end(pack: PackId, index: number): Pull | undefined {
    const pull = this.find(pack, index);
    this.#pulls.delete(keyOf(pack, index));
    return pull;
  }

  /** Ends those that took too long, or that were asked of a peer that went away. */
  expire(now: UnixMs, isUp: (peer: PeerId) => boolean): readonly Pull[] {
    const expired = [...this.#pulls.values()].filter(
      (pull) => !isSince(pull, pullMsMax, now) || !isUp(pull.from),
    );
    for (const pull of expired) this.#pulls.delete(keyOf(pull.pack, pull.index));
    return expired;
  }
}
