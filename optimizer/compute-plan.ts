// From a forecast to a plan: classes by the size of the fleet, groups by hill climbing, odds and reasons for people. The
// forecast only ranks; distinctness, capacity and odds are checked by arithmetic (promise 6).

import type { MachineId } from '../datasets/index.ts';
import type { FailureForecast } from '../models/index.ts';
import { chooseGroups } from './groups.ts';
import type { Plan, PlacementClass, PlacementGroup, PolicyScore } from './plan.ts';
import { memberReasons } from './reasons.ts';
import { capacitiesFor, type ClassShape, groupCountFor, redundancyForFleet } from './redundancy.ts';
import { type States, statesFromForecast, statesOfHours } from './states.ts';
import { unavailability } from './survival.ts';

export interface PlannedMachine {
  readonly machine: MachineId;
  /** Bytes that it gives to the fleet. */
  readonly quotaBytes: number;
}

export interface PlanQuestion {
  /** Machines that may hold shards, each once. */
  readonly machines: readonly PlannedMachine[];
  readonly forecast: FailureForecast;
  readonly previous?: Plan;
  readonly author: MachineId;
  readonly nowMs: number;
  readonly seed: number | string;
  /** Policies on held-out history; the learned forecast serves only where it is not worse than every baseline. */
  readonly heldOut?: readonly PolicyScore[];
}

interface Planning {
  readonly question: PlanQuestion;
  readonly states: States;
  readonly domains: Readonly<Record<string, string>>;
}

/** A plan with the next epoch, or the previous one itself when nothing would change. */
export function computePlan(question: PlanQuestion): Plan {
  const { forecast, reason } = servingForecast(question);
  const machines = question.machines.map(({ machine }) => machine);
  const planning: Planning = {
    question,
    states: statesFromForecast(forecast, machines),
    domains: domainsOf(forecast, machines),
  };
  const classes = shapesOf(question)
    .map((shape) => planClass(planning, shape))
    .filter(({ groups }) => groups.length > 0);
  const { previous } = question;
  if (previous !== undefined && sameGroups(previous.classes, classes)) return previous;
  return {
    epoch: (previous?.epoch ?? 0) + 1,
    author: question.author,
    computedMs: question.nowMs,
    classes,
    domains: planning.domains,
    modelSource: forecast.source,
    heldOut: question.heldOut ?? [],
    notes: [...reason, ...notesOf(question, classes)],
  };
}

/** The gate at the level of plans: a learned forecast that lost to a baseline on held-out hours gives up its shocks. */
function servingForecast({ forecast, heldOut = [] }: PlanQuestion): {
  readonly forecast: FailureForecast;
  readonly reason: readonly string[];
} {
  const learned = heldOut.find(({ policy }) => policy === 'learned');
  const others = heldOut.filter(({ policy }) => policy !== 'learned');
  const best = others.toSorted((a, b) => a.unavailableShare - b.unavailableShare)[0];
  if (learned === undefined || best === undefined || learned.unavailableShare <= best.unavailableShare)
    return { forecast, reason: [] };
  const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;
  return {
    forecast: { ...forecast, shocks: [], source: `${best.policy} (baseline)` },
    reason: [
      `The learned placement was unavailable ${percent(learned.unavailableShare)} of the held-out time, ${best.policy} ${percent(best.unavailableShare)}: the baseline serves.`,
    ],
  };
}

/** Classes for new packs first, then those that packs of earlier plans still use and the fleet can still fill. */
function shapesOf({ machines, previous }: PlanQuestion): readonly ClassShape[] {
  const wanted = redundancyForFleet(machines.length);
  const kept = (previous?.classes ?? []).filter(({ name, redundancy }) => {
    const isWanted = wanted.some((shape) => shape.name === name && sameRedundancy(shape, { redundancy }));
    return !isWanted && machines.length >= redundancy.n;
  });
  return [...wanted, ...kept.map(({ name, redundancy }) => ({ name, redundancy }))].slice(0, 16);
}

const sameRedundancy = (a: Pick<ClassShape, 'redundancy'>, b: Pick<ClassShape, 'redundancy'>): boolean =>
  a.redundancy.k === b.redundancy.k && a.redundancy.n === b.redundancy.n;

function planClass(planning: Planning, shape: ClassShape): PlacementClass {
  const { question, states } = planning;
  const { name, redundancy } = shape;
  const before =
    question.previous?.classes.find((known) => known.name === name && sameRedundancy(known, shape))?.groups ??
    [];
  const groupCount = groupCountFor(states.machines.length, redundancy);
  const capacities = capacitiesFor(
    question.machines.map(({ quotaBytes }) => quotaBytes),
    { groupCount, n: redundancy.n },
  );
  const column = new Map(states.machines.map((machine, index) => [machine, index]));
  const previous = before
    .slice(0, groupCount)
    .map(({ members }) => members.map((member) => column.get(member) ?? -1));
  const chosen = chooseGroups({ states, redundancy, groupCount, capacities, previous, seed: question.seed });
  const loads = new Int32Array(states.machines.length);
  for (const group of chosen) for (const member of group) loads[member]!++;
  const groups = chosen.map((members, index) =>
    describeGroup(planning, {
      shape,
      members,
      loads,
      capacities,
      id: before[index]?.id ?? groupId(shape, index),
    }),
  );
  return { name, redundancy, groups };
}

const groupId = ({ name, redundancy }: ClassShape, index: number): string =>
  `${name === 'small' ? 's' : 'b'}${redundancy.k}.${redundancy.n}-${index + 1}`;

export interface DescribedGroup {
  readonly shape: ClassShape;
  readonly members: readonly number[];
  readonly loads: Int32Array;
  readonly capacities: readonly number[];
  readonly id: string;
}

/** The named hours of a workday that people ask for. */
const namedHours = { '03:00': 'workday 03:00', '10:00': 'workday 10:00' } as const;

function describeGroup({ states, domains }: Planning, group: DescribedGroup): PlacementGroup {
  const odds = { members: group.members, k: group.shape.redundancy.k };
  const at = Object.entries(namedHours).flatMap(([label, hourName]) => {
    const some = statesOfHours(states, ({ name }) => name === hourName);
    return some === undefined ? [] : [[label, unavailability(some, odds)] as const];
  });
  return {
    id: group.id,
    members: group.members.map((member) => states.machines[member]!),
    weight: 1,
    unavailability: unavailability(states, odds),
    unavailabilityAt: Object.fromEntries(at),
    reasons: memberReasons(states, group, domains),
  };
}

function domainsOf(
  forecast: FailureForecast,
  machines: readonly MachineId[],
): Readonly<Record<string, string>> {
  const wanted = new Set(machines);
  return Object.fromEntries(
    forecast.machines.flatMap((machine, index) => {
      const domain = forecast.domainOfMachine[index] ?? -1;
      if (domain < 0 || !wanted.has(machine)) return [];
      return [[machine, forecast.shocks[domain]?.name ?? `learned domain ${domain + 1}`]];
    }),
  );
}

function sameGroups(a: readonly PlacementClass[], b: readonly PlacementClass[]): boolean {
  const text = (classes: readonly PlacementClass[]): string =>
    JSON.stringify(
      classes.map(({ name, redundancy, groups }) => [
        name,
        redundancy,
        groups.map(({ id, members }) => [id, members]),
      ]),
    );
  return text(a) === text(b);
}

function notesOf(
  { machines, previous }: PlanQuestion,
  classes: readonly PlacementClass[],
): readonly string[] {
  if (classes.length === 0) {
    return [`${machines.length} machines are too few: three holders besides the owner need four.`];
  }
  const count = classes.reduce((sum, { groups }) => sum + groups.length, 0);
  const before = new Map(
    previous?.classes.flatMap(({ groups }) => groups.map(({ id, members }) => [id, members] as const)),
  );
  const slots = classes.flatMap(({ groups }) =>
    groups.flatMap(({ id, members }) => members.map((member, slot) => before.get(id)?.[slot] === member)),
  );
  const moved = slots.filter((isSame) => !isSame).length;
  const change =
    previous === undefined
      ? 'the first plan'
      : `${moved} of ${slots.length} slots changed against plan ${previous.epoch}`;
  return [`${machines.length} machines in ${count} groups; ${change}.`];
}
