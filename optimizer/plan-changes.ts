// What one plan gives to other machines than another one: for people who compare them.

import type { Plan } from './plan.ts';

export interface SlotChange {
  readonly group: string;
  readonly slot: number;
  /** Absent: the group is a new one, or had no such slot. */
  readonly from?: string;
  /** Absent: the group or the slot is gone. */
  readonly to?: string;
}

const groupsOf = (plan: Plan): ReadonlyMap<string, readonly string[]> =>
  new Map(plan.classes.flatMap(({ groups }) => groups.map(({ id, members }) => [id, members] as const)));

/** Slots that `after` gives to another machine than `before`, group by group. */
export function slotChanges(before: Plan, after: Plan): readonly SlotChange[] {
  const [was, is] = [groupsOf(before), groupsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((group) => {
    const [old = [], young = []] = [was.get(group), is.get(group)];
    return Array.from({ length: Math.max(old.length, young.length) }, (_, slot): SlotChange => ({
      group,
      slot,
      ...(old[slot] === undefined ? {} : { from: old[slot] }),
      ...(young[slot] === undefined ? {} : { to: young[slot] }),
    })).filter(({ from, to }) => from !== to);
  });
}

/** How many of them take a slot from a machine that may hold nothing any more: to replace it is repair. */
export const repairCountOf = (changes: readonly SlotChange[], usable: ReadonlySet<string>): number =>
  changes.filter(({ from }) => from !== undefined && !usable.has(from)).length;

export const slotCountOf = ({ classes }: Plan): number =>
  classes.reduce((sum, { groups }) => groups.reduce((count, { members }) => count + members.length, sum), 0);
