// How far habits hold: who was never down will be, and who always was will not always be. Learned by looking at each of the last weeks from
// the weeks before it; it changes no order among machines, only how sure their odds are.

import { type FleetHistory, sliceHistory, slotDown, slotUp, weekMs } from '../datasets/index.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';

/** P(down in a coming week) = floor + share · P(down by habit): with P = 1 − share a habit is over, and another one begins. */
export interface HabitDrift {
  /** 0..1: what who was never down comes to. */
  readonly floor: number;
  /** 0..1: how much of a habit is left. */
  readonly share: number;
}

/** Odds of a machine for the weeks to come from its habit. */
export const drifted = ({ floor, share }: HabitDrift, habit: number): number =>
  Math.min(1, floor + share * habit);

/** Weeks that are looked at from the weeks before them. */
const weeksMax = 3;
/**
 * Who missed a day of hours in which it would have been up by habit is away already before a week begins; that is not a matter of habit. A day of the
 * clock will not do: on a Sunday night all offices look away but the machines that somebody forgot, and these say that habits are over.
 */
const missedMs = weekMs / 7;

/** So many machine-weeks are as if seen: nobody ever down is down in a hundredth of the next week, half of the time stays half. */
const prior: readonly Cell[] = [
  { habit: 0, down: 0.01, weight: 2 },
  { habit: 0.5, down: 0.5, weight: 2 },
];

/** One machine in one kind of hour of one week. */
interface Cell {
  /** What the weeks before said. */
  readonly habit: number;
  /** Share of its hours that it was down. */
  readonly down: number;
  /** Of a machine-week. */
  readonly weight: number;
}

/** `habitOf` gives N × kinds odds from a history, as `downByKind` does. With less than two weeks nothing but what is expected of any fleet. */
export function habitDrift(history: FleetHistory, habitOf: (past: FleetHistory) => Float64Array): HabitDrift {
  const slotsPerWeek = Math.round(weekMs / history.slotMs);
  const cells: Cell[] = [...prior];
  for (let week = 1; week <= weeksMax; week++) {
    const splitSlot = history.slotCount - week * slotsPerWeek;
    if (splitSlot < slotsPerWeek) break;
    cells.push(...cellsOfWeek(history, { splitSlot, slotsPerWeek, habitOf }));
  }
  return likeliest(cells);
}

function cellsOfWeek(
  history: FleetHistory,
  {
    splitSlot,
    slotsPerWeek,
    habitOf,
  }: {
    readonly splitSlot: number;
    readonly slotsPerWeek: number;
    readonly habitOf: (past: FleetHistory) => Float64Array;
  },
): readonly Cell[] {
  const { up, slotCount } = history;
  const habit = habitOf(sliceHistory(history, { fromSlot: 0, toSlot: splitSlot }));
  const kinds = weekHours(history).map((hour) => kindOf(hour));
  const missedSlotsMax = Math.max(1, Math.round(missedMs / history.slotMs));
  return history.machines.flatMap((_, row) => {
    const own = up.subarray(row * slotCount, (row + 1) * slotCount);
    const ownHabit = habit.subarray(row * hourKinds.length, (row + 1) * hourKinds.length);
    if (missedSlots(own.subarray(0, splitSlot), kinds, ownHabit) > missedSlotsMax) return [];
    const [known, down] = [new Int32Array(hourKinds.length), new Int32Array(hourKinds.length)];
    for (let slot = splitSlot; slot < splitSlot + slotsPerWeek; slot++) {
      if (own[slot]! > slotUp) continue;
      known[kinds[slot]!]!++;
      if (own[slot] === slotDown) down[kinds[slot]!]!++;
    }
    return hourKinds.flatMap((__, kind): readonly Cell[] =>
      known[kind] === 0
        ? []
        : [
            {
              habit: ownHabit[kind]!,
              down: down[kind]! / known[kind]!,
              weight: known[kind]! / slotsPerWeek,
            },
          ],
    );
  });
}

/** Slots since a machine was last up, each as much as it would have been up in it by habit; infinite for one that never was. */
function missedSlots(own: Uint8Array, kinds: Int32Array, habit: Float64Array): number {
  const lastUp = own.lastIndexOf(slotUp);
  if (lastUp < 0) return Number.POSITIVE_INFINITY;
  let missed = 0;
  for (let slot = lastUp + 1; slot < own.length; slot++)
    if (own[slot] === slotDown) missed += 1 - habit[kinds[slot]!]!;
  return missed;
}

/** Where floor and share are looked for: three floors a doubling, twenty shares. */
const floors = Array.from({ length: 36 }, (_, at) => 1e-4 * 2 ** (at / 3));
const shares = Array.from({ length: 21 }, (_, at) => at / 20);
/** Cells of the same twentieth of log odds are one: a thousand machines come to a few hundred sums. */
const bucketOf = (habit: number): number => Math.round(20 * Math.log10(Math.max(1e-6, habit)));

/**
 * The floor and share under which what came is likeliest, each cell a fraction of one observation (a quasi-likelihood, Papke &
 * Wooldridge, 1996): the hours of an absence are not independent.
 */
function likeliest(cells: readonly Cell[]): HabitDrift {
  const buckets = new Map<number, { habit: number; down: number; weight: number }>();
  for (const { habit, down, weight } of cells) {
    const sums = buckets.get(bucketOf(habit)) ?? { habit: 0, down: 0, weight: 0 };
    sums.habit += weight * habit;
    sums.down += weight * down;
    sums.weight += weight;
    buckets.set(bucketOf(habit), sums);
  }
  const sums = [...buckets.values()];
  let best: HabitDrift = { floor: 0.01, share: 1 };
  let highest = Number.NEGATIVE_INFINITY;
  for (const floor of floors) {
    for (const share of shares) {
      const likelihood = sums.reduce((sum, { habit, down, weight }) => {
        const odds = Math.min(1 - 1e-6, floor + share * (habit / weight));
        return sum + down * Math.log(odds) + (weight - down) * Math.log(1 - odds);
      }, 0);
      if (likelihood > highest) [best, highest] = [{ floor, share }, likelihood];
    }
  }
  return best;
}
