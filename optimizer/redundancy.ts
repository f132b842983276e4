// How many copies or shards a fleet of a given size affords, how many groups it gets, and how many slots each machine.

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

/** Slots of one class per machine: enough neighbours to share a repair. */
const slotsPerMachine = 5;

/**
 * At least 2 (n + 1), so that every owner finds two groups that it is not in; beyond that never more groups than machines: each set
 * of machines is a way to lose data when many die at once (Cidon et al., ATC'13).
 */
export function groupCountFor(machineCount: number, { n }: Redundancy): number {
  if (machineCount < n) return 0;
  if (machineCount === n) return 1;
  return Math.max(2 * (n + 1), Math.min(machineCount, Math.ceil((machineCount * slotsPerMachine) / n)));
}

/** A tenth more than it takes at least: groups also meet the same machines again. */
const widthSlack = 1.1;

/** As many groups as it takes that everybody meets `scatterMin` others: a slot brings n − 1 at most. */
export const groupCountForWidth = (machineCount: number, n: number, scatterMin: number): number =>
  n < 2 ? 0 : Math.ceil((widthSlack * machineCount * Math.ceil(scatterMin / (n - 1))) / n);

/** Groups of one class for each machine that no plan exceeds: earlier ones are kept up to three times what a new plan has. */
const groupsPerMachineMax = 32;
/** Where most of a fleet has burnt, the groups of the others name only few machines until the next whole plan. */
const groupsMaxLeast = 1024;

/** More groups of one class no optimizer makes for so many machines; each costs every pack a comparison, on every machine. */
export const groupsMaxFor = (machineCount: number): number =>
  Math.max(groupsMaxLeast, groupsPerMachineMax * machineCount);

/** Slots beyond the mean that a machine may take. */
export const capacityFactorDefault = 1.5;
/** Nobody is asked for more than twice the mean, however large its disk: losing it would hurt too much. */
const shareFactorMax = 2;

interface GroupShape {
  readonly groupCount: number;
  readonly n: number;
}

/** Slots of each machine by what it gives, at most twice the mean; all alike where fewer than n give anything. They need not be whole numbers. */
export function sharesOf(quotaBytes: readonly number[], { groupCount, n }: GroupShape): readonly number[] {
  const slots = groupCount * n;
  const givers = quotaBytes.filter((bytes) => bytes > 0).length;
  const given = givers >= n ? quotaBytes : quotaBytes.map(() => 1);
  const count = givers >= n ? givers : given.length;
  const total = given.reduce((sum, bytes) => sum + bytes, 0);
  return given.map((bytes) => Math.min((shareFactorMax * slots) / count, (slots * bytes) / total));
}

/**
 * Slots that each machine may take: 1.5 times (or `capacityFactor` times) its share by what it gives, none where it gives nothing, never in all groups
 * but one. They sum to n × groupCount or more: where shares are so uneven that they would not, all grow alike, and
 * machines that give nothing come in last, where fewer than n give anything.
 */
export function capacitiesFor(
  quotaBytes: readonly number[],
  shape: GroupShape & { readonly capacityFactor?: number },
): readonly number[] {
  const slots = shape.groupCount * shape.n;
  const shares = sharesOf(quotaBytes, shape);
  const count = shares.filter((share) => share > 0).length;
  const most = count > shape.n ? Math.max(1, shape.groupCount - 2) : shape.groupCount;
  const needed = Math.min(slots, count * most);
  for (let factor = shape.capacityFactor ?? capacityFactorDefault; ; factor *= 1.25) {
    const capacities = shares.map((share) => Math.min(most, Math.ceil(factor * share)));
    if (capacities.reduce((sum, capacity) => sum + capacity, 0) >= needed) return capacities;
  }
}
