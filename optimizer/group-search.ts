// The state of one hill climb: members, loads, and for each slot how the group's odds depend on who takes it. Changing a
// slot costs one pass over the states; nothing is computed twice that has not changed.

import type { Redundancy } from './plan.ts';
import type { States } from './states.ts';

/** One slot of one group. */
export interface SlotPlace {
  readonly at: number;
  readonly slot: number;
}

/** U(machine i in the slot) = base + Σ_k slope_k · Q_ki. */
interface SlotTerms {
  readonly base: number;
  readonly slope: Float64Array;
}

/** Numbers kept in cached slot terms: 160 MB as doubles. */
const cachedNumbersMax = 2e7;

/** With few states it is not the multiplying that takes the time of one look. */
const workPerLook = 100;

export class GroupSearch {
  readonly machineCount: number;
  readonly members: readonly number[][];
  /** Slots that each machine has. */
  readonly loads: Int32Array;
  /** Groups that each machine is in. */
  readonly groupsOf: readonly Set<number>[];
  /** P(fewer than k members up) of each group. */
  readonly odds: Float64Array;
  /** Numbers multiplied so far: the bound on a climb counts these, because a clock would not repeat. */
  work = 0;
  readonly #k: number;
  readonly #weights: Float64Array;
  /** One row of K odds a machine: candidates are scored along rows. */
  readonly #rows: readonly Float64Array[];
  readonly #terms = new Map<number, SlotTerms>();
  readonly #slotCount: number;

  constructor(states: States, redundancy: Redundancy, members: readonly number[][]) {
    this.machineCount = states.machines.length;
    this.members = members;
    this.#k = redundancy.k;
    this.#slotCount = redundancy.n;
    this.#weights = states.weights;
    this.#rows = states.machines.map((_, machine) => Float64Array.from(states.down, (row) => row[machine]!));
    this.loads = new Int32Array(this.machineCount);
    this.groupsOf = states.machines.map(() => new Set<number>());
    for (const [at, group] of members.entries()) {
      for (const member of group) {
        this.loads[member]!++;
        this.groupsOf[member]!.add(at);
      }
    }
    this.odds = Float64Array.from(members, (group, at) => this.oddsWith({ at, slot: 0 }, group[0]!));
  }

  /** Odds of the group with this machine in the slot; the machine must not stand in another slot of it. */
  oddsWith(place: SlotPlace, machine: number): number {
    const { base, slope } = this.#termsOf(place);
    const row = this.#rows[machine]!;
    let odds = base;
    for (let state = 0; state < slope.length; state++) odds += slope[state]! * row[state]!;
    this.work += Math.max(slope.length, workPerLook);
    return odds;
  }

  /** Puts a machine into a slot. */
  put(place: SlotPlace, machine: number): void {
    const group = this.members[place.at]!;
    const odds = this.oddsWith(place, machine);
    const left = group[place.slot]!;
    this.loads[left]!--;
    this.groupsOf[left]!.delete(place.at);
    this.loads[machine]!++;
    this.groupsOf[machine]!.add(place.at);
    group[place.slot] = machine;
    this.odds[place.at] = odds;
    // The slot's own terms do not depend on its member; those of its neighbours do.
    for (let slot = 0; slot < this.#slotCount; slot++) {
      if (slot !== place.slot) this.#terms.delete(place.at * this.#slotCount + slot);
    }
  }

  #termsOf({ at, slot }: SlotPlace): SlotTerms {
    const key = at * this.#slotCount + slot;
    const known = this.#terms.get(key);
    if (known !== undefined) return known;
    if (this.#terms.size * this.#weights.length > cachedNumbersMax) this.#terms.clear();
    const others = this.members[at]!.filter((_, index) => index !== slot);
    const terms = slotTerms(
      { weights: this.#weights, k: this.#k },
      others.map((member) => this.#rows[member]!),
    );
    this.work += this.#weights.length * this.#k * others.length;
    this.#terms.set(key, terms);
    return terms;
  }
}

/**
 * How a group's odds depend on who takes one slot, from the rows of the others. Given c of them up with odds f_c, the group
 * fails whatever the slot does when c ≤ k − 2, and hangs on the slot when c = k − 1: base = Σ_k w_k Σ_{c ≤ k−2} f_c and
 * slope_k = w_k f_{k−1}.
 */
export function slotTerms(
  { weights, k }: { readonly weights: Float64Array; readonly k: number },
  others: readonly Float64Array[],
): SlotTerms {
  const upCounts = new Float64Array(k);
  const slope = new Float64Array(weights.length);
  let base = 0;
  for (let state = 0; state < slope.length; state++) {
    countUp(upCounts, others, state);
    const weight = weights[state]!;
    for (let count = 0; count < k - 1; count++) base += weight * upCounts[count]!;
    slope[state] = weight * upCounts[k - 1]!;
  }
  return { base, slope };
}

/** Fills `upCounts[c]` with P(exactly c of these machines are up) in a state, for the counts that fit. */
function countUp(upCounts: Float64Array, rows: readonly Float64Array[], state: number): void {
  upCounts.fill(0);
  upCounts[0] = 1;
  for (let index = 0; index < rows.length; index++) {
    const down = rows[index]![state]!;
    for (let count = upCounts.length - 1; count > 0; count--) {
      upCounts[count] = upCounts[count]! * down + upCounts[count - 1]! * (1 - down);
    }
    upCounts[0] *= down;
  }
}
