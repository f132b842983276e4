// The plan: which machines form which placement groups, what that is worth, and why. Plain data, carried by a signed
// record (agent/codec). This file holds its types; `computePlan` makes one.

import type { MachineId } from '../datasets/index.ts';

/** Any k of n shards restore a pack; k = 1 means n plain replicas. 1 ≤ k ≤ n ≤ 32. */
export interface Redundancy {
  readonly k: number;
  readonly n: number;
}

/** A placement group: slot j of `members` holds shard j of every pack that maps to the group. */
export interface PlacementGroup {
  /** Stable across plans while the group mostly stays the same; 1 to 32 characters. */
  readonly id: string;
  /** n distinct machines. A changed plan keeps the slots of those that stay. */
  readonly members: readonly MachineId[];
  /** Share of packs it should receive relative to other groups, > 0. */
  readonly weight: number;
  /** P(fewer than k members are up), over all hours; 0..1. */
  readonly unavailability: number;
  /** The same in the named kinds of hour ("03:00", "10:00" on workdays). */
  readonly unavailabilityAt: Readonly<Record<string, number>>;
  readonly reasons: readonly MemberReason[];
}

/** Why a machine is in a group: the numbers that a person can check. */
export interface MemberReason {
  readonly machine: MachineId;
  /** P(up) over all hours. */
  readonly availability: number;
  /** Name of its learned or labelled domain; absent where it stands alone. */
  readonly domain?: string;
  /** Factor by which the group's unavailability grows when the best machine outside takes this one's place. */
  readonly swapLoss: number;
  /** That best machine outside; absent where every other one is full or vetoed. */
  readonly runnerUp?: MachineId;
  /** What kept a better machine out, in words; absent where nothing did. */
  readonly binding?: string;
}

/** All groups of one redundancy: packs of one class map to them. */
export interface PlacementClass {
  /** `small`: indexes and small packs, as replicas. `bulk`: everything else. */
  readonly name: 'small' | 'bulk';
  readonly redundancy: Redundancy;
  readonly groups: readonly PlacementGroup[];
}

/** How the same hours would have gone under each policy: unavailable share of group-hours in a held-out week. */
export interface PolicyScore {
  /** "random", "best-k", "best-k with swaps", "learned". */
  readonly policy: string;
  readonly unavailableShare: number;
  readonly unavailableShareBusiness: number;
  /**
   * What the policies are compared by: the unavailable share, and that of hours in which one more failure would have made the group
   * unavailable times how often a machine fails. It says the same with far less chance in it.
   */
  readonly risk?: number;
}

export interface Plan {
  /** Grows with every plan; the highest epoch wins, then the higher `author`. Starts at 1. */
  readonly epoch: number;
  readonly author: MachineId;
  readonly computedMs: number;
  readonly classes: readonly PlacementClass[];
  /** Learned or labelled domain of each machine in the plan, by name; machines that stand alone are absent. */
  readonly domains: Readonly<Record<string, string>>;
  /** Version of the models, or the baseline that serves in their place and why. */
  readonly modelSource: string;
  /** Comparison on held-out history; empty while there is too little of it. */
  readonly heldOut: readonly PolicyScore[];
  /** Plain sentences for people: what changed and why. */
  readonly notes: readonly string[];
}
