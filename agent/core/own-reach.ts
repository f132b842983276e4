// Whether what this machine has saved could be restored now: by who is there of those to whom the plan gives it, as after a night nobody tells an
// owner who has what of it. It asks nobody, and says nothing in the first minutes after a start or a sleep.

import { hours, minutes, type UnixMs } from '../../datasets/index.ts';
import type { Plan, PlacementGroup } from '../../optimizer/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import type { PackId, PeerId } from '../units.ts';
import { Awake } from './awake.ts';
import type { Effects } from './effects.ts';
import type { Election } from './election.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import { groupUnder, type Shelf } from './shelf.ts';

/** Others are found, or called again, within this time. */
const settleMs = minutes(3);
/** Whoever looked at the clock longer ago was asleep, and its connections may have ended unseen. */
const napMsMin = minutes(1);
/** Until shards have moved to where a new plan wants them, those of the plans before it count as well. */
const movingMs = hours(24);

export interface OwnReachCount {
  readonly packCount: number;
  /** Packs of which fewer than k different shards are with machines that are there. */
  readonly outOfReachCount: number;
  /** Who holds something of those. */
  readonly holders: readonly PeerId[];
  /** Those of them that are not there. */
  readonly away: readonly PeerId[];
  /** So many of them have to be back, at the least, until all is in reach. */
  readonly missingCount: number;
}

/** Packs with the same holders. */
interface Alike {
  readonly k: number;
  readonly groups: readonly PlacementGroup[];
  readonly packs: PackId[];
}

export interface OwnReachParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly election: Pick<Election, 'plan' | 'earlierPlans'>;
}

export class OwnReach {
  readonly hears = ['tick'] as const;
  readonly #parts: OwnReachParts;
  readonly #awake = new Awake(napMsMin);
  /** A drive has many packs and few groups: which has which is looked up once for each list and plan. */
  readonly #sorted = new WeakMap<
    readonly PackDescriptor[],
    { readonly plans: readonly Plan[]; readonly alikes: readonly Alike[] }
  >();

  constructor(parts: OwnReachParts) {
    this.#parts = parts;
  }

  handle(event: EventOf<OwnReach['hears'][number]>): Effects {
    this.#awake.note(event.now);
    return [];
  }

  /** Whether who is not connected now can be told from who was not found yet. */
  isSettled(now: UnixMs): boolean {
    return this.#awake.forMs(now) >= settleMs;
  }

  /** What is out of reach of own packs; undefined where that cannot be told yet, or there is no plan. The list is not to be changed later. */
  count(packs: readonly PackDescriptor[], now: UnixMs): OwnReachCount | undefined {
    const plans = this.#plans(now);
    if (plans.length === 0 || !this.isSettled(now)) return undefined;
    const holders = new Set<PeerId>();
    let [outOfReachCount, missingCount] = [0, 0];
    for (const { k, groups, packs: alike } of this.#sort(packs, plans)) {
      const indexes = this.#indexesThere(groups);
      const short = indexes.size < k ? alike.map((pack) => k - this.#countWith(pack, indexes)) : [];
      const outOfReach = short.filter((missing) => missing > 0);
      if (outOfReach.length === 0) continue;
      outOfReachCount += outOfReach.length;
      for (const missing of outOfReach) missingCount = Math.max(missingCount, missing);
      for (const { members } of groups.slice(0, 1)) for (const member of members) holders.add(member);
    }
    const away = [...holders].filter((peer) => !this.#isThere(peer));
    return { packCount: packs.length, outOfReachCount, holders: [...holders], away, missingCount };
  }

  #plans(now: UnixMs): readonly Plan[] {
    const { plan, earlierPlans } = this.#parts.election;
    if (plan === undefined) return [];
    return now - plan.computedMs < movingMs ? [plan, ...earlierPlans] : [plan];
  }

  #sort(packs: readonly PackDescriptor[], plans: readonly Plan[]): readonly Alike[] {
    const known = this.#sorted.get(packs);
    if (known?.plans.length === plans.length && known.plans.every((plan, at) => plan === plans[at]))
      return known.alikes;
    const byGroups = new Map<string, Alike>();
    for (const descriptor of packs) {
      const groups = plans.flatMap((plan) => groupUnder(plan, descriptor) ?? []);
      const { k } = descriptor.redundancy;
      const name = `${k} ${groups.map(({ members }) => members.join(' ')).join('\n')}`;
      const alike = byGroups.get(name) ?? { k, groups, packs: [] };
      byGroups.set(name, alike);
      alike.packs.push(descriptor.pack);
    }
    const alikes = [...byGroups.values()];
    this.#sorted.set(packs, { plans, alikes });
    return alikes;
  }

  /** Shards that some machine that is there has by its plan. */
  #indexesThere(groups: readonly PlacementGroup[]): ReadonlySet<number> {
    const indexes = new Set<number>();
    for (const { members } of groups)
      for (const [index, member] of members.entries()) if (this.#isThere(member)) indexes.add(index);
    return indexes;
  }

  /** With what is here, and with what others have said since the start. */
  #countWith(pack: PackId, there: ReadonlySet<number>): number {
    const known = this.#parts.shelf.get(pack);
    if (known === undefined) return there.size;
    if (known.isInOutbox) return Number.POSITIVE_INFINITY;
    const indexes = new Set([...there, ...known.held]);
    for (const [index, peer] of known.others) if (this.#isThere(peer)) indexes.add(index);
    return indexes.size;
  }

  /** Another machine: of what is here the shelf knows. */
  #isThere(peer: PeerId): boolean {
    const { membership } = this.#parts;
    return peer !== membership.self && !membership.isAway(peer) && !membership.isRevoked(peer);
  }
}
