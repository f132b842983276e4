// The hard limits of a grouping, in one place: who may take how many slots, who must not meet, what must stay, and how much may
// move. A change that would break one is not made, however much it would gain.

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
}

type Groups = readonly (readonly number[])[];

/** Counts what a climb moves, and says which changes the limits forbid. */
export class MoveBudget {
  readonly #left: number;
  readonly #previous: Groups;
  readonly #pins: ReadonlySet<string>;
  #moved = 0;

  constructor({ pins = [], movedSlotsMax = Number.POSITIVE_INFINITY }: GroupLimits, previous: Groups = []) {
    this.#left = movedSlotsMax;
    this.#previous = previous;
    this.#pins = new Set(pins.map(keyOf));
  }

  isPinned(place: SlotPlace): boolean {
    return this.#pins.size > 0 && this.#pins.has(keyOf(place));
  }

  /** Slots that count as moved more (or, for a way back, less) when a slot goes from one machine to another. */
  cost(place: SlotPlace, change: { readonly from: number; readonly to: number }): number {
    const before = this.#previous[place.at]?.[place.slot] ?? -1;
    if (before < 0) return 0;
    return Number(change.to !== before) - Number(change.from !== before);
  }

  affords(cost: number): boolean {
    return cost <= 0 || this.#moved + cost <= this.#left;
  }

  spend(cost: number): void {
    this.#moved += cost;
  }
}

const keyOf = ({ at, slot }: SlotPlace): string => `${at} ${slot}`;
