// The classes of a plan and their groups: what new packs need, what packs of earlier plans still map to, and the slots that
// stay. A group of an earlier plan keeps its id and the slots of all members that are still there.

import { certifiedGroups, type Grouping, type Solver } from './configuration/index.ts';
import type { GroupsQuestion } from './groups.ts';
import { chooseGroups } from './groups.ts';
import type { PlacementClass, PlacementGroup, Plan, PlanCertificate, Redundancy } from './plan.ts';
import { pinnedSlots, type PlacementLimits } from './placement-limits.ts';
import { memberReasons } from './reasons.ts';
import { capacitiesFor, type ClassShape, groupCountFor, redundancyForFleet } from './redundancy.ts';
import { type States, statesOfHours } from './states.ts';
import { unavailability } from './survival.ts';

/** Everything that the classes of one plan are made from. */
export interface ClassesQuestion {
  readonly states: States;
  /** N values in the order of the states: bytes that each machine gives; 0 for one that may hold nothing. */
  readonly givenBytes: readonly number[];
  /** Machines, by column, that cannot take more than they have: their disks are full. */
  readonly full: ReadonlySet<number>;
  readonly domains: Readonly<Record<string, string>>;
  readonly method: NonNullable<GroupsQuestion['method']>;
  readonly previous?: Plan;
  readonly keepRedundancies?: readonly Redundancy[];
  /** Classes for new packs, where a target chose them; default: by the size of the fleet. */
  readonly wanted?: readonly ClassShape[];
  /** Columns of labels: no two of one value in a group, wherever that can be had. */
  readonly apart?: readonly Int32Array[];
  readonly pins?: PlacementLimits['pins'];
  /** Bytes that the groups may still move to do better, and the mean bytes of a slot; absent: no limit. */
  readonly movable?: Movable;
  readonly seed: number | string;
  /** With it, classes get certificates where that is affordable, and new ones better groups. */
  readonly solver?: Solver;
}

export interface Movable {
  readonly bytes: number;
  readonly bytesPerSlot: Readonly<Record<PlacementClass['name'], number>>;
}

/** A class, and the slots that each column had (for the evidence). */
export interface PlannedClass {
  readonly placementClass: PlacementClass;
  readonly capacities: readonly number[];
  /** What its groups move to do better; 0 where nobody counts. */
  readonly movedBytes: number;
}

/** Fleets up to this size get certificates: some ten seconds of one core for three copies on 200 machines. */
const certifiedMachinesMax = 300;

/** A plan is read by every agent: beyond this many slots the reasons stay out (some 200 bytes a slot, 30 without them). */
const reasonedSlotsMax = 2100;
/** Classes in a plan: new ones first, then the ones that are kept. */
const classesMax = 16;
/** Groups of an earlier plan that are kept, relative to what a new plan would have: each one dropped moves all its packs. */
const keptGroupsFactor = 3;
const keptGroupsMin = 32;

/** Classes for new packs first, then those that only packs of earlier plans use. */
export function planClasses(question: ClassesQuestion): readonly PlannedClass[] {
  const drafts: ClassDraft[] = [];
  const { movable } = question;
  let leftBytes = movable?.bytes ?? 0;
  for (const shape of shapesOf(question)) {
    const left = movable === undefined ? undefined : { bytesPerSlot: movable.bytesPerSlot, bytes: leftBytes };
    const draft = draftClass(question, shape, left);
    drafts.push(draft);
    leftBytes = Math.max(0, leftBytes - draft.movedBytes);
  }
  const slotCount = drafts.reduce((sum, draft) => sum + draft.members.length * draft.shape.redundancy.n, 0);
  const view = {
    ...question,
    hours: namedHourStates(question.states),
    hasReasons: slotCount <= reasonedSlotsMax,
  };
  return drafts
    .map((draft): PlannedClass => ({
      placementClass: describeClass(view, draft),
      capacities: draft.certificate === undefined ? [] : draft.capacities,
      movedBytes: draft.movedBytes,
    }))
    .filter(({ placementClass }) => placementClass.groups.length > 0);
}

const sameRedundancy = (a: Redundancy, b: Redundancy): boolean => a.k === b.k && a.n === b.n;

function shapesOf({
  states,
  previous,
  keepRedundancies,
  ...question
}: ClassesQuestion): readonly ClassShape[] {
  const known = previous?.classes ?? [];
  const machineCount = states.machines.length;
  const wanted = question.wanted ?? shapesBySize(machineCount, known);
  const kept = known.filter(({ name, redundancy }) => {
    const isWanted = wanted.some(
      (shape) => shape.name === name && sameRedundancy(shape.redundancy, redundancy),
    );
    return !isWanted && (keepRedundancies?.some((used) => sameRedundancy(used, redundancy)) ?? true);
  });
  return [...wanted, ...kept.map(({ name, redundancy }) => ({ name, redundancy }))].slice(0, classesMax);
}

/** A fleet that shrinks a little keeps its code as long as every pack finds a group off its owner. */
const shapesBySize = (machineCount: number, known: readonly PlacementClass[]): readonly ClassShape[] =>
  redundancyForFleet(machineCount).map((shape) => {
    const before = known.find(({ name }) => name === shape.name)?.redundancy;
    const isKept = before !== undefined && before.n > shape.redundancy.n && machineCount > before.n;
    return isKept ? { name: shape.name, redundancy: before } : shape;
  });

interface ClassDraft {
  readonly shape: ClassShape;
  readonly ids: readonly string[];
  /** Columns; −1 for a machine that is lost, in a class that is larger than the fleet. */
  readonly members: readonly (readonly number[])[];
  /** Groups as they were, for the names of lost machines. */
  readonly before: readonly PlacementGroup[];
  readonly capacities: readonly number[];
  readonly movedBytes: number;
  readonly certificate?: PlanCertificate;
}

function draftClass(question: ClassesQuestion, shape: ClassShape, movable: Movable | undefined): ClassDraft {
  const { states, previous, method, seed, apart } = question;
  const { name, redundancy } = shape;
  const machineCount = states.machines.length;
  const column = new Map(states.machines.map((machine, index) => [machine, index]));
  const known = previous?.classes.find(
    (one) => one.name === name && sameRedundancy(one.redundancy, redundancy),
  );
  const givers = question.givenBytes.filter((bytes) => bytes > 0).length;
  const target = groupCountFor(givers >= redundancy.n ? givers : machineCount, redundancy);
  const keptMax = Math.max(keptGroupsMin, keptGroupsFactor * target);
  const before = (known?.groups ?? []).slice(0, keptMax);
  const columns = before.map(({ members }) => members.map((member) => column.get(member) ?? -1));
  const groupCount = Math.max(target, before.length);
  const capacities = capacitiesWithFull(question, columns, { groupCount, n: redundancy.n });
  const pins = pinnedSlots(before, question.pins ?? []);
  const slotBytes = movable?.bytesPerSlot[name] ?? 0;
  const limits = {
    capacities,
    ...(apart === undefined ? {} : { apart }),
    ...(pins.length === 0 ? {} : { pins }),
    ...(slotBytes > 0 && Number.isFinite(movable?.bytes)
      ? { movedSlotsMax: Math.floor(movable!.bytes / slotBytes) }
      : {}),
  };
  const asked = { ...limits, states, redundancy, groupCount, seed };
  const chosen =
    machineCount < redundancy.n ? columns : chooseGroups({ ...asked, previous: columns, method });
  const certified = certifiedDraft(question, { ...asked, chosen, isNew: before.length === 0 });
  const members = certified?.groups ?? chosen;
  const ids = members.map((_, index) => before[index]?.id ?? groupId(shape, index));
  return {
    shape,
    ids,
    members,
    before,
    capacities,
    movedBytes: slotBytes * movedSlots(columns, members),
    ...(certified === undefined ? {} : { certificate: certified.certificate }),
  };
}

/** Slots of members that are still there and now belong to another machine. */
const movedSlots = (before: readonly (readonly number[])[], after: readonly (readonly number[])[]): number =>
  before.reduce(
    (sum, members, at) =>
      sum + members.filter((member, slot) => member >= 0 && after[at]?.[slot] !== member).length,
    0,
  );

interface Chosen extends Grouping {
  readonly seed: number | string;
  readonly chosen: readonly (readonly number[])[];
  /** Groups of an earlier plan stay as the climb left them: a better grouping would move nearly all shards. */
  readonly isNew: boolean;
}

/** Undefined where nothing is certified: no solver, a large fleet, groups of lost machines, or slots that are exceeded. */
function certifiedDraft(
  { solver, states, method }: ClassesQuestion,
  { chosen, isNew, ...asked }: Chosen,
): { readonly groups: Chosen['chosen']; readonly certificate: PlanCertificate } | undefined {
  const isAffordable = states.machines.length <= certifiedMachinesMax;
  if (solver === undefined || !isAffordable || chosen.length === 0) return undefined;
  if (chosen.some((members) => members.includes(-1)) || !areWithin(chosen, asked.capacities))
    return undefined;
  const { groups, certificate } = certifiedGroups({
    ...asked,
    solver,
    start: chosen,
    keep: isNew && method === 'climb' ? 'nothing' : 'groups',
  });
  const prices = [...certificate.prices].flatMap((price, machine) =>
    price > 0 ? [[states.machines[machine]!, price] as const] : [],
  );
  return {
    groups,
    certificate: {
      ...certificate,
      gap: Math.min(gapMax, certificate.gap),
      prices: Object.fromEntries(prices),
    },
  };
}

/** What a plan says where the bound is 0. */
const gapMax = 1e9;

function areWithin(groups: readonly (readonly number[])[], capacities: readonly number[]): boolean {
  const loads = new Int32Array(capacities.length);
  for (const member of groups.flat()) loads[member]!++;
  return capacities.every((capacity, machine) => loads[machine]! <= capacity);
}

/** Ids stay with their place in the list, so that they are never given twice. */
const groupId = ({ name, redundancy }: ClassShape, index: number): string =>
  `${name === 'small' ? 's' : 'b'}${redundancy.k}.${redundancy.n}-${index + 1}`;

/** Capacities by what machines give; a full one keeps what it has, as long as the others can take the rest. */
function capacitiesWithFull(
  { givenBytes, full }: ClassesQuestion,
  before: readonly (readonly number[])[],
  shape: { readonly groupCount: number; readonly n: number },
): readonly number[] {
  const capacities = capacitiesFor(givenBytes, shape);
  if (full.size === 0) return capacities;
  const limited = capacities.map((capacity, machine) =>
    full.has(machine)
      ? Math.min(capacity, before.filter((members) => members.includes(machine)).length)
      : capacity,
  );
  const room = limited.reduce((sum, capacity) => sum + capacity, 0);
  return room >= shape.groupCount * shape.n ? limited : capacities;
}

interface ClassView extends ClassesQuestion {
  readonly hours: readonly (readonly [string, States])[];
  readonly hasReasons: boolean;
}

/** The named hours of a workday that people ask for. */
const namedHours = { '03:00': 'workday 03:00', '10:00': 'workday 10:00' } as const;

const namedHourStates = (states: States): readonly (readonly [string, States])[] =>
  Object.entries(namedHours).flatMap(([label, hourName]) => {
    const some = statesOfHours(states, ({ name }) => name === hourName);
    return some === undefined ? [] : [[label, some] as const];
  });

function describeClass(view: ClassView, draft: ClassDraft): PlacementClass {
  const loads = new Int32Array(view.states.machines.length);
  for (const member of draft.members.flat()) if (member >= 0) loads[member]!++;
  const groups = draft.members.map((members, index): PlacementGroup => {
    const odds = { members: members.filter((member) => member >= 0), k: draft.shape.redundancy.k };
    const at = view.hours.map(([label, states]) => [label, unavailability(states, odds)] as const);
    const { shape, capacities } = draft;
    const hasReasons = view.hasReasons && odds.members.length === members.length;
    return {
      id: draft.ids[index]!,
      members: members.map(
        (member, slot) => view.states.machines[member] ?? draft.before[index]!.members[slot]!,
      ),
      weight: 1,
      unavailability: unavailability(view.states, odds),
      unavailabilityAt: Object.fromEntries(at),
      reasons: hasReasons
        ? memberReasons(
            view.states,
            { redundancy: shape.redundancy, members, loads, capacities },
            view.domains,
          )
        : [],
    };
  });
  return {
    name: draft.shape.name,
    redundancy: draft.shape.redundancy,
    groups,
    ...(draft.certificate === undefined ? {} : { certificate: draft.certificate }),
  };
}
