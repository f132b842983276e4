// How many copies or shards a fleet of a given size affords, and how many groups it gets.

import type { PlacementClass, Redundancy } from './plan.ts';

export interface ClassShape {
  readonly name: PlacementClass['name'];
  readonly redundancy: Redundancy;
}

const replicas: Redundancy = { k: 1, n: 3 };
/** 1.5 times the bytes, any two holders may die. */
const erasure: Redundancy = { k: 4, n: 6 };

/** Classes for new packs: none below four machines, replicas from four, shards for bulk from nine (decision 0004). */
export function redundancyForFleet(machineCount: number): readonly ClassShape[] {
  if (machineCount < 4) return [];
  return [
    { name: 'small', redundancy: replicas },
    { name: 'bulk', redundancy: machineCount < 9 ? replicas : erasure },
  ];
}

/** Slots of one class per machine: enough neighbours to share a repair, few enough sets to lose data by (Cidon, ATC'13). */
const slotsPerMachine = 5;

/** At least 2 (n + 1), so that every owner finds two groups that it is not in. */
export function groupCountFor(machineCount: number, { n }: Redundancy): number {
  if (machineCount < n) return 0;
  if (machineCount === n) return 1;
  return Math.max(2 * (n + 1), Math.ceil((machineCount * slotsPerMachine) / n));
}

/** Slots that each machine may take: 1.5 times the mean, in proportion to what it gives, never in all groups but one. */
export function capacitiesFor(
  quotaBytes: readonly number[],
  shape: { readonly groupCount: number; readonly n: number },
): readonly number[] {
  const total = quotaBytes.reduce((sum, bytes) => sum + bytes, 0);
  const slots = shape.groupCount * shape.n;
  const most = quotaBytes.length > shape.n ? Math.max(1, shape.groupCount - 2) : shape.groupCount;
  const mean = slots / quotaBytes.length;
  return quotaBytes.map((bytes) => {
    // Nobody is asked for more than twice the mean, however large its disk: losing it would hurt too much.
    const share = total === 0 ? mean : Math.min(2 * mean, (slots * bytes) / total);
    return Math.min(most, Math.max(1, Math.ceil(1.5 * share)));
  });
}
