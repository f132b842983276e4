// The program of a fleet too large for the simplex method: columns by exchanges at soft prices, colder from round to round, and
// the exact search at the end, which asks only whether any group is below what is to be proven.

import type { Generated, GenerationQuestion } from './column-generation.ts';
import { oddsOfCopies } from './compact-odds.ts';
import { openPrices, paidFor, type Prices } from './grouping.ts';
import { leastSubset } from './least-subset.ts';
import { Outline } from './outline.ts';
import { type Proven, repairPrices } from './price-repair.ts';
import { Pricer } from './pricing.ts';
import { costOf, leastOfColumns, type SoftAnswer, softPrices } from './soft-prices.ts';
import type { Column } from './solver.ts';

/** Rounds of prices and columns at most: more where there are more machines, each of which has to find the best others. */
const roundsFor = (machines: number): number => 10 + Math.ceil(machines / 200);
/** The rounds end when one finds fewer new columns than this share of the machines. */
const foundShareMin = 0.1;
/** Times that an exchange goes over the slots of one group. */
const descentRounds = 2;
/** Passes of the soft prices in the first round, in each later one, and before a search. */
const firstPasses = 500;
const passes = 200;
const lastPasses = 2000;
/** Temperatures as shares of the mean odds: the first, its fall from round to round, the least while columns are sought, and the last. */
const firstHeat = 0.5;
const heatFall = 0.5;
const leastHeat = 0.008;
const lastHeat = 0.0004;
/** Columns dearer than the cheapest one by this share of the mean odds are forgotten: nobody takes them at the least temperature. */
const keptShare = 0.3;
/**
 * How far below the cheapest column the exact searches look only, one after the other, as shares of what the columns promise to 10,000 machines; less where
 * there are fewer. The first is quick and finds what is cheap by far; a search right at the cheapest column takes several times as long.
 */
const renouncedShares = [0.03, 0.015] as const;
const renouncingMachines = 10_000;

/** For copies (k = 1, n ≤ 3); other codes get prices without a proof. The start must keep the slots. */
export function generateSoftly(question: GenerationQuestion): Generated {
  const { grouping, odds } = question;
  const search = new SoftSearch(question);
  search.cool();
  const { redundancy } = grouping;
  const proven = redundancy.k === 1 && redundancy.n <= 3 ? search.prove() : undefined;
  const { times, prices } = search.answer;
  const sum = search.columns.reduce((total, column, at) => total + column.odds * times[at]!, 0);
  const value = sum / grouping.groupCount;
  return { columns: search.columns, times, prices, value, ...(odds.machineCount === 0 ? {} : proven) };
}

/** Columns and how often each is taken, without a proof. */
export function sketchSoftly(question: GenerationQuestion): Pick<Generated, 'columns' | 'times'> {
  const search = new SoftSearch(question);
  search.cool();
  return { columns: search.columns, times: search.answer.times };
}

class SoftSearch {
  columns: Column[] = [];
  answer: SoftAnswer;
  readonly #question: GenerationQuestion;
  readonly #outline: Outline;
  #keys = new Set<string>();
  readonly #meanOdds: number;
  #heat: number;

  constructor(question: GenerationQuestion) {
    this.#question = question;
    this.#outline = new Outline(question.odds, question.odds.weights);
    for (const column of question.start) this.#add(column);
    this.#meanOdds =
      question.start.reduce((sum, { odds }) => sum + odds, 0) / Math.max(1, question.start.length);
    this.#heat = firstHeat * this.#meanOdds;
    const none = new Float64Array(question.odds.machineCount);
    this.answer = this.#reprice(none, firstPasses);
  }

  /** Rounds of exchanges, from far apart prices to close ones: others are sought for each machine, beginning with its cheapest column. */
  cool(): void {
    const machines = this.#question.odds.machineCount;
    for (let round = roundsFor(machines); round > 0; round--) {
      const before = this.columns.length;
      const isColdest = this.#heat <= leastHeat * this.#meanOdds;
      this.#exchange();
      const found = this.columns.length - before;
      this.answer = this.#reprice(this.answer.prices, passes);
      this.#forgetDear();
      if (isColdest && found < foundShareMin * machines) break;
    }
    this.#settle(this.answer.prices);
  }

  #exchange(): void {
    const pricer = this.#pricer(this.answer.prices);
    for (const { members, cost } of this.#cheapestOfEach())
      for (const column of pricer.descend(members, { rounds: descentRounds, keptSlots: 1, below: cost }))
        this.#add(column);
  }

  /** The best bound of a few exact searches, each with the columns that the one before it missed. */
  prove(): Proven | undefined {
    const { grouping } = this.#question;
    const part = Math.min(1, this.#question.odds.machineCount / renouncingMachines);
    let best: Proven | undefined;
    for (const renounced of renouncedShares) {
      const { prices } = this.answer;
      const least = leastOfColumns(this.columns, prices);
      const asked = least - part * renounced * (least - paidFor(grouping, prices));
      const found = this.#search(prices, asked);
      const proven = repairPrices(grouping, { prices, ...found });
      if (best === undefined || proven.bound > best.bound) best = proven;
      if (found.members === undefined) continue;
      this.#take(found.others);
      this.#settle(proven.prices);
    }
    return best;
  }

  /** As cold as it gets, so that few groups are taken in parts. */
  #settle(prices: Prices): void {
    const { grouping } = this.#question;
    const { columns } = this;
    const to = lastHeat * this.#meanOdds;
    this.answer = softPrices({ grouping, columns, prices, passes: lastPasses, from: this.#heat, to });
  }

  #search(prices: Prices, known: number): ReturnType<typeof leastSubset> {
    const { grouping, odds, counts } = this.#question;
    return leastSubset({
      odds,
      weights: odds.weights,
      prices: openPrices(grouping, prices),
      size: grouping.redundancy.n as 1 | 2 | 3,
      known,
      byMachine: true,
      outline: this.#outline,
      ...(counts === undefined ? {} : { counts }),
      ...(grouping.apart === undefined ? {} : { apart: grouping.apart }),
    });
  }

  #take(sets: readonly (readonly number[])[]): void {
    for (const members of sets) this.#add({ members, odds: oddsOfCopies(this.#question.odds, members) });
  }

  #pricer(prices: Prices): Pricer {
    return new Pricer({ ...this.#question, prices, outline: this.#outline });
  }

  #reprice(prices: Prices, passCount: number): SoftAnswer {
    const from = this.#heat;
    this.#heat = Math.max(leastHeat * this.#meanOdds, from * heatFall);
    const { grouping } = this.#question;
    return softPrices({ grouping, columns: this.columns, prices, passes: passCount, from, to: this.#heat });
  }

  /** The cheapest column of each machine that is in one, that machine first. */
  #cheapestOfEach(): readonly { readonly members: readonly number[]; readonly cost: number }[] {
    const { prices } = this.answer;
    const least = new Float64Array(prices.length).fill(Number.POSITIVE_INFINITY);
    const cheapest: (readonly number[] | undefined)[] = [...prices].map(() => undefined);
    for (const column of this.columns) {
      const cost = costOf(column, prices);
      for (const member of column.members) {
        if (cost >= least[member]!) continue;
        least[member] = cost;
        cheapest[member] = column.members;
      }
    }
    return cheapest.flatMap((members, machine) =>
      members === undefined
        ? []
        : [{ members: [machine, ...members.filter((member) => member !== machine)], cost: least[machine]! }],
    );
  }

  #forgetDear(): void {
    const { prices, times } = this.answer;
    const limit = leastOfColumns(this.columns, prices) + keptShare * this.#meanOdds;
    const isKept = this.columns.map((column) => costOf(column, prices) < limit);
    this.answer = { prices, times: times.filter((_, at) => isKept[at]) };
    this.columns = this.columns.filter((_, at) => isKept[at]);
    this.#keys = new Set(this.columns.map(({ members }) => members.join(' ')));
  }

  #add({ members, odds }: Column): void {
    const sorted = members.toSorted((a, b) => a - b);
    const key = sorted.join(' ');
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.columns.push({ members: sorted, odds });
  }
}
