// The kinds of hour that odds are given for: parts of the workday and of the weekend, in the fleet's own time.

import { hourOfWeek, type FleetHistory } from '../datasets/index.ts';

export interface HourKind {
  readonly name: string;
  readonly isBusinessHour: boolean;
  /** Local hours of the week, 0 = Monday 00:00. */
  readonly hours: readonly number[];
}

const workday = (name: string, from: number, to: number): HourKind => ({
  name: `workday ${name}`,
  isBusinessHour: from >= 8 && to <= 18,
  hours: hoursOf([0, 1, 2, 3, 4], from, to),
});

const weekend = (name: string, from: number, to: number): HourKind => ({
  name: `weekend ${name}`,
  isBusinessHour: false,
  hours: hoursOf([5, 6], from, to),
});

function hoursOf(days: readonly number[], from: number, to: number): readonly number[] {
  return days.flatMap((day) => Array.from({ length: to - from }, (_, hour) => day * 24 + from + hour));
}

/** Every hour of the week belongs to exactly one kind. */
export const hourKinds: readonly HourKind[] = [
  workday('03:00', 0, 6),
  workday('07:00', 6, 8),
  workday('10:00', 8, 12),
  workday('13:00', 12, 14),
  workday('16:00', 14, 18),
  workday('19:00', 18, 20),
  workday('22:00', 20, 24),
  weekend('03:00', 0, 8),
  weekend('12:00', 8, 18),
  weekend('22:00', 18, 24),
];

const kindOfHour = new Int32Array(168);
for (const [kind, { hours }] of hourKinds.entries()) for (const hour of hours) kindOfHour[hour] = kind;

/** The offset from UTC that most machines have. */
export function fleetOffsetMs(history: FleetHistory): number {
  const counts = new Map<number, number>();
  for (const { utcOffsetMs } of history.machines) counts.set(utcOffsetMs, (counts.get(utcOffsetMs) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0;
}

/** T hours of the week (0..167) in the fleet's time, from slot 0 on; `extra` more beyond the end. */
export function weekHours(history: FleetHistory, extra = 0): Int32Array {
  const offset = fleetOffsetMs(history);
  return Int32Array.from({ length: history.slotCount + extra }, (_, slot) =>
    hourOfWeek(history.startMs + slot * history.slotMs, offset),
  );
}

export const kindOf = (weekHour: number): number => kindOfHour[weekHour]!;
