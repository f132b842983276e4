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

/** A slot of a group that is to be filled anew. */
export interface OpenPlace {
  /** Id of the group. */
  readonly group: string;
  readonly slot: number;
  /** Why: its machine has left, or the group is too thin to wait for it. */
  readonly reason: 'gone' | 'thin';
  /** Hours out of reach that filling it is expected to take off its group, less what its bytes are worth. */
  readonly gainHours: number;
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
  /** How far these groups can be from the best; absent where nobody computed it. */
  readonly certificate?: PlanCertificate;
}

/** value ≥ the best that any grouping can reach under the same slots ≥ lowerBound. */
export interface PlanCertificate {
  /** Price α_i > 0 of one slot of a machine, in units of odds; machines without one have the price 0. */
  readonly prices: Readonly<Record<string, number>>;
  /** Mean P(fewer than k up) of the groups; 0..1. */
  readonly value: number;
  /** min over groups c of u_c + Σ_{i∈c} α_i, less Σ_i α_i cap_i / groups; 0..1. */
  readonly lowerBound: number;
  /** value / lowerBound − 1, at most 1e9. */
  readonly gap: number;
}

/** What the odds and bounds of a plan were computed from, so that anybody can do so again. */
export interface PlanEvidence {
  readonly machines: readonly MachineId[];
  /** K weights that sum to 1. */
  readonly weights: readonly number[];
  /** K: kind of hour of each state, 0, 1, … */
  readonly hourOfState: readonly number[];
  /** K rows of N: P(machine down | state), rounded to single precision. */
  readonly down: readonly (readonly number[])[];
  /** For each class of the plan, N slots at most; empty for a class without certificate. */
  readonly capacities: readonly (readonly number[])[];
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
  /** How sure it is that its risk is clearly lower than the learned placement's: share of draws of the held-out days, 0..1. */
  readonly sureness?: number;
}

/** A slot that the plan gave to the machine that it names now; `from` is absent in a group that is new. */
export interface PlanMove {
  readonly group: string;
  readonly slot: number;
  readonly from?: MachineId;
}

/** Limits that anybody can check in the plan itself. */
export interface PlanLimits {
  /** Others with which each machine with slots shares groups of a class, at least and at most. */
  readonly scatterMin?: number;
  readonly scatterMax?: number;
  /** Bytes that plans make one machine take in, and give out, within a week; what replaces lost machines is not counted. */
  readonly takenBytesMax?: number;
  readonly givenBytesMax?: number;
  /** Mean bytes of a slot that the moves are counted with. With these come `moves` and `before`. */
  readonly bytesPerSlot?: Readonly<Record<PlacementClass['name'], number>>;
  readonly moves?: readonly PlanMove[];
  /** What earlier plans of the week moved, and what copies plans and this one brought, by machine; machines with nothing are absent. */
  readonly before?: readonly {
    readonly machine: MachineId;
    readonly takenBytes: number;
    readonly givenBytes: number;
  }[];
}

/** Why a popular copy is where it is: numbers that a person can check. */
export interface CopyReason {
  /** Place of its readers, by label or by hash. */
  readonly site: string;
  /** Reads that the site is expected to make of the pack within a week, ≥ 0. */
  readonly reads: number;
  /** Share of the pack that a read would have to bring from elsewhere without copies, 0..1. */
  readonly farShare: number;
}

/**
 * A whole copy of a popular pack near its readers, beside the shards of its group and never in their place: k shards, sealed as all
 * are. It counts for nobody's safety and goes by itself.
 */
export interface PlannedCopy {
  /** Id of the pack, 64 hex digits. */
  readonly pack: string;
  readonly owner: MachineId;
  readonly packClass: PlacementClass['name'];
  readonly redundancy: Redundancy;
  readonly machine: MachineId;
  /** Of k shards. */
  readonly bytes: number;
  readonly untilMs: number;
  readonly reason: CopyReason;
}

export interface PopularPart {
  readonly copies: readonly PlannedCopy[];
  /** Bytes that copies may take on each machine that has some. */
  readonly rooms: readonly { readonly machine: MachineId; readonly bytes: number }[];
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
  /** What plans moved to do better since `fromMs`, this one included: at most seven days, for a weekly limit. */
  readonly weekMoved?: { readonly fromMs: number; readonly bytes: number };
  /** Where admins set limits on scatter width or traffic. */
  readonly limits?: PlanLimits;
  /** Copies of popular packs near their readers; absent where there are none. */
  readonly popular?: PopularPart;
  /** In plans of small fleets; larger ones would not fit into a record. */
  readonly evidence?: PlanEvidence;
}
