// What admins may forbid a plan, and how that becomes the hard limits of one class of groups. Nothing learned outweighs it.

import { gibibyte, kibibyte, type MachineAttributes, type MachineId, mebibyte } from '../datasets/index.ts';
import type { GroupLimits } from './group-limits.ts';
import type { PlacementGroup, Plan } from './plan.ts';

export interface PlacementLimits {
  /** Machines that hold nothing, as long as enough others give something; at most 64. */
  readonly vetoes: readonly MachineId[];
  /** Attributes of which no two members of a group share a value, wherever that can be had. */
  readonly apart: readonly (keyof MachineAttributes)[];
  /** Machines that keep the slot that they have in a group; at most 32. */
  readonly pins: readonly { readonly group: string; readonly machine: MachineId }[];
  /** Bytes that plans may move in seven days to do better; what replaces lost machines is not counted. Absent: no limit. */
  readonly movedBytesPerWeek?: number;
  /** Bytes that plans may make one machine take in, and give out, in seven days; what replaces lost machines is not counted. */
  readonly takenBytesPerWeek?: number;
  readonly givenBytesPerWeek?: number;
  /** Others with which each machine with slots shares groups of a class: so many rebuild what it loses, at least … */
  readonly scatterMin?: number;
  /** … and at most: the fewer, the fewer sets of machines whose death at once loses something. */
  readonly scatterMax?: number;
}

export const noLimits: PlacementLimits = { vetoes: [], apart: [], pins: [] };

const weekMs = 7 * 24 * 3_600_000;

/** As `clockSkewMsMax` of agent/: nobody's clock is wrong by more. */
const clockErrorMsMax = 26 * 3_600_000;

/** Whether a plan is dated later than any clock may be: it could say so of a time that never comes. */
export const isAhead = (saidMs: number, nowMs: number): boolean => saidMs > nowMs + clockErrorMsMax;

/** What earlier plans of the last seven days moved, as the newest one says; a week that begins in the future is none. */
export function movedBefore(previous: Plan | undefined, nowMs: number): NonNullable<Plan['weekMoved']> {
  const week = previous?.weekMoved;
  const isNow = week !== undefined && nowMs - week.fromMs < weekMs && !isAhead(week.fromMs, nowMs);
  return isNow ? week : { fromMs: nowMs, bytes: 0 };
}

/** N values for each attribute that is to be kept apart: the same number for the same value, −1 for an unknown one. */
export function labelColumns(
  attributes: readonly MachineAttributes[],
  apart: PlacementLimits['apart'],
): readonly Int32Array[] {
  return apart.map((name) => {
    const numbers = new Map<string, number>();
    return Int32Array.from(attributes, (own) => {
      const value = own[name];
      if (value === undefined) return -1;
      if (!numbers.has(value)) numbers.set(value, numbers.size);
      return numbers.get(value)!;
    });
  });
}

/** The slots of these groups that pins keep; a pin whose machine is not in its group any more keeps nothing. */
export const pinnedSlots = (
  groups: readonly PlacementGroup[],
  pins: PlacementLimits['pins'],
): NonNullable<GroupLimits['pins']> =>
  pins.flatMap(({ group, machine }) => {
    const at = groups.findIndex(({ id }) => id === group);
    const slot = groups[at]?.members.indexOf(machine) ?? -1;
    return slot < 0 ? [] : [{ at, slot }];
  });

/** In the largest unit of which there is one; nothing is 0 GiB. */
function sizeOf(bytes: number): string {
  const [unit, name] =
    bytes === 0 || bytes >= gibibyte
      ? [gibibyte, 'GiB']
      : bytes >= mebibyte
        ? [mebibyte, 'MiB']
        : [kibibyte, 'KiB'];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}

/** What admins asked for, as a plan says it of itself. */
export function limitNotes(
  { vetoes, apart, pins, movedBytesPerWeek, ...limits }: PlacementLimits,
  weekMoved: NonNullable<Plan['weekMoved']>,
): readonly string[] {
  return [
    ...(vetoes.length === 0
      ? []
      : [
          `${vetoes.length === 1 ? '1 machine holds' : `${vetoes.length} machines hold`} nothing, by an admin's word.`,
        ]),
    ...(apart.length === 0 ? [] : [`Kept apart wherever that can be had: ${apart.join(', ')}.`]),
    ...(pins.length === 0
      ? []
      : [pins.length === 1 ? '1 slot is pinned.' : `${pins.length} slots are pinned.`]),
    ...(movedBytesPerWeek === undefined ? [] : [weekNote(weekMoved.bytes, movedBytesPerWeek)]),
    ...widthNotes(limits),
    ...trafficNotes(limits),
  ];
}

/** A veto is obeyed whatever it moves, and what moved before the limit was set stays counted. */
const weekNote = (bytes: number, bytesMax: number): string =>
  bytes <= bytesMax
    ? `${sizeOf(bytes)} of at most ${sizeOf(bytesMax)} a week are moved to do better.`
    : `${sizeOf(bytes)} are moved this week. At most ${sizeOf(bytesMax)} may be moved to do better: the rest is what vetoes ask for, or moved before that limit was set.`;

const widthNotes = ({ scatterMin, scatterMax }: Partial<PlacementLimits>): readonly string[] => {
  const bounds = [
    ...(scatterMin === undefined ? [] : [`at least ${scatterMin}`]),
    ...(scatterMax === undefined ? [] : [`at most ${scatterMax}`]),
  ];
  return bounds.length === 0
    ? []
    : [`Each machine shares groups of a class with ${bounds.join(' and ')} others.`];
};

const trafficNotes = ({
  takenBytesPerWeek,
  givenBytesPerWeek,
}: Partial<PlacementLimits>): readonly string[] => {
  const bounds = [
    ...(takenBytesPerWeek === undefined ? [] : [`take in at most ${sizeOf(takenBytesPerWeek)}`]),
    ...(givenBytesPerWeek === undefined ? [] : [`give out at most ${sizeOf(givenBytesPerWeek)}`]),
  ];
  return bounds.length === 0 ? [] : [`Each machine may ${bounds.join(' and ')} a week, repair not counted.`];
};
