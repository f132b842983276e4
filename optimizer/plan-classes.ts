// The classes of a plan and their groups: what new packs need, what packs of earlier plans still map to, and the slots that
// stay. A group of an earlier plan keeps its id and the slots of all members that are still there.

import { type ClassGroups, classGroups, movedSlots } from './class-groups.ts';
import type { Solver } from './configuration/index.ts';
import type { GroupsQuestion } from './groups.ts';
import { namedHourStates } from './named-hours.ts';
import type { PlacementClass, PlacementGroup, Plan, PlanCertificate, Redundancy } from './plan.ts';
import { pinnedSlots, type PlacementLimits } from './placement-limits.ts';
import { refuseImpossible } from './plan-limits.ts';
import { memberReasons } from './reasons.ts';
import {
  type ClassShape,
  groupCountFor,
  groupCountForWidth,
  groupsMaxFor,
  redundancyForFleet,
} from './redundancy.ts';
import { slotCapacities } from './slot-capacities.ts';
import type { States } from './states.ts';
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
  readonly scatter?: Pick<PlacementLimits, 'scatterMin' | 'scatterMax'>;
  /** Bytes that the groups may still move to do better, and the mean bytes of a slot; absent: no limit. */
  readonly movable?: Movable;
  readonly seed: number | string;
  /** With it, classes get certificates where that is affordable, and new ones better groups. */
  readonly solver?: Solver;
}

export interface Movable {
  readonly bytes: number;
  readonly bytesPerSlot: Readonly<Record<PlacementClass['name'], number>>;
  /** N values: bytes that each machine may still take in, and give out; absent: no limit. */
  readonly takenBytes?: readonly number[];
  readonly givenBytes?: readonly number[];
}

/** A class, and the slots that each column had (for the evidence). */
export interface PlannedClass {
  readonly placementClass: PlacementClass;
  readonly capacities: readonly number[];
  /** What its groups move to do better; 0 where nobody counts. */
  readonly movedBytes: number;
}

/** A plan is read by every agent: beyond this many slots the reasons stay out (some 200 bytes a slot, 30 without them). */
const reasonedSlotsMax = 2100;
/** Classes in a plan: new ones first, then the ones that are kept. */
export const classesMax = 16;
/** Groups of an earlier plan that are kept, relative to what a new plan would have: each one dropped moves all its packs. */
const keptGroupsFactor = 3;
const keptGroupsMin = 32;
/** A class stays so far below what is refused: half of the machines may be full, and be in no group. */
const groupsSpareFactor = 2;

/** Classes for new packs first, then those that only packs of earlier plans use. */
export function planClasses(question: ClassesQuestion): readonly PlannedClass[] {
  const drafts: ClassDraft[] = [];
  const { movable } = question;
  const usedBytes = question.givenBytes.map(() => 0);
  let left = movable;
  for (const shape of shapesOf(question)) {
    const draft = draftClass({ ...question, usedBytes }, shape, left);
    drafts.push(draft);
    for (const member of draft.members.flat())
      if (member >= 0) usedBytes[member]! += movable?.bytesPerSlot[shape.name] ?? 0;
    left = left === undefined ? undefined : leftAfter(left, draft);
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

/** What later classes may still move. */
function leftAfter(movable: Movable, { traffic, shape, movedBytes }: ClassDraft): Movable {
  const slotBytes = movable.bytesPerSlot[shape.name];
  const less = (bytes: readonly number[], slots: Int32Array): readonly number[] =>
    bytes.map((left, machine) => Math.max(0, left - slotBytes * slots[machine]!));
  const { takenBytes, givenBytes } = movable;
  return {
    ...movable,
    bytes: Math.max(0, movable.bytes - movedBytes),
    ...(takenBytes === undefined ? {} : { takenBytes: less(takenBytes, traffic.taken) }),
    ...(givenBytes === undefined ? {} : { givenBytes: less(givenBytes, traffic.given) }),
  };
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
  /** Slots that each machine takes in and gives out; those of lost machines not counted. */
  readonly traffic: Traffic;
  readonly certificate?: PlanCertificate;
}

interface Traffic {
  readonly taken: Int32Array;
  readonly given: Int32Array;
}

interface DraftQuestion extends ClassesQuestion {
  /** N values: bytes that slots of earlier classes take. */
  readonly usedBytes: readonly number[];
}

/** How many groups a class gets, and how many of an earlier plan it keeps at most. */
function groupCountsOf(
  holderCount: number,
  redundancy: Redundancy,
  scatterMin = 0,
): { readonly target: number; readonly keptMax: number } {
  const most = groupsMaxFor(holderCount) / groupsSpareFactor;
  const wanted = Math.max(
    groupCountFor(holderCount, redundancy),
    groupCountForWidth(holderCount, redundancy.n, scatterMin),
  );
  const target = Math.min(most, wanted);
  return { target, keptMax: Math.min(most, Math.max(keptGroupsMin, keptGroupsFactor * target)) };
}

function draftClass(question: DraftQuestion, shape: ClassShape, movable: Movable | undefined): ClassDraft {
  const { states, previous, method, seed, usedBytes, solver, scatter, givenBytes } = question;
  const { name, redundancy } = shape;
  const machineCount = states.machines.length;
  const column = new Map(states.machines.map((machine, index) => [machine, index]));
  const known = previous?.classes.find(
    (one) => one.name === name && sameRedundancy(one.redundancy, redundancy),
  );
  const givers = givenBytes.filter((bytes) => bytes > 0).length;
  refuseImpossible(scatter ?? {}, { classes: [shape], machineCount: givers });
  const holderCount = givers >= redundancy.n ? givers : machineCount;
  const { target, keptMax } = groupCountsOf(holderCount, redundancy, scatter?.scatterMin);
  const before = (known?.groups ?? []).slice(0, keptMax);
  const columns = before.map(({ members }) => members.map((member) => column.get(member) ?? -1));
  const groupCount = Math.max(target, before.length);
  const slotBytes = movable?.bytesPerSlot[name] ?? 0;
  const capacities = slotCapacities({
    groupCount,
    n: redundancy.n,
    givenBytes,
    usedBytes,
    slotBytes,
    full: question.full,
    before: columns,
    scatterMin: scatter?.scatterMin ?? 0,
  });
  const { groups: members, certificate }: ClassGroups =
    machineCount < redundancy.n
      ? { groups: columns }
      : classGroups({
          ...labelsAndPins(question, before),
          ...(movable === undefined || before.length === 0 ? {} : slotLimits(movable, slotBytes)),
          capacities,
          states,
          redundancy,
          groupCount,
          seed,
          previous: columns,
          method,
          shape,
          givenBytes,
          ...(scatter === undefined ? {} : { scatter }),
          ...(solver === undefined ? {} : { solver }),
        });
  const ids = members.map((_, index) => before[index]?.id ?? groupId(shape, index));
  return {
    shape,
    ids,
    members,
    before,
    capacities,
    movedBytes: slotBytes * movedSlots(columns, members),
    traffic: trafficBetween(machineCount, columns, members),
    ...(certificate === undefined ? {} : { certificate }),
  };
}

/** Limits of admins on who is where. */
function labelsAndPins(
  { apart, pins = [], scatter = {} }: ClassesQuestion,
  before: readonly PlacementGroup[],
): Pick<GroupsQuestion, 'apart' | 'pins' | 'scatterMin'> {
  const { scatterMin } = scatter;
  const slots = pinnedSlots(before, pins);
  return {
    ...(apart === undefined ? {} : { apart }),
    ...(slots.length === 0 ? {} : { pins: slots }),
    ...(scatterMin === undefined ? {} : { scatterMin }),
  };
}

/** Slots of each machine beyond its old ones, and old ones of machines that go on with another; a class that is new moves nothing. */
function trafficBetween(
  machineCount: number,
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
): Traffic {
  const traffic = { taken: new Int32Array(machineCount), given: new Int32Array(machineCount) };
  if (before.length === 0) return traffic;
  for (const [at, members] of after.entries())
    for (const [slot, member] of members.entries()) {
      const owner = before[at]?.[slot];
      if (owner === member || (owner !== undefined && owner < 0)) continue;
      traffic.taken[member]!++;
      if (owner !== undefined) traffic.given[owner]!++;
    }
  return traffic;
}

/** Budgets of bytes as slots; none where nobody knows how many bytes a slot has. */
function slotLimits(
  { bytes, takenBytes, givenBytes }: Movable,
  slotBytes: number,
): Pick<GroupsQuestion, 'movedSlotsMax' | 'takenSlotsMax' | 'givenSlotsMax'> {
  if (slotBytes <= 0) return {};
  const slotsOf = (left: number): number => Math.floor(left / slotBytes);
  return {
    ...(Number.isFinite(bytes) ? { movedSlotsMax: slotsOf(bytes) } : {}),
    ...(takenBytes === undefined ? {} : { takenSlotsMax: takenBytes.map(slotsOf) }),
    ...(givenBytes === undefined ? {} : { givenSlotsMax: givenBytes.map(slotsOf) }),
  };
}

/** Ids stay with their place in the list, so that they are never given twice. */
const groupId = ({ name, redundancy }: ClassShape, index: number): string =>
  `${name === 'small' ? 's' : 'b'}${redundancy.k}.${redundancy.n}-${index + 1}`;

interface ClassView extends ClassesQuestion {
  readonly hours: readonly (readonly [string, States])[];
  readonly hasReasons: boolean;
}

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
