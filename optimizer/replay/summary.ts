// What a replay comes to: one row for each policy and origin, means, wins against the bar, and how sure the ratio to the bar is, by a
// bootstrap over outage events (Efron, 1979). Never over file-hours: those of one outage are not independent.

import { createRandom, hourMs, type Random } from '../../datasets/index.ts';
import type { OriginResult } from './replay.ts';

export interface ReplayRow {
  readonly policy: string;
  readonly origin: number;
  readonly unavailableFileHours: number;
  readonly unavailableFileHoursBusiness: number;
  readonly fileHours: number;
  readonly lostFiles: number;
  readonly storedBytes: number;
  readonly movedBytes: number;
  readonly planSeconds: number;
}

export interface PolicySummary {
  readonly policy: string;
  /** Means over the origins: shares of file-hours, files, bytes, seconds. */
  readonly unavailableShare: number;
  readonly unavailableFileHoursBusiness: number;
  readonly lostFiles: number;
  readonly movedShare: number;
  readonly planSeconds: number;
  /** Origins with fewer unavailable file-hours than the bar, and with more. */
  readonly wins: number;
  readonly losses: number;
  /** Unavailable file-hours of the bar over those of this policy, lost files' included: above 1 is better. Absent for the bar itself. */
  readonly timesFewer?: number;
  /** The middle 95 % of that ratio when events are drawn again, and how many events there were. */
  readonly interval?: readonly [number, number];
  readonly events?: number;
  /** What served at each lesson of all origins, counted. */
  readonly sources?: Readonly<Record<string, number>>;
}

const draws = 1000;

export const rowOf = (result: OriginResult, slotMs: number): ReplayRow => {
  const { account } = result;
  const hours = slotMs / hourMs;
  return {
    policy: result.policy,
    origin: result.origin,
    unavailableFileHours: account.unavailableFileSlots * hours,
    unavailableFileHoursBusiness: account.unavailableFileSlotsBusiness * hours,
    fileHours: account.fileSlots * hours,
    lostFiles: account.lostFiles,
    storedBytes: account.storedBytes,
    movedBytes: account.movedBytes,
    planSeconds: Math.round(result.planSeconds * 1000) / 1000,
  };
};

/** One summary a policy, in the order of the results. */
export function summarize(
  results: readonly OriginResult[],
  { bar, slotMs, seed }: { readonly bar: string; readonly slotMs: number; readonly seed: number | string },
): readonly PolicySummary[] {
  const names = [...new Set(results.map(({ policy }) => policy))];
  const barResults = results.filter(({ policy }) => policy === bar);
  return names.map((policy): PolicySummary => {
    const own = results.filter((result) => result.policy === policy);
    const rows = own.map((result) => rowOf(result, slotMs));
    const mean = (value: (row: ReplayRow) => number): number =>
      rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
    const isComparable = policy !== bar && barResults.length === own.length;
    const random = createRandom(seed).fork(`bootstrap ${policy}`);
    const counted = countOf(own.flatMap(({ sources }) => sources));
    return {
      policy,
      unavailableShare: mean((row) => row.unavailableFileHours / Math.max(1, row.fileHours)),
      unavailableFileHoursBusiness: mean((row) => row.unavailableFileHoursBusiness),
      lostFiles: mean((row) => row.lostFiles),
      movedShare: mean((row) => row.movedBytes / Math.max(1, row.storedBytes)),
      planSeconds: mean((row) => row.planSeconds),
      ...winsOf(own, barResults),
      ...(isComparable ? ratioOf(own, barResults, random) : {}),
      ...(Object.keys(counted).length === 0 ? {} : { sources: counted }),
    };
  });
}

function winsOf(
  own: readonly OriginResult[],
  bar: readonly OriginResult[],
): { readonly wins: number; readonly losses: number } {
  let [wins, losses] = [0, 0];
  for (const [at, result] of own.entries()) {
    const other = bar[at]?.account.unavailableFileSlots;
    if (other === undefined) continue;
    if (result.account.unavailableFileSlots < other) wins++;
    if (result.account.unavailableFileSlots > other) losses++;
  }
  return { wins, losses };
}

interface OutageEvent {
  readonly own: number;
  readonly bar: number;
}

type Outages = Pick<OriginResult, 'unavailableBySlot' | 'lostBySlot'>;

/**
 * Runs of slots in which either of the two could not serve some file; and each slot in which either lost some for good, with all the time
 * that they were missed until the end: without these, who loses files would look better than who keeps them.
 */
export function outageEvents(own: Outages, bar: Outages): readonly OutageEvent[] {
  const losses = Array.from(own.lostBySlot, (count, slot) => ({ own: count, bar: bar.lostBySlot[slot]! }));
  const events: OutageEvent[] = losses.filter((event) => event.own + event.bar > 0);
  let open: { own: number; bar: number } | undefined;
  for (const [slot, count] of own.unavailableBySlot.entries()) {
    const other = bar.unavailableBySlot[slot]!;
    if (count + other === 0) open = undefined;
    else if (open === undefined) events.push((open = { own: count, bar: other }));
    else {
      open.own += count;
      open.bar += other;
    }
  }
  return events;
}

/** Half a file-hour is added to both sides, so that nothing is divided by nothing. */
const ratio = (events: readonly OutageEvent[]): number => {
  const sum = (side: keyof OutageEvent): number => events.reduce((total, event) => total + event[side], 0);
  return (sum('bar') + 0.5) / (sum('own') + 0.5);
};

function ratioOf(
  own: readonly OriginResult[],
  bar: readonly OriginResult[],
  random: Random,
): Pick<PolicySummary, 'timesFewer' | 'interval' | 'events'> {
  const events = own.flatMap((result, at) => outageEvents(result, bar[at]!));
  const ratios = Array.from({ length: draws }, () =>
    ratio(Array.from(events, () => events[random.below(events.length)]!)),
  ).toSorted((a, b) => a - b);
  return {
    timesFewer: ratio(events),
    interval: [ratios[Math.floor(draws * 0.025)]!, ratios[Math.floor(draws * 0.975)]!],
    events: events.length,
  };
}

function countOf(sources: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const source of sources) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}
