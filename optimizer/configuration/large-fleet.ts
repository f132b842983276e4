// The program of a fleet too large for the simplex method: columns by exchanges at soft prices, colder from round to round, and
// the exact search at the end, which asks only whether any group is below what is to be proven.

import type { Generated, GenerationQuestion } from './column-generation.ts';
import { oddsOfCopies } from './compact-odds.ts';
import { openPrices, type Prices } from './grouping.ts';
import { leastSubset } from './least-subset.ts';
import { Outline } from './outline.ts';
import { type Proven, repairPrices } from './price-repair.ts';
import { Pricer } from './pricing.ts';
import { costOf, leastOfColumns, type SoftAnswer, softPrices } from './soft-prices.ts';
import type { Column } from './solver.ts';

/** Rounds of prices and columns: more where there are more machines, each of which has to find the best others. */
const roundsFor = (machines: number): number => 10 + Math.ceil(machines / 500);
/** Times that an exchange goes over the slots of one group. */
const descentRounds = 2;
/** Passes of the soft prices in the first round, in each later one, and before a search. */
const firstPasses = 500;
const passes = 300;
const lastPasses = 3000;
/** Temperatures as shares of the mean odds: the first, its fall from round to round, the least while columns are sought, and the last. */
const firstHeat = 0.5;
const heatFall = 0.5;
const leastHeat = 0.008;
const lastHeat = 0.0004;
/** Columns dearer than the cheapest one by this share of the mean odds are forgotten: nobody takes them at the least temperature. */
const keptShare = 0.4;
/** Exact searches. */
const proofsMax = 2;
/** How far above the cheapest column they look, as a share of the mean odds: some groups are cheaper than that, most machines have none. */
const proofShare = 0.01;

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
    for (let round = roundsFor(this.#question.odds.machineCount); round > 0; round--) {
      const pricer = this.#pricer(this.answer.prices);
      for (const start of this.#cheapestOfEach())
        for (const column of pricer.descend(start, { rounds: descentRounds, keptSlots: 1 }))
          this.#add(column);
      this.answer = this.#reprice(this.answer.prices, passes);
      this.#forgetDear();
    }
    this.#settle(this.answer.prices);
  }

  /** The best bound of a few exact searches, each with the columns that the one before it missed. */
  prove(): Proven | undefined {
    const { grouping } = this.#question;
    let best: Proven | undefined;
    for (let round = 0; round < proofsMax; round++) {
      const { prices } = this.answer;
      const asked = leastOfColumns(this.columns, prices) + proofShare * this.#meanOdds;
      const found = this.#search(prices, asked);
      const proven = repairPrices(grouping, { prices, ...found });
      if (best === undefined || proven.bound > best.bound) best = proven;
      if (found.members === undefined) break;
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
  #cheapestOfEach(): readonly (readonly number[])[] {
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
      members === undefined ? [] : [[machine, ...members.filter((member) => member !== machine)]],
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
