// How likely it is that a sudden death of many machines takes some pack with it: the fewer different groups, the less likely
// (Cidon et al., Copysets, ATC'13). Arithmetic on counts; which machines die is chance.

/** Of N machines, `dead` chosen by chance die at once; a group of n is lost when more than n − k of its members are among them. */
export interface Burst {
  readonly machineCount: number;
  readonly dead: number;
  readonly k: number;
  readonly n: number;
}

/** ln(count choose chosen); negative infinity where there is no way. */
function logWays(count: number, chosen: number): number {
  if (chosen < 0 || chosen > count) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let index = 1; index <= chosen; index++) sum += Math.log((count - chosen + index) / index);
  return sum;
}

/** P(one given group is lost): the upper tail of a hypergeometric distribution; 0..1. */
export function groupLossOdds({ machineCount, dead, k, n }: Burst): number {
  let odds = 0;
  for (let lost = n - k + 1; lost <= Math.min(n, dead); lost++)
    odds += Math.exp(logWays(n, lost) + logWays(machineCount - n, dead - lost) - logWays(machineCount, dead));
  return Math.min(1, odds);
}

/** Machines that die in the usual question: one in a hundred, but enough to lose a group at all. */
export const usualDead = ({ machineCount, k, n }: Omit<Burst, 'dead'>): number =>
  Math.max(n - k + 1, Math.ceil(machineCount / 100));

/** At most P(any of so many different groups is lost): the sum over them; 0..1. */
export const anyLossOddsMax = (burst: Burst, distinctGroups: number): number =>
  Math.min(1, distinctGroups * groupLossOdds(burst));
