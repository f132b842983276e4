// What must hold of any plan, whoever made it: checked before a peer's plan is followed. Lawful but unwise plans pass; the
// figures that tell a wise one from its structure alone are here too.

import type { MachineId } from '../datasets/index.ts';
import type { PlacementClass, Plan } from './plan.ts';

const groupsMax = 200_000;

/** Sentences on what is wrong; empty when the plan may be followed. */
export function planProblems(plan: Plan): readonly string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  const keys = new Set<string>();
  let count = 0;
  for (const { name, redundancy, groups } of plan.classes) {
    const { k, n } = redundancy;
    const key = `${name} ${k} of ${n}`;
    if (keys.has(key)) problems.push(`class ${key} is there twice`);
    keys.add(key);
    if (!(k >= 1 && k <= n && n <= 32)) problems.push(`class ${name} asks for ${k} of ${n}`);
    for (const { id, members, weight } of groups) {
      count++;
      if (ids.has(id)) problems.push(`two groups are called ${id}`);
      ids.add(id);
      if (members.length !== n) problems.push(`group ${id} has ${members.length} members instead of ${n}`);
      if (new Set(members).size !== members.length) problems.push(`group ${id} names a machine twice`);
      if (!(weight > 0) || !Number.isFinite(weight)) problems.push(`group ${id} has the weight ${weight}`);
    }
  }
  if (count > groupsMax) problems.push(`${count} groups are more than ${groupsMax}`);
  if (!Number.isSafeInteger(plan.epoch) || plan.epoch < 1)
    problems.push(`the epoch ${plan.epoch} is not a positive whole number`);
  return problems;
}

/** Figures of one class of a plan. */
export interface ClassCheck {
  readonly name: string;
  readonly groupCount: number;
  /** Different sets of machines: the fewer, the fewer ways to lose data when many machines die at once. */
  readonly distinctSetCount: number;
  readonly machineCount: number;
  readonly slotsPerMachineMean: number;
  readonly slotsPerMachineMax: number;
  /** Fewest machines with which one shares groups: they rebuild what it loses. */
  readonly scatterWidthMin: number;
  /** Fewest groups that some machine finds for its own packs. */
  readonly groupsWithoutOwnerMin: number;
}

export interface PlanCheck {
  readonly problems: readonly string[];
  readonly classes: readonly ClassCheck[];
}

/** Recomputes from the plan alone what it promises about its structure. */
export function checkPlan(plan: Plan): PlanCheck {
  const machines = new Set(plan.classes.flatMap(({ groups }) => groups.flatMap(({ members }) => members)));
  return {
    problems: planProblems(plan),
    classes: plan.classes.map((placementClass) => checkClass(placementClass, machines)),
  };
}

function checkClass({ name, groups }: PlacementClass, machines: ReadonlySet<MachineId>): ClassCheck {
  const slots = new Map<MachineId, number>();
  const partners = new Map<MachineId, Set<MachineId>>();
  for (const { members } of groups) {
    for (const member of members) {
      slots.set(member, (slots.get(member) ?? 0) + 1);
      partners.set(member, (partners.get(member) ?? new Set()).union(new Set(members)));
    }
  }
  const counts = [...slots.values()];
  const slotCount = counts.reduce((sum, count) => sum + count, 0);
  return {
    name,
    groupCount: groups.length,
    distinctSetCount: new Set(groups.map(({ members }) => members.toSorted().join(' '))).size,
    machineCount: slots.size,
    slotsPerMachineMean: machines.size === 0 ? 0 : slotCount / machines.size,
    slotsPerMachineMax: counts.reduce((most, count) => Math.max(most, count), 0),
    scatterWidthMin: leastOf([...partners.values()].map((set) => set.size - 1)),
    groupsWithoutOwnerMin: leastOf([...machines].map((machine) => groups.length - (slots.get(machine) ?? 0))),
  };
}

const leastOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((least, value) => Math.min(least, value));
