// How forecasts are judged. Plain definitions, each tested against a naive one.

import { mean } from 'simple-statistics';
import type { ReliabilityBin } from './card.ts';
import { clampOdds } from './log-odds.ts';

/** Mean squared error of probabilities against outcomes 0/1 (Brier, 1950). */
export const brierScore = (odds: readonly number[], outcomes: readonly number[]): number =>
  mean(odds.map((p, index) => (p - outcomes[index]!) ** 2));

/** Mean negative log likelihood, natural logarithm. */
export const logLoss = (odds: readonly number[], outcomes: readonly number[]): number =>
  mean(odds.map((p, index) => -Math.log(clampOdds(outcomes[index] === 1 ? p : 1 - p))));

/** Bins of equal mass by forecast, the lowest first; empty ones are left out. */
export function reliabilityBins(
  odds: readonly number[],
  outcomes: readonly number[],
  bins = 15,
): readonly ReliabilityBin[] {
  const order = odds.map((_, index) => index).toSorted((a, b) => odds[a]! - odds[b]!);
  return Array.from({ length: bins }, (_, bin) =>
    order.slice(Math.floor((bin * order.length) / bins), Math.floor(((bin + 1) * order.length) / bins)),
  )
    .filter((members) => members.length > 0)
    .map((members) => ({
      odds: mean(members.map((index) => odds[index]!)),
      share: mean(members.map((index) => outcomes[index]!)),
      count: members.length,
    }));
}

/** Expected calibration error over bins of equal mass. */
export const calibrationError = (odds: readonly number[], outcomes: readonly number[], bins = 15): number =>
  reliabilityBins(odds, outcomes, bins).reduce(
    (sum, bin) => sum + (bin.count / odds.length) * Math.abs(bin.odds - bin.share),
    0,
  );

/** Normalised discounted cumulative gain of the first `count` by score (Järvelin & Kekäläinen, 2002); 1 is perfect. */
export function rankingGain(scores: readonly number[], gains: readonly number[], count: number): number {
  const discounted = (order: readonly number[]): number =>
    order.slice(0, count).reduce((sum, index, rank) => sum + gains[index]! / Math.log2(rank + 2), 0);
  const indices = scores.map((_, index) => index);
  const best = discounted(indices.toSorted((a, b) => gains[b]! - gains[a]!));
  return best === 0 ? 1 : discounted(indices.toSorted((a, b) => scores[b]! - scores[a]! || a - b)) / best;
}

/** Area under the ROC curve: P(one that came is ranked above one that did not), ties count half; 0.5 where only one kind is there. */
export function rankingArea(scores: readonly number[], outcomes: readonly number[]): number {
  const order = scores.map((_, index) => index).toSorted((a, b) => scores[a]! - scores[b]!);
  let [came, rankSum] = [0, 0];
  for (let from = 0, to = 0; from < order.length; from = to) {
    let inTie = 0;
    for (to = from; to < order.length && scores[order[to]!] === scores[order[from]!]; to++)
      inTie += outcomes[order[to]!]!;
    came += inTie;
    // Ranks from 1; all of a tie have its middle one (Mann & Whitney, 1947).
    rankSum += inTie * ((from + 1 + to) / 2);
  }
  const missed = order.length - came;
  return came === 0 || missed === 0 ? 0.5 : (rankSum - (came * (came + 1)) / 2) / (came * missed);
}

/** Agreement of two partitions beyond chance (Hubert & Arabie, 1985): 1 the same, about 0 by chance. */
export function adjustedRandIndex(a: readonly number[], b: readonly number[]): number {
  const pairs = (count: number): number => (count * (count - 1)) / 2;
  const table = new Map<string, number>();
  const [rows, columns] = [new Map<number, number>(), new Map<number, number>()];
  const add = <Key>(map: Map<Key, number>, key: Key): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (const [index, label] of a.entries()) {
    add(table, `${label} ${b[index]}`);
    add(rows, label);
    add(columns, b[index]!);
  }
  const sum = (map: ReadonlyMap<unknown, number>): number =>
    [...map.values()].reduce((total, count) => total + pairs(count), 0);
  const [together, inA, inB, all] = [sum(table), sum(rows), sum(columns), pairs(a.length)];
  const expected = all === 0 ? 0 : (inA * inB) / all;
  const most = (inA + inB) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}
