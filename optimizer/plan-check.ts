// What must hold of any plan, whoever made it: checked before a peer's plan is followed. Lawful but unwise plans pass; the
// figures that tell a wise one from its structure alone are here too.

import type { MachineId } from '../datasets/index.ts';
import { anyLossOddsMax, usualDead } from './burst.ts';
import { gapMax } from './class-groups.ts';
import { lowerBound } from './configuration/index.ts';
import { uncountedCopies } from './copy-traffic.ts';
import { copyProblems } from './plan-copies.ts';
import { areNamed, namedHourStates } from './named-hours.ts';
import { groupingOf, statesOfEvidence } from './plan-evidence.ts';
import { noteProblems } from './plan-notes.ts';
import { uncheckedParts } from './plan-unchecked.ts';
import { brokenLimits, scatterWidths, trafficOf, uncountedMoves } from './plan-limits.ts';
import type { PlacementClass, PlacementGroup, Plan, PopularPart } from './plan.ts';
import { plannedMachines } from './plan-members.ts';
import { groupsMaxFor } from './redundancy.ts';
import { statesOfHours, type States } from './states.ts';
import { availabilities, type GroupOdds, unavailability } from './survival.ts';

const groupsMax = 200_000;

/** Sentences on what is wrong; empty when the plan may be followed. */
export function planProblems(plan: Plan): readonly string[] {
  const crowded = crowdProblems(plan);
  if (crowded.length > 0) return crowded;
  const problems: string[] = [];
  const ids = new Set<string>();
  const keys = new Set<string>();
  for (const { name, redundancy, groups } of plan.classes) {
    const { k, n } = redundancy;
    const key = `${name} ${k} of ${n}`;
    if (keys.has(key)) problems.push(`class ${key} is there twice`);
    keys.add(key);
    if (!(k >= 1 && k <= n && n <= 32)) problems.push(`class ${name} asks for ${k} of ${n}`);
    for (const { id, members, weight } of groups) {
      if (ids.has(id)) problems.push(`two groups are called ${id}`);
      ids.add(id);
      if (members.length !== n) problems.push(`group ${id} has ${members.length} members instead of ${n}`);
      if (new Set(members).size !== members.length) problems.push(`group ${id} names a machine twice`);
      if (!(weight > 0) || !Number.isFinite(weight)) problems.push(`group ${id} has the weight ${weight}`);
    }
  }
  problems.push(...copyProblems(plan));
  if (!Number.isSafeInteger(plan.epoch) || plan.epoch < 1)
    problems.push(`the epoch ${plan.epoch} is not a positive whole number`);
  return problems;
}

/** Found before anything is looked up in such a plan: that would take all of a machine's time. */
function crowdProblems(plan: Plan): readonly string[] {
  const count = plan.classes.reduce((sum, { groups }) => sum + groups.length, 0);
  if (count > groupsMax) return [`${count} groups are more than ${groupsMax}`];
  const machineCount = plannedMachines(plan).size;
  const most = groupsMaxFor(machineCount);
  return plan.classes
    .filter(({ groups }) => groups.length > most)
    .map(({ name, groups }) => {
      const title = `class ${name} has ${groups.length} groups for ${machineCount} machines`;
      return `${title}, more than ${most}`;
    });
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
  /** When 1 % of the machines (or as few as can lose a group) die at once: at most P(some pack is lost for good); 0..1. */
  readonly burstLossOddsMax: number;
  /** Value and bound computed again; absent where the plan has no evidence for them. */
  readonly certificate?: CertificateCheck;
}

export interface CertificateCheck {
  /** Mean P(fewer than k up) of the groups. */
  readonly value: number;
  /** What the prices of the plan prove. */
  readonly lowerBound: number;
  /** value / lowerBound − 1; positive infinity where nothing is proven. */
  readonly gap: number;
}

/** Figures of the popular copies. */
export interface CopiesCheck {
  readonly copyCount: number;
  readonly packCount: number;
  readonly machineCount: number;
  readonly bytes: number;
  /** Of its room, on the machine where they take most of it; 0..1 in a lawful plan. */
  readonly roomShareMax: number;
}

/** What machines take in and give out within a week, slots and popular copies together. */
export interface TrafficCheck {
  readonly takenBytesMost: number;
  readonly givenBytesMost: number;
  /** Absent where admins set no limit. */
  readonly takenBytesMax?: number;
  readonly givenBytesMax?: number;
}

export interface PlanCheck {
  readonly problems: readonly string[];
  /** What the plan says and nothing in it can prove; each begins with the part of the plan. */
  readonly notChecked: readonly string[];
  /** Whether the plan carries what its odds were computed from; else they are only claimed. */
  readonly hasEvidence: boolean;
  /** Absent where the plan counts no traffic by machine. */
  readonly traffic?: TrafficCheck;
  /** Absent where the plan has no copies. */
  readonly popular?: CopiesCheck;
  readonly classes: readonly ClassCheck[];
}

/** Recomputes from the plan alone what it promises about its structure; with the plan before it, also whether it counts what it moves. */
export function checkPlan(plan: Plan, before?: Plan): PlanCheck {
  const machines = plannedMachines(plan);
  const checked = plan.classes.map((placementClass, index) => {
    const certificate = checkCertificate(plan, index);
    const structure = checkClass(placementClass, machines);
    return { ...structure, ...(certificate === undefined ? {} : { certificate }) };
  });
  return {
    problems: [
      ...planProblems(plan),
      ...plan.classes.flatMap((_, index) => claimProblems(plan, index)),
      ...oddsProblems(plan),
      ...noteProblems(plan),
      ...brokenLimits(plan).map(({ limit, problem }) => `the limit ${limit} is broken: ${problem}`),
      ...(before === undefined ? [] : [...uncountedMoves(plan, before), ...uncountedCopies(plan, before)]),
    ],
    notChecked: uncheckedParts(plan),
    hasEvidence: plan.evidence !== undefined,
    ...(plan.limits?.moves === undefined ? {} : { traffic: checkTraffic(plan) }),
    ...(plan.popular === undefined ? {} : { popular: checkCopies(plan.popular) }),
    classes: checked,
  };
}

function checkTraffic(plan: Plan): TrafficCheck {
  const { takenBytesMax, givenBytesMax } = plan.limits ?? {};
  const traffic = [...trafficOf(plan).values()];
  return {
    takenBytesMost: traffic.reduce((most, { takenBytes }) => Math.max(most, takenBytes), 0),
    givenBytesMost: traffic.reduce((most, { givenBytes }) => Math.max(most, givenBytes), 0),
    ...(takenBytesMax === undefined ? {} : { takenBytesMax }),
    ...(givenBytesMax === undefined ? {} : { givenBytesMax }),
  };
}

function checkCopies({ copies, rooms }: PopularPart): CopiesCheck {
  const used = new Map<MachineId, number>();
  for (const { machine, bytes } of copies) used.set(machine, (used.get(machine) ?? 0) + bytes);
  const shares = rooms.map(({ machine, bytes }) => (used.get(machine) ?? 0) / Math.max(1, bytes));
  return {
    copyCount: copies.length,
    packCount: new Set(copies.map(({ pack }) => pack)).size,
    machineCount: used.size,
    bytes: copies.reduce((sum, { bytes }) => sum + bytes, 0),
    roomShareMax: Math.max(0, ...shares),
  };
}

/** Sums in another order differ by far less than this share. */
const evidenceToleranceShare = 1e-6;

function checkCertificate(plan: Plan, index: number): CertificateCheck | undefined {
  const placementClass = plan.classes[index]!;
  if (plan.evidence === undefined || placementClass.certificate === undefined) return undefined;
  const placed = groupingOf(plan.evidence, { placementClass, index });
  if (placed === undefined) return undefined;
  const { grouping, groups, prices } = placed;
  const odds = groups.map((members) =>
    unavailability(grouping.states, { members, k: grouping.redundancy.k }),
  );
  const value = odds.reduce((sum, one) => sum + one, 0) / Math.max(1, odds.length);
  const bound = lowerBound(grouping, prices);
  const gap = bound > 0 ? value / bound - 1 : Number.POSITIVE_INFINITY;
  return { value, lowerBound: bound, gap };
}

/** What a class says of itself and its evidence does not bear out. */
function claimProblems(plan: Plan, index: number): readonly string[] {
  const { name, redundancy, certificate, groups } = plan.classes[index]!;
  if (plan.evidence === undefined || certificate === undefined) return [];
  const title = `class ${name} ${redundancy.k} of ${redundancy.n}`;
  const found = checkCertificate(plan, index);
  if (found === undefined) return [`the evidence for ${title} does not fit its groups`];
  const wrong = [
    ...overloaded(plan, index).map((machine) => `${title} gives ${machine} more slots than it may have`),
    ...(groups.every(({ weight }) => weight === groups[0]!.weight)
      ? []
      : [`${title} has groups of different weights, its odds are those of groups that weigh the same`]),
    ...(isNear(found.value, certificate.value)
      ? []
      : [`${title} claims the odds ${certificate.value}, its evidence says ${found.value}`]),
    ...(certificate.lowerBound <= found.lowerBound * (1 + evidenceToleranceShare)
      ? []
      : [`${title} claims the bound ${certificate.lowerBound}, its prices prove ${found.lowerBound}`]),
  ];
  const { value, lowerBound: bound, gap } = certificate;
  const own = Math.min(gapMax, value > bound ? value / bound - 1 : 0);
  return wrong.length > 0 || isNear(1 + gap, 1 + own)
    ? wrong
    : [`${title} claims the gap ${gap}, its own odds and bound say ${own}`];
}

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= evidenceToleranceShare * Math.max(a, b);

/** What groups and reasons say of odds and the evidence does not bear out. Machines that it does not know have left: nothing is said of them. */
function oddsProblems({ classes, evidence }: Plan): readonly string[] {
  if (evidence === undefined) return [];
  const states = statesOfEvidence(evidence);
  if (states === undefined) return ['the evidence does not fit together'];
  const columnOf = new Map(states.machines.map((machine, column) => [machine, column]));
  const up = availabilities(states);
  const groups = classes.flatMap(({ redundancy: { k }, groups: own }) =>
    own.map((group) => ({
      group,
      odds: { k, members: group.members.flatMap((member) => columnOf.get(member) ?? []) },
    })),
  );
  return [
    ...groups.flatMap(({ group: { id, unavailability: claimed }, odds }) =>
      differs(`group ${id}`, claimed, unavailability(states, odds)),
    ),
    ...groups.flatMap(({ group: { id, reasons } }) =>
      reasons.flatMap(({ machine, availability }) =>
        differs(`the reason for ${machine} in group ${id}`, availability, up[columnOf.get(machine) ?? -1]),
      ),
    ),
    ...hourProblems(states, groups),
  ];
}

const differs = (title: string, claimed: number, found: number | undefined): readonly string[] =>
  found !== undefined && isNear(claimed, found)
    ? []
    : [`${title} claims the odds ${claimed}, the evidence says ${found ?? 'nothing'}`];

interface RatedGroup {
  readonly group: PlacementGroup;
  readonly odds: GroupOdds;
}

/** Named hours are computed again from their kind of hour. */
function hourProblems(states: States, groups: readonly RatedGroup[]): readonly string[] {
  if (!areNamed(states)) return nowhereTrue(states, groups);
  const known = new Map(namedHourStates(states));
  return groups.flatMap(({ group: { id, unavailabilityAt }, odds }) =>
    Object.entries(unavailabilityAt).flatMap(([label, claimed]) => {
      const kind = known.get(label);
      const found = kind === undefined ? undefined : unavailability(kind, odds);
      return differs(`group ${id} at ${label}`, claimed, found);
    }),
  );
}

/** Where evidence does not say which kind of hour is which, what is claimed for a named one must be true of one of them. */
function nowhereTrue(states: States, groups: readonly RatedGroup[]): readonly string[] {
  const kinds = states.hours.map((wanted) => statesOfHours(states, (hour) => hour === wanted));
  const labels = new Set(groups.flatMap(({ group }) => Object.keys(group.unavailabilityAt)));
  return [...labels].flatMap((label) => {
    const isTrueOf = (kind: States | undefined): boolean =>
      kind !== undefined &&
      groups.every(({ group, odds }) => {
        const claimed = group.unavailabilityAt[label];
        return claimed === undefined || isNear(claimed, unavailability(kind, odds));
      });
    return kinds.some(isTrueOf)
      ? []
      : [`in no kind of hour of the evidence are odds as claimed for ${label}`];
  });
}

function overloaded({ classes, evidence }: Plan, index: number): readonly MachineId[] {
  const members = classes[index]!.groups.flatMap((group) => group.members);
  const loads = new Map<MachineId, number>();
  for (const member of members) loads.set(member, (loads.get(member) ?? 0) + 1);
  return (evidence?.machines ?? []).filter(
    (machine, column) => (loads.get(machine) ?? 0) > (evidence?.capacities[index]?.[column] ?? 0),
  );
}

function checkClass(
  { name, redundancy, groups }: PlacementClass,
  machines: ReadonlySet<MachineId>,
): ClassCheck {
  const slots = new Map<MachineId, number>();
  for (const member of groups.flatMap(({ members }) => members))
    slots.set(member, (slots.get(member) ?? 0) + 1);
  const counts = [...slots.values()];
  const slotCount = counts.reduce((sum, count) => sum + count, 0);
  const distinctSetCount = new Set(groups.map(({ members }) => members.toSorted().join(' '))).size;
  const fleet = { machineCount: machines.size, ...redundancy };
  return {
    name,
    groupCount: groups.length,
    distinctSetCount,
    burstLossOddsMax: anyLossOddsMax({ ...fleet, dead: usualDead(fleet) }, distinctSetCount),
    machineCount: slots.size,
    slotsPerMachineMean: machines.size === 0 ? 0 : slotCount / machines.size,
    slotsPerMachineMax: counts.reduce((most, count) => Math.max(most, count), 0),
    scatterWidthMin: leastOf([...scatterWidths(groups).values()]),
    groupsWithoutOwnerMin: leastOf([...machines].map((machine) => groups.length - (slots.get(machine) ?? 0))),
  };
}

const leastOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((least, value) => Math.min(least, value));
