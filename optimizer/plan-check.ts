// What must hold of any plan, whoever made it: checked before a peer's plan is followed.

import type { Plan } from './plan.ts';

const groupsMax = 200_000;

/** Sentences on what is wrong; empty when the plan may be followed. */
export function planProblems(plan: Plan): readonly string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  let count = 0;
  for (const { name, redundancy, groups } of plan.classes) {
    const { k, n } = redundancy;
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
