// The limits that a plan says it keeps to, what it moves under them, and whether that is so: computed again from the plan alone, by
// whoever makes one before it is published and by whoever checks one.

import { DreyError, type MachineId } from '../datasets/index.ts';
import type { PlanQuestion } from './compute-plan.ts';
import { movedBefore, noLimits, type PlacementLimits } from './placement-limits.ts';
import type { PlacementClass, Plan, PlanLimits, PlanMove } from './plan.ts';
import { plannedMachines } from './plan-members.ts';

/** A limit as `drey plan limits` names it, what breaks it, and what to loosen. */
export interface BrokenLimit {
  readonly limit: 'scatter-min' | 'scatter-max' | 'in-per-week' | 'out-per-week';
  readonly problem: string;
  readonly advice: string;
}

export type MachineTraffic = Record<'takenBytes' | 'givenBytes', number>;

/** What is counted of a machine so far, to be added to. */
export function trafficAt(traffic: Map<MachineId, MachineTraffic>, machine: MachineId): MachineTraffic {
  const known = traffic.get(machine) ?? { takenBytes: 0, givenBytes: 0 };
  traffic.set(machine, known);
  return known;
}

/** Adds what a plan carries of earlier ones. */
export function addRows(
  traffic: Map<MachineId, MachineTraffic>,
  rows: NonNullable<PlanLimits['before']>,
): void {
  for (const { machine, takenBytes, givenBytes } of rows) {
    const known = trafficAt(traffic, machine);
    known.takenBytes += takenBytes;
    known.givenBytes += givenBytes;
  }
}

/** What machines took in and gave out since the week began, this plan included. */
export function trafficOf({ classes, limits }: Plan): ReadonlyMap<MachineId, MachineTraffic> {
  const traffic = new Map<MachineId, MachineTraffic>();
  addRows(traffic, limits?.before ?? []);
  const groups = new Map(
    classes.flatMap(({ name, groups: some }) => some.map((one) => [one.id, { name, one }])),
  );
  for (const { group, slot, from } of limits?.moves ?? []) {
    const found = groups.get(group);
    const to = found?.one.members[slot];
    if (found === undefined || to === undefined) continue;
    const bytes = limits?.bytesPerSlot?.[found.name] ?? 0;
    trafficAt(traffic, to).takenBytes += bytes;
    if (from !== undefined) trafficAt(traffic, from).givenBytes += bytes;
  }
  return traffic;
}

/** The same of the plans of the last seven days; empty where they are over. */
export const trafficOfWeek = (previous: Plan | undefined, nowMs: number): ReturnType<typeof trafficOf> =>
  previous !== undefined && movedBefore(previous, nowMs).fromMs === previous.weekMoved?.fromMs
    ? trafficOf(previous)
    : new Map();

/** What a plan says of its limits; undefined where admins set none that can be read off a plan. */
export function saidLimits(
  { limits = noLimits, previous, nowMs, bytesPerSlot, machines }: PlanQuestion,
  classes: readonly PlacementClass[],
): PlanLimits | undefined {
  const { scatterMin, scatterMax, takenBytesPerWeek, givenBytesPerWeek } = limits;
  const widths = {
    ...(scatterMin === undefined ? {} : { scatterMin }),
    ...(scatterMax === undefined ? {} : { scatterMax }),
  };
  const hasTraffic =
    bytesPerSlot !== undefined && (takenBytesPerWeek !== undefined || givenBytesPerWeek !== undefined);
  if (!hasTraffic) return Object.keys(widths).length === 0 ? undefined : widths;
  const here = new Set(machines.map(({ machine }) => machine));
  return {
    ...widths,
    ...(takenBytesPerWeek === undefined ? {} : { takenBytesMax: takenBytesPerWeek }),
    ...(givenBytesPerWeek === undefined ? {} : { givenBytesMax: givenBytesPerWeek }),
    bytesPerSlot,
    moves: previous === undefined ? [] : movesBetween(previous, { classes }, here),
    before: rowsOf(trafficOfWeek(previous, nowMs)),
  };
}

/** As a plan carries it to the next one. */
export const rowsOf = (traffic: ReturnType<typeof trafficOf>): NonNullable<PlanLimits['before']> =>
  [...traffic].map(([machine, bytes]) => ({ machine, ...bytes }));

/** What a plan that only repairs says: what moved before it, and widths as far as they still hold, as repair goes first. */
export function limitsAfterRepair(previous: Plan, classes: readonly PlacementClass[]): Pick<Plan, 'limits'> {
  if (previous.limits === undefined) return {};
  const { scatterMin, scatterMax, ...traffic } = previous.limits;
  const holds = (width: PlanLimits): boolean => classes.every((one) => brokenWidths(one, width).length === 0);
  const limits = {
    ...traffic,
    ...(scatterMin !== undefined && holds({ scatterMin }) ? { scatterMin } : {}),
    ...(scatterMax !== undefined && holds({ scatterMax }) ? { scatterMax } : {}),
    ...(traffic.moves === undefined ? {} : { moves: [], before: rowsOf(trafficOf(previous)) }),
  };
  return { limits };
}

/** What a plan breaks of the limits that it names; empty where it keeps to all. */
export function brokenLimits(plan: Plan): readonly BrokenLimit[] {
  const { limits } = plan;
  if (limits === undefined) return [];
  return [...plan.classes.flatMap((one) => brokenWidths(one, limits)), ...brokenTraffic(plan, limits)];
}

/** For each machine of a class, with how many others it shares groups. */
export function scatterWidths(groups: PlacementClass['groups']): ReadonlyMap<MachineId, number> {
  const neighbours = new Map<MachineId, Set<MachineId>>();
  for (const { members } of groups)
    for (const member of members) {
      const known = neighbours.get(member) ?? new Set();
      for (const other of members) known.add(other);
      neighbours.set(member, known);
    }
  return new Map([...neighbours].map(([machine, set]) => [machine, set.size - 1]));
}

function brokenWidths(
  placementClass: PlacementClass,
  { scatterMin, scatterMax }: PlanLimits,
): readonly BrokenLimit[] {
  const { name, redundancy, groups } = placementClass;
  const title = `class ${name} ${redundancy.k} of ${redundancy.n}`;
  return [...scatterWidths(groups)].flatMap(([machine, width]): readonly BrokenLimit[] => {
    if (scatterMin !== undefined && width < scatterMin)
      return [
        {
          limit: 'scatter-min',
          problem: `in ${title} ${machine} shares groups with ${width} others, fewer than ${scatterMin}`,
          advice:
            'Lower --scatter-min, raise --scatter-max, or let more move (--moved-per-week, --in-per-week, --out-per-week, --unpin).',
        },
      ];
    if (scatterMax === undefined || width <= scatterMax) return [];
    return [
      {
        limit: 'scatter-max',
        problem: `in ${title} ${machine} shares groups with ${width} others, more than ${scatterMax}`,
        advice:
          'Raise --scatter-max, or let more move (--moved-per-week, --in-per-week, --out-per-week, --unpin).',
      },
    ];
  });
}

/** Sums in another order differ by far less than a byte in so many. */
const roundingShare = 1e-9;

function brokenTraffic(plan: Plan, { takenBytesMax, givenBytesMax }: PlanLimits): readonly BrokenLimit[] {
  const isOver = (bytes: number, most: number | undefined): most is number =>
    most !== undefined && bytes > most * (1 + roundingShare);
  return [...trafficOf(plan)].flatMap(([machine, { takenBytes, givenBytes }]): readonly BrokenLimit[] => [
    ...(isOver(takenBytes, takenBytesMax)
      ? [
          {
            limit: 'in-per-week' as const,
            problem: `${machine} would take in ${Math.round(takenBytes)} bytes in a week, more than ${takenBytesMax}`,
            advice:
              'Raise --in-per-week, or take back the limit that asks for the moves (--veto, --scatter-max).',
          },
        ]
      : []),
    ...(isOver(givenBytes, givenBytesMax)
      ? [
          {
            limit: 'out-per-week' as const,
            problem: `${machine} would give out ${Math.round(givenBytes)} bytes in a week, more than ${givenBytesMax}`,
            advice:
              'Raise --out-per-week, or take back the limit that asks for the moves (--veto, --scatter-max).',
          },
        ]
      : []),
  ]);
}

/** Throws `limits-infeasible` with the first limit that a plan breaks. */
export function refuseBroken(plan: Plan): void {
  const [first] = brokenLimits(plan);
  if (first !== undefined) throw infeasible(first);
}

export const infeasible = ({ limit, problem, advice }: BrokenLimit): DreyError =>
  new DreyError({ code: 'limits-infeasible', message: `no plan keeps to ${limit}: ${problem}`, advice });

/** What no plan for these classes and so many machines can keep to, whatever it does; throws `limits-infeasible`. */
export function refuseImpossible(
  {
    scatterMin = 0,
    scatterMax = Number.POSITIVE_INFINITY,
  }: Pick<PlacementLimits, 'scatterMin' | 'scatterMax'>,
  fleet: {
    readonly classes: readonly Pick<PlacementClass, 'name' | 'redundancy'>[];
    readonly machineCount: number;
  },
): void {
  for (const { name, redundancy } of fleet.classes) {
    const { k, n } = redundancy;
    const title = `${name} packs of ${k} of ${n}`;
    if (scatterMax < n - 1)
      throw infeasible({
        limit: 'scatter-max',
        problem: `groups for ${title} have ${n} machines, so each meets at least ${n - 1} others, not at most ${scatterMax}`,
        advice: `Raise it: --scatter-max ${n - 1} or more.`,
      });
    const most = n === 1 ? 0 : Math.floor(scatterMax / (n - 1)) * (n - 1);
    if (scatterMin > most)
      throw infeasible({
        limit: 'scatter-min',
        problem: `with --scatter-max ${scatterMax} a machine is in sets of ${n} with at most ${most} others for ${title}, not at least ${scatterMin}`,
        advice: `Lower --scatter-min to ${most}, or raise --scatter-max to ${Math.ceil(scatterMin / (n - 1)) * (n - 1)}.`,
      });
  }
  if (scatterMin > fleet.machineCount - 1)
    throw infeasible({
      limit: 'scatter-min',
      problem: `${fleet.machineCount} machines may hold shards: each has ${fleet.machineCount - 1} others at most, not ${scatterMin}`,
      advice: `Lower it: --scatter-min ${Math.max(0, fleet.machineCount - 1)} or less, or lift vetoes.`,
    });
}

/** What a plan moved that the one before it does not excuse: a machine that is still there lost a slot and nobody counted it. */
export function uncountedMoves(plan: Plan, before: Plan): readonly string[] {
  const { limits } = plan;
  if (limits?.moves === undefined) return [];
  const counted = new Map(limits.moves.map((move) => [`${move.group} ${move.slot}`, move]));
  const here = plannedMachines(plan);
  return movesBetween(before, plan, here)
    .filter(({ group, slot, from }) => {
      const said = counted.get(`${group} ${slot}`);
      return said === undefined || said.from !== from;
    })
    .map(
      ({ group, slot, from }) =>
        `slot ${slot} of ${group} went from ${from ?? 'nobody'} to another machine and is not counted`,
    );
}

/** Slots that changed hands between machines that are still here, and those of new groups of a class that was there. */
export function movesBetween(
  before: Plan,
  after: Pick<Plan, 'classes'>,
  here: ReadonlySet<MachineId>,
): readonly PlanMove[] {
  const known = new Map(
    before.classes.flatMap(({ groups }) => groups.map(({ id, members }) => [id, members] as const)),
  );
  const codeOf = ({ name, redundancy: { k, n } }: PlacementClass): string => `${name} ${k} ${n}`;
  const codes = new Set(before.classes.filter(({ groups }) => groups.length > 0).map(codeOf));
  return after.classes
    .filter((one) => codes.has(codeOf(one)))
    .flatMap(({ groups }) =>
      groups.flatMap(({ id, members }) =>
        members.flatMap((member, slot): readonly PlanMove[] => {
          const owners = known.get(id);
          if (owners === undefined) return [{ group: id, slot }];
          const from = owners[slot]!;
          return from === member || !here.has(from) ? [] : [{ group: id, slot, from }];
        }),
      ),
    );
}
