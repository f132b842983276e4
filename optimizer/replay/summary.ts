// What a replay comes to: one row for each policy and origin, means, and how each policy does against the bar. A file-hour counts only
// where all holders were looked at, so policies count different hours: they are compared by shares of what each counted.

import { createRandom, hourMs } from '../../datasets/index.ts';
import { type OutagePair, ratioOf } from './outages.ts';
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
  /** Means over the origins: shares of the file-hours that counted, files, bytes, seconds. Origins without such hours have no share. */
  readonly unavailableShare: number;
  /** Of all file-hours those that counted. */
  readonly countedShare: number;
  readonly unavailableFileHoursBusiness: number;
  readonly lostFiles: number;
  readonly movedShare: number;
  readonly planSeconds: number;
  /** Origins with a lower unavailable share than the bar, and with a higher one. */
  readonly wins: number;
  readonly losses: number;
  /** Mean unavailable share of the bar over that of this policy, lost files included: above 1 is better. Absent for the bar itself. */
  readonly timesFewer?: number;
  /** The middle 95 % of that ratio when events are drawn again; absent with fewer than two. How many there were, in all origins. */
  readonly interval?: readonly [number, number];
  readonly events?: number;
  /** What served at each lesson of all origins, counted. */
  readonly sources?: Readonly<Record<string, number>>;
}

export const rowOf = (result: OriginResult, slotMs: number): ReplayRow => {
  const { account } = result;
  const hours = slotMs / hourMs;
  return {
    policy: result.policy,
    origin: result.origin,
    unavailableFileHours: account.unavailableFileSlots * hours,
    // Whole hours, but for what adding thirds of slots rounds.
    unavailableFileHoursBusiness: Math.round(account.unavailableFileSlotsBusiness * hours),
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
    const counted = rows.filter(({ fileHours }) => fileHours > 0);
    const isComparable = policy !== bar && barResults.length === own.length;
    const random = createRandom(seed).fork(`bootstrap ${policy}`);
    const pairs = own.flatMap((result, at) => {
      const other = barResults[at];
      return other === undefined ? [] : [{ own: result, bar: other }];
    });
    const served = countOf(own.flatMap(({ sources }) => sources));
    return {
      policy,
      unavailableShare: meanOf(counted, (row) => row.unavailableFileHours / row.fileHours),
      countedShare: meanOf(own, ({ account }) => account.fileSlots / Math.max(1, account.livedFileSlots)),
      unavailableFileHoursBusiness: meanOf(rows, (row) => row.unavailableFileHoursBusiness),
      lostFiles: meanOf(rows, (row) => row.lostFiles),
      movedShare: meanOf(rows, (row) => row.movedBytes / Math.max(1, row.storedBytes)),
      planSeconds: meanOf(rows, (row) => row.planSeconds),
      ...winsOf(pairs),
      ...(isComparable ? ratioOf(pairs, random) : {}),
      ...(Object.keys(served).length === 0 ? {} : { sources: served }),
    };
  });
}

/** 0 of none. */
function meanOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0) / Math.max(1, items.length);
}

function winsOf(pairs: readonly OutagePair[]): { readonly wins: number; readonly losses: number } {
  let [wins, losses] = [0, 0];
  for (const { own, bar } of pairs) {
    // Shares, both multiplied by both denominators: equal where one of the two counted nothing.
    const share = own.account.unavailableFileSlots * bar.account.fileSlots;
    const barShare = bar.account.unavailableFileSlots * own.account.fileSlots;
    if (share < barShare) wins++;
    if (share > barShare) losses++;
  }
  return { wins, losses };
}

function countOf(sources: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const source of sources) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}
