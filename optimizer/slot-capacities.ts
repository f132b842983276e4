// How many slots of one class each machine may take: its share by what it gives, no more than fit into it, none beyond what it has where
// its disk is full, and none at all where so few slots could not have the neighbours that a limit asks for.

import { capacitiesFor } from './redundancy.ts';

export interface CapacityQuestion {
  readonly groupCount: number;
  readonly n: number;
  /** N values: bytes that each machine gives; 0 for one that may hold nothing. */
  readonly givenBytes: readonly number[];
  /** N values: bytes of it that slots of other classes take already. */
  readonly usedBytes: readonly number[];
  /** Mean bytes of a slot; 0 where nobody knows. */
  readonly slotBytes: number;
  /** Machines, by column, whose disks are full. */
  readonly full: ReadonlySet<number>;
  /** Columns of the groups so far. */
  readonly before: readonly (readonly number[])[];
  readonly scatterMin: number;
}

/** N values. Each narrowing holds only as long as all slots still find room: then the shares decide, as bytes have to lie somewhere. */
export function slotCapacities(question: CapacityQuestion): readonly number[] {
  const { groupCount, n, givenBytes, scatterMin } = question;
  const narrowings = [fitting, withoutFull, wideEnough];
  const machinesMin = Math.max(n, scatterMin + 1);
  return narrowings.reduce(
    (capacities: readonly number[], narrowing) => {
      const narrow = capacities.map((capacity, machine) =>
        Math.min(capacity, narrowing(question, machine, capacity)),
      );
      const room = narrow.reduce((sum, capacity) => sum + capacity, 0);
      const isEnough =
        room >= groupCount * n && narrow.filter((capacity) => capacity > 0).length >= machinesMin;
      return isEnough ? narrow : capacities;
    },
    capacitiesFor(givenBytes, { groupCount, n }),
  );
}

/** Slots whose bytes fit into what the machine gives. */
const fitting = ({ givenBytes, usedBytes, slotBytes }: CapacityQuestion, machine: number): number =>
  slotBytes > 0
    ? Math.max(0, Math.floor((givenBytes[machine]! - usedBytes[machine]!) / slotBytes))
    : Infinity;

const withoutFull = ({ full, before }: CapacityQuestion, machine: number): number =>
  full.has(machine) ? before.filter((members) => members.includes(machine)).length : Infinity;

const wideEnough = ({ scatterMin, n }: CapacityQuestion, _machine: number, capacity: number): number =>
  capacity * (n - 1) < scatterMin ? 0 : Infinity;
