// What a plan says about itself in plain sentences: what changed, and where it falls short of what it should be.

import type { MachineId } from '../datasets/index.ts';
import type { PlacementClass, Plan } from './plan.ts';
import { plannedMachines } from './plan-members.ts';

export interface NotesQuestion {
  readonly machines: readonly MachineId[];
  readonly classes: readonly PlacementClass[];
  readonly previous: Plan | undefined;
  /** N values: bytes that each machine gives; 0 for one that may hold nothing. */
  readonly givenBytes: readonly number[];
}

/** One to a few sentences, each below 1,024 characters. */
export function planNotes(question: NotesQuestion): readonly string[] {
  const { classes } = question;
  const machineCount = question.machines.length;
  const tooFew =
    machineCount < 4
      ? [`${machineCount} machines are too few: three holders besides the owner need four.`]
      : [];
  if (classes.length === 0) return tooFew;
  return [
    ...tooFew,
    changeNote(question),
    ...idleNotes(question),
    ...classes.flatMap((one) => shortageNotes(one, machineCount)),
    ...classes.flatMap(boundNotes),
  ];
}

/** Only gaps that say something: a bound for k of n can be far below what is possible. */
const gapWorthSaying = 1;

/** What a certificate proves, as people read it; none where it says little. */
export function boundNotes({ name, redundancy, certificate }: PlacementClass): readonly string[] {
  if (certificate === undefined || certificate.gap > gapWorthSaying) return [];
  const groups = `groups for ${name} packs of ${redundancy.k} of ${redundancy.n}`;
  const share = (100 * shareBelow(certificate.gap)).toFixed(1);
  return [
    share === '0.0'
      ? `No ${groups} could be out of reach less often: that is proven.`
      : `The best possible ${groups} may be out of reach up to ${share} % less often: more is not proven.`,
  ];
}

/** The share, 0..1, by which the best possible odds may be lower, where `gap` is value / lowerBound − 1. */
export const shareBelow = (gap: number): number => (Number.isFinite(gap) ? gap / (1 + gap) : 1);

/** Sentences on notes that say of a bound what no certificate of the plan does. */
export const noteProblems = ({ classes, notes }: Plan): readonly string[] => {
  const derived = new Set(classes.flatMap((one) => [...boundNotes(one), ...boundNotesBefore(one)]));
  return notes
    .filter((note) => /\b(?:proven|optimal|best possible)\b/iu.test(note) && !derived.has(note))
    .map((note) => `a note says what no bound of the plan proves: "${note}"`);
};

/** How plans of before said it. */
export const boundNotesBefore = ({ name, redundancy, certificate }: PlacementClass): readonly string[] =>
  certificate === undefined
    ? []
    : [
        `The groups for ${name} packs of ${redundancy.k} of ${redundancy.n} are proven to be within ${(100 * certificate.gap).toFixed(1)} % of the best possible.`,
      ];

function changeNote({ machines, classes, previous }: NotesQuestion): string {
  const machineCount = machines.length;
  const groups = classes.flatMap((placementClass) => placementClass.groups);
  if (previous === undefined) return `${machineCount} machines in ${groups.length} groups; the first plan.`;
  const before = new Map(
    previous.classes.flatMap((one) => one.groups.map(({ id, members }) => [id, members] as const)),
  );
  const slotCount = groups.reduce((sum, { members }) => sum + members.length, 0);
  const movedCount = groups.reduce(
    (sum, { id, members }) =>
      sum + members.filter((member, slot) => before.get(id)?.[slot] !== member).length,
    0,
  );
  return `${machineCount} machines in ${groups.length} groups; ${movedCount} of ${slotCount} slots changed against plan ${previous.epoch}.`;
}

/** Who could hold something and holds nothing: why, `shareOut` knows. */
function idleNotes({ machines, givenBytes, classes }: NotesQuestion): readonly string[] {
  const used = plannedMachines({ classes });
  const count = machines.filter((machine, column) => givenBytes[column]! > 0 && !used.has(machine)).length;
  if (count === 0) return [];
  const whom = count === 1 ? '1 machine holds nothing' : `${count} machines hold nothing`;
  return [`${whom}: too often away to be of use, or without room.`];
}

function shortageNotes({ name, redundancy }: PlacementClass, machineCount: number): readonly string[] {
  const { k, n } = redundancy;
  if (machineCount > n) return [];
  if (machineCount === n) {
    return [
      `With ${machineCount} machines every group of ${n} has all of them: a ${name} pack of ${k} of ${n} has a shard on its own owner.`,
    ];
  }
  return [
    `${machineCount} machines cannot fill the ${n} slots of ${name} packs of ${k} of ${n}: the slots of lost machines stay empty until others join.`,
  ];
}
