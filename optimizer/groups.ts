// Which machines form groups: a balanced start, then moves and swaps that lower the total unavailability under every
// machine's capacity, until none helps (after Douceur & Wattenhofer, DISC'01). Distinct members always; same seed, same groups.

import { createRandom, type Random } from '../datasets/index.ts';
import type { Redundancy } from './plan.ts';
import type { States } from './states.ts';
import { availabilities, oddsWith, slotOdds, unavailability } from './survival.ts';

export interface GroupsQuestion {
  readonly states: States;
  readonly redundancy: Redundancy;
  readonly groupCount: number;
  /** N values: most slots that a machine may take. Their sum must be at least n × groupCount. */
  readonly capacities: readonly number[];
  /** Members (columns) of the groups so far, slot by slot; −1 for a machine that is no longer there. */
  readonly previous?: readonly (readonly number[])[];
  readonly seed: number | string;
}

/** A slot of a previous plan changes only when its group gets better by this share: moving shards costs bandwidth. */
const moveGainMin = 0.1;
/** Sweeps over all slots; small fleets settle in a few. */
const sweepsMax = 24;
/** Full candidates that a slot tries to swap with, best first. */
const swapCandidates = 6;

class Groups {
  readonly question: GroupsQuestion;
  readonly members: number[][];
  readonly loads: Int32Array;
  readonly odds: Float64Array;
  readonly #isOld: boolean[][];

  constructor(question: GroupsQuestion, members: number[][]) {
    this.question = question;
    this.members = members;
    this.loads = new Int32Array(question.states.machines.length);
    for (const group of members) for (const member of group) this.loads[member]!++;
    this.odds = Float64Array.from(members, (group) => this.#oddsOf(group));
    this.#isOld = members.map((group, at) =>
      group.map((member, slot) => question.previous?.[at]?.[slot] === member),
    );
  }

  #oddsOf(group: readonly number[]): number {
    return unavailability(this.question.states, { members: group, k: this.question.redundancy.k });
  }

  /** Tries to better one slot; true when something changed. */
  improveSlot(at: number, slot: number): boolean {
    const { states, redundancy, capacities } = this.question;
    const group = this.members[at]!;
    const others = group.filter((_, index) => index !== slot);
    const odds = slotOdds(states, others, redundancy.k);
    const ranked = states.machines
      .map((_, machine) => machine)
      .filter((machine) => !group.includes(machine))
      .map((machine) => ({ machine, odds: oddsWith(states, odds, machine) }))
      .filter((candidate) => candidate.odds < this.#worthwhile(at, slot))
      .toSorted((a, b) => a.odds - b.odds || a.machine - b.machine);
    const free = ranked.find(({ machine }) => this.loads[machine]! < capacities[machine]!);
    if (free !== undefined) {
      this.#put(at, slot, free.machine);
      return true;
    }
    return ranked.slice(0, swapCandidates).some(({ machine }) => this.#swap({ at, slot }, machine));
  }

  /** Odds that a change of this slot must reach to be worth it. */
  #worthwhile(at: number, slot: number): number {
    const now = this.odds[at]!;
    return this.#isOld[at]![slot] === true ? now * (1 - moveGainMin) : now * (1 - 1e-9);
  }

  #put(at: number, slot: number, machine: number): void {
    const group = this.members[at]!;
    this.loads[group[slot]!]!--;
    this.loads[machine]!++;
    group[slot] = machine;
    this.#isOld[at]![slot] = this.question.previous?.[at]?.[slot] === machine;
    this.odds[at] = this.#oddsOf(group);
  }

  /** Exchanges the slot's member with a full machine from another group, when both together get better. */
  #swap(here: { readonly at: number; readonly slot: number }, machine: number): boolean {
    const member = this.members[here.at]![here.slot]!;
    for (const [at, group] of this.members.entries()) {
      const slot = group.indexOf(machine);
      if (at === here.at || slot < 0 || group.includes(member)) continue;
      const before = this.odds[here.at]! + this.odds[at]!;
      const after =
        this.#oddsOf(replaced(this.members[here.at]!, here.slot, machine)) +
        this.#oddsOf(replaced(group, slot, member));
      const isMoving = this.#isOld[at]![slot] === true || this.#isOld[here.at]![here.slot] === true;
      if (after >= before * (isMoving ? 1 - moveGainMin : 1 - 1e-9)) continue;
      this.#put(here.at, here.slot, machine);
      this.#put(at, slot, member);
      return true;
    }
    return false;
  }
}

const replaced = (group: readonly number[], slot: number, machine: number): readonly number[] =>
  group.with(slot, machine);

/**
 * Groups of n distinct machines as columns of the states, slot by slot. Throws nothing: an impossible question (fewer
 * than n machines with capacity) gives fewer groups.
 */
export function chooseGroups(question: GroupsQuestion): readonly (readonly number[])[] {
  const random = createRandom(question.seed).fork('groups');
  const start = startingGroups(question, random);
  const groups = new Groups(question, start);
  const slots = start.flatMap((group, at) => group.map((_, slot) => ({ at, slot })));
  for (let sweep = 0; sweep < sweepsMax; sweep++) {
    let changes = 0;
    // Worst groups first: that is where the odds are.
    const order = slots.toSorted(
      (a, b) => groups.odds[b.at]! - groups.odds[a.at]! || a.at - b.at || a.slot - b.slot,
    );
    for (const { at, slot } of order) if (groups.improveSlot(at, slot)) changes++;
    if (changes === 0) break;
  }
  return groups.members;
}

/** The previous groups with their gaps filled, and new ones; every machine below its capacity, the least loaded first. */
export function startingGroups(question: GroupsQuestion, random: Random): number[][] {
  const { states, redundancy, capacities, groupCount, previous } = question;
  const loads = new Int32Array(states.machines.length);
  const up = availabilities(states);
  const groups: number[][] = Array.from({ length: groupCount }, (_, at) =>
    [...(previous?.[at] ?? [])].slice(0, redundancy.n),
  );
  for (const group of groups) for (const member of group) if (member >= 0) loads[member]!++;
  const filled = groups.map((group) => {
    const whole = Array.from({ length: redundancy.n }, (_, slot) => group[slot] ?? -1);
    for (let slot = 0; slot < redundancy.n; slot++) {
      if (whole[slot]! >= 0) continue;
      const machine = nextMachine({ whole, loads, capacities, up }, random);
      if (machine === undefined) return undefined;
      whole[slot] = machine;
      loads[machine]!++;
    }
    return whole;
  });
  return filled.filter((group) => group !== undefined);
}

interface Filling {
  readonly whole: readonly number[];
  readonly loads: Int32Array;
  readonly capacities: readonly number[];
  readonly up: Float64Array;
}

/** The machine with the most room left relative to its capacity; among equals chance decides, weighted to the available. */
function nextMachine({ whole, loads, capacities, up }: Filling, random: Random): number | undefined {
  let best: { machine: number; score: number } | undefined;
  for (let machine = 0; machine < loads.length; machine++) {
    if (whole.includes(machine)) continue;
    const room = (capacities[machine]! - loads[machine]!) / Math.max(1, capacities[machine]!);
    // Over capacity only when nobody else is left: a group must be whole.
    const score = (room <= 0 ? room - 10 : room) + 0.05 * up[machine]! + 0.02 * random.fraction();
    if (best === undefined || score > best.score) best = { machine, score };
  }
  return best?.machine;
}
