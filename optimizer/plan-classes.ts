// The classes of a plan and their groups: what new packs need, what packs of earlier plans still map to, and the slots that
// stay. A group of an earlier plan keeps its id and the slots of all members that are still there.

import type { GroupsQuestion } from './groups.ts';
import { chooseGroups } from './groups.ts';
import type { PlacementClass, PlacementGroup, Plan, Redundancy } from './plan.ts';
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
  readonly seed: number | string;
}

/** A plan travels as one record below 1 MiB: beyond this many slots the reasons stay out (up to 400 bytes a slot). */
const reasonedSlotsMax = 2100;
/** Classes in a plan: new ones first, then the ones that are kept. */
const classesMax = 16;
/** Groups of an earlier plan that are kept, relative to what a new plan would have: each one dropped moves all its packs. */
const keptGroupsFactor = 3;
const keptGroupsMin = 32;

/** Classes for new packs first, then those that only packs of earlier plans use. */
export function planClasses(question: ClassesQuestion): readonly PlacementClass[] {
  const drafts = shapesOf(question).map((shape) => draftClass(question, shape));
  const slotCount = drafts.reduce((sum, draft) => sum + draft.members.length * draft.shape.redundancy.n, 0);
  const view = {
    ...question,
    hours: namedHourStates(question.states),
    hasReasons: slotCount <= reasonedSlotsMax,
  };
  return drafts.map((draft) => describeClass(view, draft)).filter(({ groups }) => groups.length > 0);
}

const sameRedundancy = (a: Redundancy, b: Redundancy): boolean => a.k === b.k && a.n === b.n;

function shapesOf({ states, previous, keepRedundancies }: ClassesQuestion): readonly ClassShape[] {
  const known = previous?.classes ?? [];
  const machineCount = states.machines.length;
  const wanted = redundancyForFleet(machineCount).map((shape): ClassShape => {
    // A fleet that shrinks a little keeps its code as long as every pack finds a group off its owner.
    const before = known.find(({ name }) => name === shape.name)?.redundancy;
    const isKept = before !== undefined && before.n > shape.redundancy.n && machineCount > before.n;
    return isKept ? { name: shape.name, redundancy: before } : shape;
  });
  const kept = known.filter(({ name, redundancy }) => {
    const isWanted = wanted.some(
      (shape) => shape.name === name && sameRedundancy(shape.redundancy, redundancy),
    );
    return !isWanted && (keepRedundancies?.some((used) => sameRedundancy(used, redundancy)) ?? true);
  });
  return [...wanted, ...kept.map(({ name, redundancy }) => ({ name, redundancy }))].slice(0, classesMax);
}

interface ClassDraft {
  readonly shape: ClassShape;
  readonly ids: readonly string[];
  /** Columns; −1 for a machine that is lost, in a class that is larger than the fleet. */
  readonly members: readonly (readonly number[])[];
  /** Groups as they were, for the names of lost machines. */
  readonly before: readonly PlacementGroup[];
  readonly capacities: readonly number[];
}

function draftClass(question: ClassesQuestion, shape: ClassShape): ClassDraft {
  const { states, previous, method, seed } = question;
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
  const members =
    machineCount < redundancy.n
      ? columns
      : chooseGroups({ states, redundancy, groupCount, capacities, previous: columns, seed, method });
  const ids = members.map((_, index) => before[index]?.id ?? groupId(shape, index));
  return { shape, ids, members, before, capacities };
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
  return { name: draft.shape.name, redundancy: draft.shape.redundancy, groups };
}
