// Prices for the program of a large fleet without solving it: the dual of the same program with a soft minimum, climbed by
// gradients (Nesterov, 2005). A pass costs a few operations a column where a simplex step costs one a machine.

import type { Grouping, Prices } from './grouping.ts';
import type { Column } from './solver.ts';

export interface SoftAnswer {
  readonly prices: Prices;
  /** How often each column is taken at these prices, ≥ 0; they sum to the number of groups, slots are kept nearly. */
  readonly times: Float64Array;
}

export interface SoftQuestion {
  readonly grouping: Grouping;
  readonly columns: readonly Column[];
  /** Prices to go on from. */
  readonly prices: Prices;
  /** Passes over all columns. */
  readonly passes: number;
  /** Temperatures of the soft minimum, in odds: at the first pass and at the last one. */
  readonly from: number;
  readonly to: number;
}

/** max over α ≥ 0 of −τ ln Σ_c e^(−(u_c + Σ_{i∈c} α_i) / τ) − Σ_i α_i cap_i / G, with τ falling from pass to pass. */
export function softPrices(question: SoftQuestion): SoftAnswer {
  const { grouping, columns, passes } = question;
  const all = pack(columns);
  const machines = question.prices.length;
  const share = Float64Array.from(grouping.capacities, (capacity) => capacity / grouping.groupCount);
  const prices = Float64Array.from(question.prices);
  const used = new Float64Array(machines);
  const mean = new Float64Array(columns.length);
  const meanPrices = new Float64Array(machines);
  let near = all;
  /** How much nearer to the cheapest one a column that was left out can have come. */
  let nearer = Number.POSITIVE_INFINITY;
  let counted = 0;
  for (let pass = 0; pass < passes; pass++) {
    const heat = question.from * (question.to / question.from) ** (pass / Math.max(1, passes - 1));
    if (nearer > (reach - negligible) * heat) {
      near = withinReach(all, prices, heat);
      nearer = 0;
    }
    soften({ packed: near, prices, heat, used });
    let [fall, rise] = [0, 0];
    // A machine asked for twice as often as it has slots gets dearer by a share of the temperature.
    for (let machine = 0; machine < machines; machine++) {
      if (share[machine]! <= 0) continue;
      const asked = Math.max(0.02, used[machine]! / share[machine]!);
      const before = prices[machine]!;
      const now = Math.max(0, before + stepShare * heat * Math.log(asked));
      prices[machine] = now;
      if (now - before > rise) rise = now - before;
      else if (before - now > fall) fall = before - now;
    }
    nearer += all.size * (fall + rise);
    if (pass < passes * (1 - tailShare)) continue;
    counted++;
    for (let at = 0; at < near.times.length; at++) mean[near.columns[at]!]! += near.times[at]!;
    for (let at = 0; at < machines; at++) meanPrices[at]! += (prices[at]! - meanPrices[at]!) / counted;
  }
  return { prices: meanPrices, times: mean.map((sum) => (sum / Math.max(1, counted)) * grouping.groupCount) };
}

/** A column has three members that all get dearer at once. */
const stepShare = 0.3;
/** The last passes, which are averaged. */
const tailShare = 0.25;
/** A column dearer than the cheapest by so many temperatures is not taken at all: e^−30 of a million columns is nothing. */
const negligible = 30;
/** Columns dearer by so many are left out until prices have changed by as much as that is beyond what is negligible. */
const reach = 45;

interface Packed {
  /** Numbers of the columns. */
  readonly columns: Int32Array;
  readonly odds: Float64Array;
  readonly members: Int32Array;
  readonly size: number;
  /** The share of each column, filled by each pass. */
  readonly times: Float64Array;
}

function pack(columns: readonly Column[]): Packed {
  const size = columns[0]?.members.length ?? 0;
  const members = new Int32Array(columns.length * size);
  for (const [at, column] of columns.entries()) members.set(column.members, at * size);
  return {
    columns: Int32Array.from(columns.keys()),
    odds: Float64Array.from(columns, ({ odds }) => odds),
    members,
    size,
    times: new Float64Array(columns.length),
  };
}

/** The columns that are not too dear by far. */
function withinReach(all: Packed, prices: Prices, heat: number): Packed {
  const limit = fillCosts(all, prices) + reach * heat;
  const columns = all.columns.filter((at) => all.times[at]! <= limit);
  const members = new Int32Array(columns.length * all.size);
  for (const [at, column] of columns.entries())
    members.set(all.members.subarray(column * all.size, (column + 1) * all.size), at * all.size);
  const odds = Float64Array.from(columns, (column) => all.odds[column]!);
  return { columns, odds, members, size: all.size, times: new Float64Array(columns.length) };
}

interface Softening {
  readonly packed: Packed;
  readonly prices: Prices;
  readonly heat: number;
  readonly used: Float64Array;
}

/** Fills the share of each column, and `used` with the sum over the columns of each machine. */
function soften({ packed, prices, heat, used }: Softening): void {
  const { members, size, times } = packed;
  const least = fillCosts(packed, prices);
  let sum = 0;
  for (let at = 0; at < times.length; at++) {
    const colder = (times[at]! - least) / heat;
    sum += times[at] = colder > negligible ? 0 : Math.exp(-colder);
  }
  used.fill(0);
  for (let at = 0; at < times.length; at++) {
    const part = (times[at]! /= sum);
    if (part === 0) continue;
    for (let slot = at * size; slot < (at + 1) * size; slot++) used[members[slot]!]! += part;
  }
}

/** Leaves what each column costs in `times`; the least of it. */
function fillCosts({ odds, members, size, times }: Packed, prices: Prices): number {
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < odds.length; at++) {
    let cost = odds[at]!;
    for (let slot = at * size; slot < (at + 1) * size; slot++) cost += prices[members[slot]!]!;
    times[at] = cost;
    if (cost < least) least = cost;
  }
  return least;
}

/** u_c + Σ_{i∈c} α_i. */
export const costOf = ({ members, odds }: Column, prices: Prices): number =>
  members.reduce((sum, member) => sum + prices[member]!, odds);

/** The cost of the cheapest of these columns. */
export const leastOfColumns = (columns: readonly Column[], prices: Prices): number =>
  columns.reduce((least, column) => Math.min(least, costOf(column, prices)), Number.POSITIVE_INFINITY);
