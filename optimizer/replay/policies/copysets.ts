// Few distinct groups, made from random orders of the machines (Cidon et al., ATC'13): each order is cut into groups, and there
// are as many orders as the scatter width asks for. Knows nothing of availability.

import { createRandom, type Random } from '../../../datasets/index.ts';
import type { GroupsQuestion } from '../../groups.ts';
import { oneState, type Policy } from './policy.ts';
import { downShares } from './up-shares.ts';

const nobody = -1;

/** Other machines that share a group with a machine, in all: enough sources for a repair. */
const scatterWidth = 10;

function shuffled(machines: readonly number[], random: Random): number[] {
  const order = [...machines];
  for (let at = order.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}

/** Copysets of the machines with room; as many groups as are asked for, the same copysets again and again. */
function copysets(question: GroupsQuestion): readonly (readonly number[])[] {
  const { capacities, redundancy, groupCount, seed, previous } = question;
  const { n } = redundancy;
  const random = createRandom(seed).fork('copysets');
  const machines = [...capacities.keys()].filter((machine) => capacities[machine]! > 0);
  const kept = previous?.filter((group) => group.length > 0);
  if (kept !== undefined && kept.length > 0) return kept.map((group) => repaired(group, machines, random));
  const orders = Math.max(1, Math.ceil(scatterWidth / Math.max(1, n - 1)));
  const sets = Array.from({ length: orders }, () => {
    const order = shuffled(machines, random);
    return Array.from({ length: Math.floor(order.length / n) }, (_, at) => order.slice(at * n, (at + 1) * n));
  }).flat();
  return sets.length === 0 ? [] : Array.from({ length: groupCount }, (_, at) => sets[at % sets.length]!);
}

/** A set that lost a machine takes the next by chance. */
function repaired(group: readonly number[], machines: readonly number[], random: Random): readonly number[] {
  const members = [...group];
  for (const [slot, member] of members.entries()) {
    if (member !== nobody) continue;
    const free = machines.filter((machine) => !members.includes(machine));
    members[slot] = free[random.below(free.length)] ?? nobody;
  }
  return members;
}

export const copysetPolicy: Policy = {
  name: 'copysets',
  needs: 'past',
  learn: ({ past }) => ({
    states: oneState(past, downShares(past)),
    method: 'random',
    groups: copysets,
  }),
};
