// The program of a fleet too large for the simplex method: columns by exchanges at soft prices, colder from round to round, and
// the exact search at the end, which asks only whether any group is below what is to be proven.

import { createRandom } from '../../datasets/index.ts';
import { type Generated, type GenerationQuestion, oddsOfCopies } from './column-generation.ts';
import { openPrices, paidFor, type Prices, safeBound } from './grouping.ts';
import { leastSubset } from './least-subset.ts';
import { Outline } from './outline.ts';
import { Pricer } from './pricing.ts';
import { leastOfColumns, type SoftAnswer, softPrices } from './soft-prices.ts';
import type { Column } from './solver.ts';

/** Rounds of prices and columns; the prices are as cold as they get after the last. */
const roundsMax = 8;
/** Groups that pricing starts from in one round. */
const startsMax = 4000;
/** Times that an exchange goes over the slots of one group. */
const descentRounds = 2;
/** Passes of the soft prices in the first round and in each later one. */
const firstPasses = 500;
const passes = 200;
/** Temperatures as shares of the mean odds: the first, its fall from round to round, and the last. */
const firstHeat = 0.5;
const heatFall = 0.5;
const lastHeat = 0.003;
/** Exact searches, and by how much the bound that each asks for is below the one that the columns allow. */
const proofsMax = 2;
const proofSlacks = [0.02, 0.03] as const;
/** Columns that one exact search adds. */
const provenColumnsMax = 5000;

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
  readonly columns: Column[] = [];
  answer: SoftAnswer;
  readonly #question: GenerationQuestion;
  readonly #outline: Outline;
  readonly #keys = new Set<string>();
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

  /** Rounds of exchanges, from far apart prices to close ones. */
  cool(): void {
    const random = createRandom(this.#question.seed).fork('soft pricing');
    for (let round = 0; round < roundsMax; round++) {
      const pricer = this.#pricer(this.answer.prices);
      for (const start of this.#starts((below) => random.below(below)))
        for (const column of pricer.descend(start, descentRounds)) this.#add(column);
      this.answer = this.#reprice(this.answer.prices, passes);
    }
  }

  /** The best bound of a few exact searches, each with the columns that the one before it missed. */
  prove(): { readonly prices: Prices; readonly bound: number } | undefined {
    const { grouping } = this.#question;
    let best: { readonly prices: Prices; readonly bound: number } | undefined;
    for (let round = 0; round < proofsMax; round++) {
      const { prices } = this.answer;
      const asked = leastOfColumns(this.columns, prices) - proofSlacks[round]! * this.#meanOdds;
      const found = this.#search(prices, asked);
      const bound = safeBound(found.value, paidFor(grouping, prices));
      if (best === undefined || bound > best.bound) best = { prices, bound };
      if (found.members === undefined) break;
      this.#take([found.members, ...found.others]);
      this.answer = this.#reprice(prices, passes);
    }
    return best;
  }

  #search(prices: Prices, known: number): ReturnType<typeof leastSubset> {
    const { grouping, odds, counts } = this.#question;
    return leastSubset({
      odds,
      weights: odds.weights,
      prices: openPrices(grouping, prices),
      size: grouping.redundancy.n as 1 | 2 | 3,
      known,
      othersMax: provenColumnsMax,
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
    this.#heat = Math.max(lastHeat * this.#meanOdds, from * heatFall);
    const { grouping } = this.#question;
    return softPrices({ grouping, columns: this.columns, prices, passes: passCount, from, to: this.#heat });
  }

  /** The columns taken most, each with one member drawn anew. */
  #starts(draw: (below: number) => number): readonly (readonly number[])[] {
    const { times } = this.answer;
    const order = [...times.keys()].toSorted((a, b) => times[b]! - times[a]! || a - b);
    return order.slice(0, startsMax).map((at) => {
      const { members } = this.columns[at]!;
      const drawn = draw(this.#question.odds.machineCount);
      // The first slot is chosen anew anyway.
      return at % 2 === 0 || members.includes(drawn) ? members : [members[0]!, drawn, ...members.slice(2)];
    });
  }

  #add({ members, odds }: Column): void {
    const sorted = members.toSorted((a, b) => a - b);
    const key = sorted.join(' ');
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.columns.push({ members: sorted, odds });
  }
}
