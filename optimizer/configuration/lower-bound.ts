// A proven lower bound of what any grouping can reach, from prices alone: whoever has the odds, the slots and the prices can
// compute it again. Prices may be any; good ones give a bound that is close.

import { type CompactOdds, compactOdds } from './compact-odds.ts';
import { type Grouping, openPrices, paidFor, type Prices, safeBound } from './grouping.ts';
import { leastSubset } from './least-subset.ts';

export interface BoundQuestion extends Grouping {
  /** The same states in compact form, where they are at hand. */
  readonly odds?: CompactOdds;
  /** How many machines each column stands for; default one. */
  readonly counts?: Int32Array;
}

/**
 * LB = min_c [u_c + Σ_{i∈c} α_i] − Σ_i α_i cap_i / G over all sets c of n machines (Lagrange, prices α ≥ 0). For copies
 * (k = 1, n ≤ 3) the minimum is exact; for k of n it is bounded from below. Never above the best mean, and never below 0.
 */
export function lowerBound(question: BoundQuestion, prices: Prices): number {
  if (question.groupCount === 0) return 0;
  const paid = paidFor(
    question,
    prices.map((price) => Math.max(0, price)),
  );
  return safeBound(leastColumn(question, prices), paid);
}

/** A number that no column's odds plus prices go below. */
export function leastColumn(question: BoundQuestion, prices: Prices): number {
  const { n, k } = question.redundancy;
  const failing = n - k + 1;
  const open = openPrices(question, prices);
  const odds = question.odds ?? compactOdds(question.states);
  const coarse = coarseLeast({ question, odds, open, failing });
  if (failing !== 1 && failing !== 2 && failing !== 3) return coarse;
  const share = binomial(n - 1, failing - 1);
  const subsets = binomial(n, failing);
  const { value } = leastSubset({
    odds,
    weights: subsetWeights({ question, odds }),
    prices: open.map((price) => price / share),
    size: failing,
    ...(question.counts === undefined ? {} : { counts: question.counts }),
    ...(question.apart === undefined ? {} : { apart: question.apart }),
  });
  return Math.max(coarse, subsets * value);
}

interface Bounding {
  readonly question: BoundQuestion;
  readonly odds: CompactOdds;
  readonly open: Float64Array;
  /** Members that must be down for the group to fail: t = n − k + 1. */
  readonly failing: number;
}

/**
 * P(t or more of n down) ≥ r_k Σ_{|T| = t} Π_{i∈T} Q_ki with r_k the ratio of both sides where all odds are the highest of the
 * state: the ratio P(≥ t) / e_t falls with each odds (e_{t} / e_{t−1} grows with each, and odds q / (1 − q) are above q). A machine
 * is in C(n−1, t−1) of the C(n, t) sets T, so each carries that share of its price. With t = n the ratio is 1 and the bound exact.
 */
export function subsetWeights({
  question,
  odds,
}: {
  readonly question: Grouping;
  readonly odds: CompactOdds;
}): Float64Array {
  const { n, k } = question.redundancy;
  const failing = n - k + 1;
  if (failing === n) return odds.weights;
  const highest = new Float64Array(odds.stateCount);
  for (const [machine, row] of odds.rows.entries()) {
    if (question.capacities[machine]! <= 0) continue;
    for (let state = 0; state < row.length; state++) highest[state] = Math.max(highest[state]!, row[state]!);
  }
  return odds.weights.map((weight, state) => weight * tailRatio(highest[state]!, { n, failing }));
}

/** P(t or more of n down) / (C(n, t) q^t) where each is down with odds q: Σ_j≥t C(n, j) q^(j−t) (1−q)^(n−j) / C(n, t). */
function tailRatio(q: number, { n, failing }: { readonly n: number; readonly failing: number }): number {
  let sum = 0;
  for (let down = failing; down <= n; down++) {
    sum += binomial(n, down) * q ** (down - failing) * (1 - q) ** (n - down);
  }
  return sum / binomial(n, failing);
}

/** The n lowest odds of each state together, and the n lowest prices: crude, but it holds for every code. */
function coarseLeast({ question, odds, open, failing }: Bounding): number {
  const { n } = question.redundancy;
  const counts = question.counts;
  const columns = [...open.keys()]
    .filter((machine) => Number.isFinite(open[machine]!))
    .flatMap((machine) => Array.from({ length: Math.min(n, counts?.[machine] ?? 1) }, () => machine));
  if (columns.length < n) return Number.POSITIVE_INFINITY;
  const cheapest = lowest(
    columns.map((machine) => open[machine]!),
    n,
  );
  const price = cheapest.reduce((sum, value) => sum + value, 0);
  let value = 0;
  for (let state = 0; state < odds.stateCount; state++) {
    const low = lowest(
      columns.map((machine) => odds.rows[machine]![state]!),
      n,
    );
    value += odds.weights[state]! * tailOf(low, failing);
  }
  return value + price;
}

/** The n lowest of these. */
function lowest(values: readonly number[], n: number): readonly number[] {
  const kept: number[] = [];
  for (const value of values) {
    if (kept.length === n && value >= kept[n - 1]!) continue;
    let at = kept.length;
    while (at > 0 && kept[at - 1]! > value) at--;
    kept.splice(at, 0, value);
    if (kept.length > n) kept.pop();
  }
  return kept;
}

function tailOf(odds: readonly number[], failing: number): number {
  const exactly = new Float64Array(odds.length + 1);
  exactly[0] = 1;
  for (const [index, q] of odds.entries()) {
    for (let down = index + 1; down > 0; down--)
      exactly[down] = exactly[down]! * (1 - q) + exactly[down - 1]! * q;
    exactly[0] *= 1 - q;
  }
  return exactly.reduce((sum, value, down) => (down >= failing ? sum + value : sum), 0);
}

export function binomial(n: number, k: number): number {
  let value = 1;
  for (let step = 1; step <= k; step++) value = (value * (n - k + step)) / step;
  return Math.round(value);
}
