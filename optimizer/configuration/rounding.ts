// From fractions to whole groups: what the linear program takes whole stays whole, fractions come in while everybody has
// slots left. What is then open is left to the filling and the climb.

import type { Generated } from './column-generation.ts';
import type { Grouping } from './grouping.ts';

/** At most `groupCount` groups within the capacities. */
export function roundGroups(
  { columns, times }: Pick<Generated, 'columns' | 'times'>,
  { capacities, groupCount }: Pick<Grouping, 'capacities' | 'groupCount'>,
): number[][] {
  const room = Int32Array.from(capacities);
  const groups: number[][] = [];
  const take = (members: readonly number[]): boolean => {
    if (groups.length >= groupCount || members.some((member) => room[member]! <= 0)) return false;
    for (const member of members) room[member]!--;
    groups.push([...members]);
    return true;
  };
  const used = columns
    .map(({ members }, index) => ({ members, times: times[index]! }))
    .filter((column) => column.times > 1e-6);
  for (const column of used) {
    for (let whole = Math.floor(column.times + 1e-6); whole > 0; whole--) if (!take(column.members)) break;
  }
  const rest = (value: number): number => value - Math.floor(value + 1e-6);
  for (const { members } of used.toSorted((a, b) => rest(b.times) - rest(a.times))) take(members);
  return groups;
}
