// From a forecast to a plan: which forecast may serve, the classes and their groups, and what to say about it. The forecast
// only ranks; distinctness, capacity and odds are checked by arithmetic (promise 6).

import type { MachineAttributes, MachineId } from '../datasets/index.ts';
import type { FailureForecast } from '../models/index.ts';
import type { Solver } from './configuration/index.ts';
import { labelColumns, limitNotes, movedBefore, noLimits, type PlacementLimits } from './placement-limits.ts';
import { type ClassesQuestion, type Movable, planClasses, type PlannedClass } from './plan-classes.ts';
import { chooseServing } from './plan-gate.ts';
import { evidenceNumbersMax, evidenceOf, roundedStates } from './plan-evidence.ts';
import { planNotes } from './plan-notes.ts';
import { refuseBroken, saidLimits, trafficOfWeek } from './plan-limits.ts';
import type { Plan, PlacementClass, PolicyScore, Redundancy } from './plan.ts';
import { type AvailabilityTarget, redundanciesForTarget } from './redundancy-target.ts';
import { type States, statesFromForecast } from './states.ts';

export interface PlannedMachine {
  readonly machine: MachineId;
  /** Bytes that it gives to the fleet; with 0 it holds nothing, as long as n others give something. */
  readonly quotaBytes: number;
  /** Bytes that its disk has left; below 1 GiB and a hundredth of the quota it takes no further slots. Absent: unknown. */
  readonly freeBytes?: number;
  /** What it last told of itself; for limits that keep machines apart. */
  readonly attributes?: MachineAttributes;
}

export interface PlanQuestion {
  /** Machines that may hold shards, each once. */
  readonly machines: readonly PlannedMachine[];
  readonly forecast: FailureForecast;
  /** Serves where the learned forecast did no better on held-out history: the same hours without anything learned. */
  readonly habits?: FailureForecast;
  /** What the simple policies go by, where one of them was clearly better. Default: the same forecast without common shocks. */
  readonly baseline?: FailureForecast;
  readonly previous?: Plan;
  readonly author: MachineId;
  readonly nowMs: number;
  readonly seed: number | string;
  /** Policies on held-out history; the learned forecast serves only where it won. */
  readonly heldOut?: readonly PolicyScore[];
  /** Redundancies that packs still have: their classes stay. Default: all of the previous plan. */
  readonly keepRedundancies?: readonly Redundancy[];
  /** What admins forbid. */
  readonly limits?: PlacementLimits;
  /** Mean bytes of a slot, by class: what a move costs. Without it a weekly limit of bytes binds nothing. */
  readonly bytesPerSlot?: Movable['bytesPerSlot'];
  /** Chooses (k, n) for new packs in fleets of 12 machines or more; default: by the size of the fleet. */
  readonly target?: AvailabilityTarget;
  /** HiGHS (`loadSolver`): fleets of moderate size get certificates, and new classes better groups. */
  readonly solver?: Solver;
}

/** Below it a disk counts as full, unless a hundredth of the quota is even less. */
const fullBytes = 2 ** 30;

/**
 * A plan with the next epoch, or the previous one itself (the same object) when nothing would change. Throws `limits-infeasible` where
 * no plan was found that keeps to the limits on scatter width and traffic.
 */
export function computePlan(question: PlanQuestion): Plan {
  const serving = chooseServing(question);
  const machines = question.machines.map(({ machine }) => machine);
  const { limits = noLimits } = question;
  const vetoes = new Set(limits.vetoes);
  const domains = domainsOf(question.forecast, machines);
  const { previous, target, seed } = question;
  const exact = statesFromForecast(serving.forecast, machines);
  const isSmall = exact.weights.length * machines.length <= evidenceNumbersMax;
  const states = question.solver !== undefined && isSmall ? roundedStates(exact) : exact;
  const givenBytes = question.machines.map(({ machine, quotaBytes }) =>
    vetoes.has(machine) ? 0 : quotaBytes,
  );
  const { method } = serving;
  const membersMax = (limits.scatterMax ?? Number.POSITIVE_INFINITY) + 1;
  const choice =
    target && redundanciesForTarget({ states, givenBytes, method, target, previous, seed, membersMax });
  const hard = hardLimits(question);
  const planned = planClasses({
    states,
    givenBytes,
    ...hard,
    ...(choice === undefined ? {} : { wanted: choice.shapes }),
    full: new Set(question.machines.flatMap((machine, column) => (isFull(machine) ? [column] : []))),
    domains,
    method,
    ...(previous === undefined ? {} : { previous }),
    ...(question.keepRedundancies === undefined ? {} : { keepRedundancies: question.keepRedundancies }),
    seed,
    ...(question.solver === undefined ? {} : { solver: question.solver }),
  });
  const classes = planned.map(({ placementClass }) => placementClass);
  const weekMoved = movedSince(question, planned);
  const said = saidLimits(question, classes);
  const hasEvidence = isSmall && classes.some(({ certificate }) => certificate !== undefined);
  const plan: Plan = {
    epoch: (previous?.epoch ?? 0) + 1,
    author: question.author,
    computedMs: question.nowMs,
    classes,
    domains,
    modelSource: serving.source,
    heldOut: question.heldOut ?? [],
    notes: [
      ...serving.notes,
      ...(choice?.notes ?? []),
      ...limitNotes(limits, weekMoved),
      ...planNotes({ machines, givenBytes, classes, previous }),
    ],
    ...(hard.movable === undefined ? {} : { weekMoved }),
    ...(said === undefined ? {} : { limits: said }),
    ...(hasEvidence ? { evidence: evidenceFor(states, planned) } : {}),
  };
  refuseBroken(plan);
  return previous !== undefined && gist(previous) === gist(plan) ? previous : plan;
}

const evidenceFor = (states: States, planned: readonly PlannedClass[]): NonNullable<Plan['evidence']> =>
  evidenceOf(
    states,
    planned.map(({ capacities }) => capacities),
  );

/** What the plans of the week move to do better, this one included. */
function movedSince(
  { previous, nowMs }: PlanQuestion,
  planned: readonly PlannedClass[],
): NonNullable<Plan['weekMoved']> {
  const before = movedBefore(previous, nowMs);
  return { ...before, bytes: planned.reduce((sum, { movedBytes }) => sum + movedBytes, before.bytes) };
}

/** The limits of admins as the classes want them. */
function hardLimits({
  limits = noLimits,
  machines,
  previous,
  nowMs,
  bytesPerSlot,
}: PlanQuestion): Pick<ClassesQuestion, 'pins' | 'apart' | 'movable' | 'scatter'> {
  const attributes = machines.map(({ attributes: own = {} }) => own);
  const { apart, pins, movedBytesPerWeek = Number.POSITIVE_INFINITY } = limits;
  const week = movedBefore(previous, nowMs);
  const bytes = Math.max(0, movedBytesPerWeek - week.bytes);
  const traffic = trafficOfWeek(previous, nowMs);
  const left = (most: number, of: 'takenBytes' | 'givenBytes'): readonly number[] =>
    machines.map(({ machine }) => Math.max(0, most - (traffic.get(machine)?.[of] ?? 0)));
  const { takenBytesPerWeek, givenBytesPerWeek } = limits;
  return {
    pins,
    scatter: limits,
    ...(apart.length === 0 ? {} : { apart: labelColumns(attributes, apart) }),
    ...(bytesPerSlot === undefined
      ? {}
      : {
          movable: {
            bytes,
            bytesPerSlot,
            ...(takenBytesPerWeek === undefined ? {} : { takenBytes: left(takenBytesPerWeek, 'takenBytes') }),
            ...(givenBytesPerWeek === undefined ? {} : { givenBytes: left(givenBytesPerWeek, 'givenBytes') }),
          },
        }),
  };
}

const isFull = ({ quotaBytes, freeBytes }: PlannedMachine): boolean =>
  freeBytes !== undefined && freeBytes < Math.min(fullBytes, quotaBytes / 100);

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

/** What makes two plans the same: who holds what, the domains shown, the model behind it, and the limits that it keeps to. */
const gist = ({ classes, domains, modelSource, limits = {} }: Plan): string =>
  JSON.stringify([
    classes.map(classGist),
    Object.entries(domains).toSorted(byName),
    modelSource,
    [limits.scatterMin, limits.scatterMax, limits.takenBytesMax, limits.givenBytesMax],
  ]);

const classGist = ({ name, redundancy, groups }: PlacementClass): unknown => [
  name,
  redundancy.k,
  redundancy.n,
  groups.map(({ id, members }) => [id, members]),
];

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);
