// Which snapshots of a drive are kept, by rules as restic's users know them: of each of the last n hours, days … that have
// a snapshot, the newest one. Pure; it forgets nothing itself.

import { dayMs, hourMs, type UnixMs } from '../../datasets/index.ts';
import type { SnapshotId } from '../units.ts';

/** How many are kept of each kind; absent or 0 keeps none of it. Without any number everything is kept. */
export interface RetentionRules {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

export interface JudgedSnapshot {
  readonly snapshot: SnapshotId;
  readonly atMs: UnixMs;
  /** Why it is kept, in words; empty for one that is to be forgotten. */
  readonly reasons: readonly string[];
}

export interface RetentionClock {
  /** Local time minus UTC at a moment: days begin at the owner's midnight. */
  readonly offsetMsAt: (atMs: UnixMs) => number;
}

interface Rule {
  readonly name: string;
  /** Snapshots with equal names are of one hour, day, … */
  readonly periodOf: (taken: Taken) => number | string;
}

interface Taken {
  /** Since 1970, in local time. */
  readonly localMs: number;
  readonly offsetMs: number;
  /** 0 for the newest. */
  readonly position: number;
}

/** 1970-01-01 was a Thursday; weeks begin on Monday, as ISO 8601 has them. */
const daysFromMonday = 3;

/**
 * Months since the year 0, from the civil calendar (Hinnant, "chrono-compatible low-level date algorithms", days_from_civil
 * the other way round): years begin in March there, so that the leap day comes last, and eras have 400 years.
 */
function monthOf(localMs: number): number {
  const day = Math.floor(localMs / dayMs) + 719_468;
  const era = Math.floor(day / 146_097);
  const dayOfEra = day - era * 146_097;
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  return 12 * (400 * era + yearOfEra) + monthFromMarch + 2;
}

const rules: Readonly<Record<keyof RetentionRules, Rule>> = {
  last: { name: 'last', periodOf: ({ position }) => position },
  // In the night in which clocks are set back there are two hours of one name.
  hourly: {
    name: 'hourly',
    periodOf: ({ localMs, offsetMs }) => `${Math.floor(localMs / hourMs)} ${offsetMs}`,
  },
  daily: { name: 'daily', periodOf: ({ localMs }) => Math.floor(localMs / dayMs) },
  weekly: {
    name: 'weekly',
    periodOf: ({ localMs }) => Math.floor((Math.floor(localMs / dayMs) + daysFromMonday) / 7),
  },
  monthly: { name: 'monthly', periodOf: ({ localMs }) => monthOf(localMs) },
  yearly: { name: 'yearly', periodOf: ({ localMs }) => Math.floor(monthOf(localMs) / 12) },
};
const ruleNames = Object.keys(rules) as readonly (keyof RetentionRules)[];

interface Bucket {
  readonly rule: Rule;
  left: number;
  readonly periods: Set<number | string>;
}

/** Whether the rules forget anything at all. */
export const areRulesSet = (wanted: RetentionRules): boolean =>
  ruleNames.some((name) => (wanted[name] ?? 0) > 0);

/**
 * Judges snapshots given in the order in which they were taken, and answers them so: a clock that was wrong for a while makes none of them
 * newer than those that came after it. The last one is always kept. Where a rule has not used up its
 * number, the oldest of all is kept for it too, so that the history reaches back as far as it can.
 */
export function judgeSnapshots<Snapshot extends Pick<JudgedSnapshot, 'snapshot' | 'atMs'>>(
  snapshots: readonly Snapshot[],
  wanted: RetentionRules,
  { offsetMsAt }: RetentionClock,
): readonly (Snapshot & JudgedSnapshot)[] {
  const newestFirst = snapshots.toReversed();
  if (!areRulesSet(wanted))
    return snapshots.map((snapshot) => ({ ...snapshot, reasons: ['no rules: all are kept'] }));
  const buckets = ruleNames.map((name): Bucket => ({
    rule: rules[name],
    left: wanted[name] ?? 0,
    periods: new Set(),
  }));
  const judged = newestFirst.map((snapshot, position) => {
    const offsetMs = offsetMsAt(snapshot.atMs);
    const localMs = snapshot.atMs + offsetMs;
    const isOldest = position === newestFirst.length - 1;
    const reasons = buckets.flatMap((bucket) => reasonIn(bucket, { localMs, offsetMs, position, isOldest }));
    return { ...snapshot, reasons };
  });
  return judged.toReversed();
}

function reasonIn(bucket: Bucket, at: Taken & { readonly isOldest: boolean }): readonly string[] {
  if (bucket.left <= 0) return [];
  const period = bucket.rule.periodOf(at);
  const isNew = !bucket.periods.has(period);
  if (!isNew && !at.isOldest) return [];
  bucket.periods.add(period);
  bucket.left--;
  return [isNew ? bucket.rule.name : `oldest ${bucket.rule.name}`];
}
