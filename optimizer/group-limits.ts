// The hard limits of a grouping, in one place: who may take how many slots, who must not meet, what must stay, how much may move,
// in all and from or to one machine, and how few neighbours a machine may have. A change that would break one is not made, however much it would gain.

import type { SlotPlace } from './group-search.ts';

export interface GroupLimits {
  /** N values: most slots that a machine may take; 0 for one that is vetoed. */
  readonly capacities: readonly number[];
  /** Columns of labels: at most one member of each value (−1: none) in a group, wherever that can be had. */
  readonly apart?: readonly Int32Array[];
  /** Slots that keep the members that they have at the start. */
  readonly pins?: readonly SlotPlace[];
  /** Slots of the previous groups that the climb may change; a weekly budget of bytes over the mean bytes of a slot. */
  readonly movedSlotsMax?: number;
  /** N values: slots that a machine may get that it did not have; bytes it may take in over the mean bytes of a slot. */
  readonly takenSlotsMax?: readonly number[];
  /** N values: slots that a machine may give to others that are still to be copied from it. */
  readonly givenSlotsMax?: readonly number[];
  /** Others that a machine with slots shares groups with at least. */
  readonly scatterMin?: number;
}

type Groups = readonly (readonly number[])[];

/** A slot goes from one machine to another. */
export interface SlotMove {
  readonly place: SlotPlace;
  readonly from: number;
  readonly to: number;
}

/** Counts what a climb moves, in all and for each machine, and says which changes the limits forbid. */
export class MoveBudget {
  readonly #limits: Pick<GroupLimits, 'movedSlotsMax' | 'takenSlotsMax' | 'givenSlotsMax'>;
  readonly #previous: Groups;
  readonly #pins: ReadonlySet<string>;
  readonly #taken = new Map<number, number>();
  readonly #given = new Map<number, number>();
  #moved = 0;

  /** `groups` is where the climb starts: what differs from the previous ones in it has moved already. */
  constructor({ pins = [], ...limits }: GroupLimits, previous: Groups = [], groups: Groups = []) {
    this.#limits = limits;
    this.#previous = previous;
    this.#pins = new Set(pins.map(keyOf));
    for (const [at, members] of groups.entries()) {
      for (const [slot, to] of members.entries()) {
        const before = previous[at]?.[slot] ?? -1;
        if (before === to) continue;
        add(this.#taken, to, 1);
        if (before < 0) continue;
        add(this.#given, before, 1);
      }
    }
  }

  isPinned(place: SlotPlace): boolean {
    return this.#pins.size > 0 && this.#pins.has(keyOf(place));
  }

  /** Whether all limits hold with these changes, or what they exceed already does not get worse. */
  affordsAll(moves: readonly SlotMove[]): boolean {
    const moved = moves.reduce((sum, move) => sum + this.#movedBy(move), 0);
    const { movedSlotsMax = Number.POSITIVE_INFINITY, takenSlotsMax, givenSlotsMax } = this.#limits;
    if (moved > 0 && this.#moved + moved > movedSlotsMax) return false;
    if (takenSlotsMax === undefined && givenSlotsMax === undefined) return true;
    const [taken, given] = this.#traffic(moves);
    return fits(this.#taken, taken, takenSlotsMax) && fits(this.#given, given, givenSlotsMax);
  }

  spendAll(moves: readonly SlotMove[]): void {
    this.#moved += moves.reduce((sum, move) => sum + this.#movedBy(move), 0);
    const [taken, given] = this.#traffic(moves);
    for (const [machine, slots] of taken) add(this.#taken, machine, slots);
    for (const [machine, slots] of given) add(this.#given, machine, slots);
  }

  /** Slots that count as moved more (or, for a way back, less). */
  #movedBy({ place, from, to }: SlotMove): number {
    const before = this.#previous[place.at]?.[place.slot] ?? -1;
    return before < 0 ? 0 : Number(to !== before) - Number(from !== before);
  }

  /** Slots that machines take in and give out more, or less. */
  #traffic(moves: readonly SlotMove[]): readonly [Map<number, number>, Map<number, number>] {
    const taken = new Map<number, number>();
    const given = new Map<number, number>();
    for (const { place, from, to } of moves) {
      const before = this.#previous[place.at]?.[place.slot] ?? -1;
      if (from === before) add(given, before, 1);
      else add(taken, from, -1);
      if (to === before) add(given, before, -1);
      else add(taken, to, 1);
    }
    return [taken, given];
  }
}

function add(counts: Map<number, number>, machine: number, by: number): void {
  counts.set(machine, (counts.get(machine) ?? 0) + by);
}

const fits = (
  now: ReadonlyMap<number, number>,
  more: ReadonlyMap<number, number>,
  most: readonly number[] | undefined,
): boolean =>
  most === undefined ||
  [...more].every(([machine, by]) => by <= 0 || (now.get(machine) ?? 0) + by <= most[machine]!);

const keyOf = ({ at, slot }: SlotPlace): string => `${at} ${slot}`;
