// What a machine's person allows at what time: rates, threads, pauses, by the hours of the week. Of the rules that hold at a moment the strictest
// one counts for each limit.

import { dayMs, minuteMs, type UnixMs, unixMs } from '../../datasets/index.ts';

export interface LimitRule {
  /** Days of the week on which it begins, 0 for Sunday; absent: all. */
  readonly days?: readonly number[] | undefined;
  /** Minutes after local midnight, from inclusive, to exclusive; over midnight where `toMinute` is not after `fromMinute`. Absent: the whole day. */
  readonly between?: { readonly fromMinute: number; readonly toMinute: number } | undefined;
  readonly uploadBytesPerSecond?: number | undefined;
  readonly downloadBytesPerSecond?: number | undefined;
  /** Of files that are read for snapshots. */
  readonly diskBytesPerSecond?: number | undefined;
  /** Worker threads at once. */
  readonly threads?: number | undefined;
  /** Neither snapshots by themselves nor shards for the plan. */
  readonly pause?: true | undefined;
}

export interface LimitsNow {
  readonly uploadBytesPerSecond?: number;
  readonly downloadBytesPerSecond?: number;
  readonly diskBytesPerSecond?: number;
  readonly threads?: number;
  readonly isPaused: boolean;
}

/** Milliseconds that local time is ahead of UTC at a moment. */
export type LocalOffset = (atMs: UnixMs) => number;

const minutesPerDay = dayMs / minuteMs;

interface LocalTime {
  /** 0 for Sunday. */
  readonly day: number;
  readonly minute: number;
}

/** 1970 began on a Thursday. */
const firstDay = 4;

function localTimeOf(now: UnixMs, offset: LocalOffset): LocalTime {
  const minutes = Math.floor((now + offset(now)) / minuteMs);
  const days = Math.floor(minutes / minutesPerDay);
  return { day: (((days + firstDay) % 7) + 7) % 7, minute: minutes - days * minutesPerDay };
}

function holds({ days, between }: LimitRule, { day, minute }: LocalTime): boolean {
  const beginsOn = (one: number): boolean => days === undefined || days.includes(one);
  if (between === undefined) return beginsOn(day);
  const { fromMinute, toMinute } = between;
  if (fromMinute < toMinute) return minute >= fromMinute && minute < toMinute && beginsOn(day);
  // Over midnight: the part after it belongs to the day before.
  return (minute >= fromMinute && beginsOn(day)) || (minute < toMinute && beginsOn((day + 6) % 7));
}

const numbers = ['uploadBytesPerSecond', 'downloadBytesPerSecond', 'diskBytesPerSecond', 'threads'] as const;

/** What holds at a moment. */
export function limitsAt(rules: readonly LimitRule[], now: UnixMs, offset: LocalOffset): LimitsNow {
  const time = localTimeOf(now, offset);
  const active = rules.filter((rule) => holds(rule, time));
  const strictest = numbers.flatMap((name) => {
    const values = active.flatMap((rule) => rule[name] ?? []);
    return values.length === 0 ? [] : [[name, Math.min(...values)] as const];
  });
  return { ...Object.fromEntries(strictest), isPaused: active.some(({ pause }) => pause === true) };
}

/** When something else holds than now, to the minute, within eight days; undefined when nothing changes. */
export function limitsChangeMs(
  rules: readonly LimitRule[],
  now: UnixMs,
  offset: LocalOffset,
): UnixMs | undefined {
  const textAt = (atMs: UnixMs): string => JSON.stringify(limitsAt(rules, atMs, offset));
  const current = textAt(now);
  const edges = new Set(
    rules.flatMap(({ between }) => [0, between?.fromMinute ?? 0, between?.toMinute ?? 0]),
  );
  const midnight = now - localTimeOf(now, offset).minute * minuteMs - (now % minuteMs);
  const moments = Array.from({ length: 9 }, (_, day) =>
    [...edges].map((minute) => unixMs(midnight + day * dayMs + minute * minuteMs)),
  ).flat();
  return moments.toSorted((a, b) => a - b).find((atMs) => atMs > now && textAt(atMs) !== current);
}
