// Whole groups in turns: what fractions leave open is a small program of its own, for fewer groups and the slots that are left. Without
// it a few groups in a hundred are put together from whoever is left over, and cost as much as a hundred others are dearer by.

import type { Generated } from './column-generation.ts';
import type { Grouping } from './grouping.ts';
import { roundGroups } from './rounding.ts';

export type Fractions = Pick<Generated, 'columns' | 'times'>;

export interface TurnsQuestion {
  readonly grouping: Grouping;
  /** Groups for the slots that are left, to begin with. */
  readonly begin: (rest: Grouping) => readonly (readonly number[])[];
  /** Their program. */
  readonly sketch: (rest: Grouping, start: readonly (readonly number[])[]) => Fractions;
}

/** Each turn leaves about a tenth open. */
const turnsMax = 4;

/** At most `groupCount` groups within the capacities. */
export function roundInTurns(first: Fractions, { grouping, begin, sketch }: TurnsQuestion): number[][] {
  const groups = roundGroups(first, grouping);
  for (let turn = 1; turn < turnsMax; turn++) {
    const rest = restOf(grouping, groups);
    if (rest.groupCount === 0) break;
    const start = begin(rest);
    if (start.length < rest.groupCount) break;
    const more = roundGroups(sketch(rest, start), rest);
    if (more.length === 0) break;
    groups.push(...more);
  }
  return groups;
}

/** The groups and slots that these leave open. */
export function restOf(grouping: Grouping, groups: readonly (readonly number[])[]): Grouping {
  const capacities = [...grouping.capacities];
  for (const members of groups) for (const member of members) capacities[member]!--;
  return { ...grouping, capacities, groupCount: grouping.groupCount - groups.length };
}
