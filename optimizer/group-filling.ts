// Whole groups to start from: what is left of the previous ones, gaps filled by the machines with the most room. Nobody
// gets more slots than its capacity as long as the capacities allow it at all, and no group has a machine twice.

import type { Random } from '../datasets/index.ts';
import type { GroupsQuestion } from './groups.ts';
import { availabilities } from './survival.ts';

/** A slot that nobody has. */
const nobody = -1;

interface Filling {
  readonly groups: number[][];
  readonly loads: Int32Array;
  readonly capacities: readonly number[];
  readonly up: Float64Array;
  readonly random: Random;
}

/**
 * The previous groups with their gaps filled, and new ones, up to `groupCount`. Fewer than n machines give none.
 * Capacities that sum to less than n × groupCount, or fewer than n that are above 0, are exceeded as little as chance allows.
 */
export function startingGroups(question: GroupsQuestion, random: Random): number[][] {
  const { states, redundancy, capacities, groupCount, previous } = question;
  if (states.machines.length < redundancy.n) return [];
  const filling: Filling = {
    groups: Array.from({ length: groupCount }, (_, at) =>
      Array.from({ length: redundancy.n }, (__, slot) => previous?.[at]?.[slot] ?? nobody),
    ),
    loads: new Int32Array(states.machines.length),
    capacities,
    up: availabilities(states),
    random,
  };
  for (const group of filling.groups) takeOver(filling, group);
  for (let at = 0; at < groupCount; at++) {
    for (let slot = 0; slot < redundancy.n; slot++) fillSlot(filling, at, slot);
  }
  return filling.groups;
}

/** Keeps a previous group's members, but those who stand in it twice or have all their slots by now. */
function takeOver({ loads, capacities }: Filling, group: number[]): void {
  for (const [slot, member] of group.entries()) {
    if (member === nobody) continue;
    if (group.indexOf(member) < slot || loads[member]! >= capacities[member]!) group[slot] = nobody;
    else loads[member]!++;
  }
}

function fillSlot(filling: Filling, at: number, slot: number): void {
  const { groups, loads } = filling;
  const group = groups[at]!;
  if (group[slot] !== nobody) return;
  const machine = roomiest(filling, group);
  if (machine !== undefined) {
    group[slot] = machine;
    loads[machine]!++;
  } else if (!exchange(filling, at, slot)) {
    const least = leastOver(filling, group);
    group[slot] = least;
    loads[least]!++;
  }
}

/** The machine outside the group with the most room relative to its capacity; among equals the available one, and chance. */
function roomiest({ loads, capacities, up, random }: Filling, group: readonly number[]): number | undefined {
  let best: number | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let machine = 0; machine < loads.length; machine++) {
    const room = capacities[machine]! - loads[machine]!;
    if (room <= 0 || group.includes(machine)) continue;
    const score = room / capacities[machine]! + 0.05 * up[machine]! + 0.02 * random.fraction();
    if (score > bestScore) [best, bestScore] = [machine, score];
  }
  return best;
}

/**
 * Everybody with room is in the group already: one of them goes into another group, whose member comes here. Always
 * possible while there is room and the other group is whole, because it cannot have all its members from this one.
 */
function exchange({ groups, loads, capacities }: Filling, at: number, slot: number): boolean {
  const here = groups[at]!;
  const spare = here.find((member) => member !== nobody && loads[member]! < capacities[member]!);
  if (spare === undefined) return false;
  for (const there of groups) {
    if (there.includes(spare)) continue;
    const place = there.findIndex((member) => member !== nobody && !here.includes(member));
    if (place < 0) continue;
    here[slot] = there[place]!;
    there[place] = spare;
    loads[spare]!++;
    return true;
  }
  return false;
}

/** Capacities are too small for so many groups: whoever is least above its own takes the slot. */
function leastOver({ loads, capacities }: Filling, group: readonly number[]): number {
  let best = nobody;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let machine = 0; machine < loads.length; machine++) {
    const score = (loads[machine]! + 1) / Math.max(0.5, capacities[machine]!);
    if (!group.includes(machine) && score < bestScore) [best, bestScore] = [machine, score];
  }
  return best;
}
