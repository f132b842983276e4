// What if these machines were gone: which groups fall below k for certain, how likely the others are to, whose packs that
// concerns, and how long it takes to make again what lay on them. Arithmetic on the plan and the states; changes nothing.

import type { MachineId } from '../../datasets/index.ts';
import { hourKinds } from '../../models/index.ts';
import type { PlacementClass, PlacementGroup, Plan, Redundancy } from '../plan.ts';

import { availabilities, unavailability } from '../survival.ts';
import type { States } from '../states.ts';

export interface WhatIfQuestion {
  readonly plan: Plan;
  /** What is expected of the machines; those without a column count as down. */
  readonly states: States;
  readonly lost: ReadonlySet<MachineId>;
  /** Only these hours of the week (0..167): machines that are more often down than up in them count as lost too. */
  readonly isInHours?: (weekHour: number) => boolean;
  /** Machines that have backups of their own. */
  readonly owners: readonly MachineId[];
  /** Packs of one of them that are known, by the id of their group; absent where nobody knows any. */
  readonly knownPacks?: { readonly owner: MachineId; readonly countByGroup: ReadonlyMap<string, number> };
  /** Mean bytes in one slot of a class, by the class's name; absent where nobody knows. */
  readonly bytesPerSlot: Partial<Readonly<Record<PlacementClass['name'], number>>>;
  /** The bytes are derived from what all drives have, not seen in slots. */
  readonly areBytesRough?: boolean;
  /** Machines of the fleet, with a slot or without; default: those with a column. */
  readonly machineCount?: number;
  /** What each machine can take in for repairs. */
  readonly bytesPerSecond: number;
}

export interface ClassLoss {
  readonly name: PlacementClass['name'];
  readonly redundancy: Redundancy;
  readonly groupCount: number;
  /** Groups with fewer than k members left: their packs cannot be restored until machines come back. */
  readonly lostGroups: readonly string[];
  /** Share of new packs of the class that are expected to map to these groups, 0..1. */
  readonly lostShare: number;
  /** P(a pack is unavailable), 0..1: as things are, over all hours, and after the loss, in the hours asked for. */
  readonly odds: { readonly before: number; readonly after: number };
}

export interface OwnerLoss {
  readonly owner: MachineId;
  /** Its own disk is among what is lost. */
  readonly isLostItself: boolean;
  /** Share of its packs that cannot be restored, 0..1: counted where they are known, else expected of new ones of the class that is worse off, as a file needs both. */
  readonly lostShare: number;
  /** Where its packs are known: how many of them cannot be restored, and how many there are. */
  readonly packs?: { readonly lostCount: number; readonly count: number };
}

export interface RepairNeed {
  /** Slots on lost machines, of groups that can still be repaired. */
  readonly slots: number;
  /** Bytes to be written anew, and bytes that travel for that: k times as many for a code. Absent where nobody knows. */
  readonly bytes?: number;
  readonly trafficBytes?: number;
  /** Shortest time, when all that are left share the work evenly. Absent where nobody knows the bytes, or nobody is left. */
  readonly seconds?: number;
  /** True where the bytes are derived from what all drives have. */
  readonly isRough?: boolean;
}

export interface WhatIfAnswer {
  /** In the order of the plan's machines; those that are away in the hours asked for among them. */
  readonly lostMachines: readonly MachineId[];
  /** Machines with slots that are left: they take in what is made again. */
  readonly leftCount: number;
  /** Machines of the fleet, lost ones among them. */
  readonly machineCount: number;
  readonly classes: readonly ClassLoss[];
  /** Worst first. */
  readonly owners: readonly OwnerLoss[];
  readonly repair: RepairNeed;
}

export function whatIf(question: WhatIfQuestion): WhatIfAnswer {
  const { plan, states } = question;
  const then = question.isInHours === undefined ? states : statesWithin(states, question.isInHours);
  const lost = new Set(question.lost);
  if (question.isInHours !== undefined)
    for (const [column, up] of availabilities(then).entries())
      if (up < 0.5) lost.add(states.machines[column]!);
  const column = new Map(states.machines.map((machine, index) => [machine, index]));
  const left = (group: PlacementGroup): readonly number[] =>
    group.members.flatMap((member) => (lost.has(member) ? [] : (column.get(member) ?? [])));
  const all = (group: PlacementGroup): readonly number[] =>
    group.members.flatMap((member) => column.get(member) ?? []);
  const classes = plan.classes.map((placementClass): ClassLoss => {
    const { name, redundancy, groups } = placementClass;
    const { k } = redundancy;
    const isLost = (group: PlacementGroup): boolean => left(group).length < k;
    return {
      name,
      redundancy,
      groupCount: groups.length,
      lostGroups: groups.filter(isLost).map(({ id }) => id),
      lostShare: meanOver(groups, (group) => (isLost(group) ? 1 : 0)),
      odds: {
        before: meanOver(groups, (group) => unavailability(states, { members: all(group), k })),
        after: meanOver(groups, (group) => unavailability(then, { members: left(group), k })),
      },
    };
  });
  const lostGroups = new Set(classes.flatMap((one) => one.lostGroups));
  const leftCount = states.machines.filter((machine) => !lost.has(machine)).length;
  return {
    lostMachines: [...lost],
    leftCount,
    machineCount: question.machineCount ?? states.machines.length,
    classes,
    owners: question.owners
      .map((owner) => ownerLoss(question, { owner, lost, lostGroups }))
      .toSorted((a, b) => b.lostShare - a.lostShare),
    repair: repairNeed(question, { lost: question.lost, lostGroups, leftCount }),
  };
}

/** Mean over groups, each by its share of the packs. */
function meanOver(groups: readonly PlacementGroup[], valueOf: (group: PlacementGroup) => number): number {
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  return total === 0 ? 0 : groups.reduce((sum, group) => sum + group.weight * valueOf(group), 0) / total;
}

/** The states of some hours: a kind of hour counts by the share of its hours that are asked for. All states where none are. */
function statesWithin(states: States, isIn: (weekHour: number) => boolean): States {
  const shares = states.hours.map(({ name }) => {
    const hours = hourKinds.find((kind) => kind.name === name)?.hours ?? [];
    return hours.length === 0 ? 1 : hours.filter(isIn).length / hours.length;
  });
  const weights = states.weights.map((weight, state) => weight * shares[states.hourOfState[state]!]!);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum === 0 ? states : { ...states, weights: weights.map((weight) => weight / sum) };
}

interface Lost {
  readonly lost: ReadonlySet<MachineId>;
  readonly lostGroups: ReadonlySet<string>;
}

/** Packs of an owner map to the groups without it, by their weights; to all, where none is without it (`groupForPack`). */
function ownerLoss(
  { plan, knownPacks }: WhatIfQuestion,
  { owner, lost, lostGroups }: Lost & { readonly owner: MachineId },
): OwnerLoss {
  const isLostItself = lost.has(owner);
  if (knownPacks?.owner === owner) {
    let [lostCount, count] = [0, 0];
    for (const [group, packCount] of knownPacks.countByGroup) {
      count += packCount;
      if (lostGroups.has(group)) lostCount += packCount;
    }
    const lostShare = count === 0 ? 0 : lostCount / count;
    return { owner, isLostItself, lostShare, packs: { lostCount, count } };
  }
  const shares = plan.classes.map(({ groups }) => {
    const others = groups.filter(({ members }) => !members.includes(owner));
    return meanOver(others.length > 0 ? others : groups, ({ id }) => (lostGroups.has(id) ? 1 : 0));
  });
  return { owner, isLostItself, lostShare: Math.max(0, ...shares) };
}

/** Hours of absence start no repair, so only machines that are gone count. */
function repairNeed(
  { plan, bytesPerSlot, bytesPerSecond, areBytesRough = false }: WhatIfQuestion,
  { lost, lostGroups, leftCount }: Lost & { readonly leftCount: number },
): RepairNeed {
  let [slots, bytes, trafficBytes, isKnown] = [0, 0, 0, true];
  for (const { name, redundancy, groups } of plan.classes) {
    const open = groups
      .filter(({ id }) => !lostGroups.has(id))
      .reduce((sum, { members }) => sum + members.filter((member) => lost.has(member)).length, 0);
    slots += open;
    const slotBytes = bytesPerSlot[name];
    if (open > 0 && slotBytes === undefined) isKnown = false;
    bytes += open * (slotBytes ?? 0);
    trafficBytes += open * redundancy.k * (slotBytes ?? 0);
  }
  if (!isKnown) return { slots };
  const needed = { slots, bytes, trafficBytes, ...(areBytesRough ? { isRough: true } : {}) };
  if (leftCount === 0) return needed;
  return { ...needed, seconds: trafficBytes / (leftCount * bytesPerSecond) };
}
