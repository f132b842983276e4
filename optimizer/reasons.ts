// Why each member is in its group: its availability, its domain, what the group would lose by the runner-up, and what kept
// a better machine out. Numbers that a person can check, from the same odds that the optimizer used.

import type { MemberReason, Plan, Redundancy } from './plan.ts';
import type { States } from './states.ts';
import { availabilities, oddsWith, slotOdds } from './survival.ts';

/** One chosen group and the slots that all machines have, by column of the states. */
export interface ReasonedGroup {
  readonly redundancy: Redundancy;
  readonly members: readonly number[];
  readonly loads: Int32Array;
  readonly capacities: readonly number[];
}

export function memberReasons(
  states: States,
  group: ReasonedGroup,
  domains: Readonly<Record<string, string>>,
): readonly MemberReason[] {
  const up = availabilities(states);
  return group.members.map((member, slot) => {
    const odds = slotOdds(
      states,
      group.members.filter((_, index) => index !== slot),
      group.redundancy.k,
    );
    const now = oddsWith(states, odds, member);
    const outside = states.machines
      .map((_, machine) => ({
        machine,
        odds: group.members.includes(machine) ? Number.POSITIVE_INFINITY : oddsWith(states, odds, machine),
      }))
      .filter((candidate) => Number.isFinite(candidate.odds))
      .toSorted((a, b) => a.odds - b.odds || a.machine - b.machine);
    const free = outside.find(({ machine }) => group.loads[machine]! < group.capacities[machine]!);
    const next = free ?? outside[0];
    const binding = bindingOf(states, { now, best: outside[0], free });
    const machine = states.machines[member]!;
    return {
      machine,
      availability: up[member]!,
      ...(domains[machine] === undefined ? {} : { domain: domains[machine] }),
      swapLoss: next === undefined || now <= 0 ? 1 : Math.min(1e12, next.odds / now),
      ...(free === undefined ? {} : { runnerUp: states.machines[free.machine]! }),
      ...(binding === undefined ? {} : { binding }),
    };
  });
}

interface Candidate {
  readonly machine: number;
  readonly odds: number;
}

interface Rivals {
  readonly now: number;
  readonly best: Candidate | undefined;
  /** The best that has a slot left. */
  readonly free: Candidate | undefined;
}

/** What kept a better machine out: no slot left, or too small a gain for a move. */
function bindingOf(states: States, { now, best, free }: Rivals): string | undefined {
  if (best === undefined || best.odds >= now) return undefined;
  const name = states.machines[best.machine]!;
  if (best === free) return `${name} would do better, but by less than a move of shards must gain`;
  const full = `${name} would do better but has no slot left`;
  // Beside it stands by how much less the group would fail with the runner-up: that asks why it is not in it either.
  return free === undefined || free.odds >= now
    ? full
    : `${full}; ${states.machines[free.machine]!} would too, but by less than a move of shards must gain`;
}

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** A group in plain lines; empty when the plan has no such group. */
export function explainGroup(plan: Plan, groupId: string): readonly string[] {
  for (const { name, redundancy, groups } of plan.classes) {
    const group = groups.find(({ id }) => id === groupId);
    if (group === undefined) continue;
    const at = Object.entries(group.unavailabilityAt).map(
      ([hour, odds]) => `${percent(1 - odds, 4)} at ${hour}`,
    );
    return [
      `Group ${group.id}: ${name} packs, any ${redundancy.k} of ${redundancy.n} members restore a pack.`,
      `Survives ${percent(1 - group.unavailability, 4)} of all hours${at.length === 0 ? '' : `, ${at.join(', ')} on workdays`}.`,
      ...group.reasons.map((reason, slot) => {
        const domain = reason.domain === undefined ? 'stands alone' : `in ${reason.domain}`;
        const instead =
          reason.runnerUp === undefined
            ? 'nobody could take its place'
            : `with ${reason.runnerUp} instead the group would fail ${reason.swapLoss.toFixed(2)} times as often`;
        const binding = reason.binding === undefined ? '' : `; ${reason.binding}`;
        return `  slot ${slot}: ${reason.machine}, up ${percent(reason.availability)}, ${domain}; ${instead}${binding}`;
      }),
      `From ${plan.modelSource}.`,
    ];
  }
  return [];
}
