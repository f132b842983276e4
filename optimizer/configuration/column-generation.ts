// Column generation (Gilmore & Gomory, 1961): solve the linear program of the groups known, ask at its prices for groups that
// would lower it, add them, again. Prices are smoothed, because those of single programs jump.

import { createRandom } from '../../datasets/index.ts';
import { type CompactOdds, oddsOfCopies } from './compact-odds.ts';
import { type Grouping, openPrices, paidFor, type Prices } from './grouping.ts';
import { leastSubset } from './least-subset.ts';
import { Outline } from './outline.ts';
import { type Proven, repairPrices } from './price-repair.ts';
import { Pricer } from './pricing.ts';
import { type Column, Master, type MasterAnswer, type Solver } from './solver.ts';

export interface GenerationQuestion {
  readonly grouping: Grouping;
  readonly odds: CompactOdds;
  readonly solver: Solver;
  /** Columns that can fill all groups together. */
  readonly start: readonly Column[];
  readonly seed: number | string;
  /** Programs solved at most. */
  readonly roundsMax: number;
  readonly counts?: Int32Array;
}

export interface Generated {
  readonly columns: readonly Column[];
  readonly times: Float64Array;
  /** Those with the best bound where one was proven on the way, else the program's last. */
  readonly prices: Prices;
  readonly value: number;
  /** What those prices prove, where the exact search was made. */
  readonly bound?: number;
}

/** Groups that pricing starts from in one round. */
const startsMax = 2000;
/** Share of the new prices in the smoothed ones. */
const smoothing = 0.4;
/** Three rounds that each lower the value by less than this share are the last. */
const progressMin = 2e-4;
/** Rounds with exact pricing, and the gap between program and bound at which they end. */
const provenRoundsMax = 5;
const provenGapMax = 0.002;

interface Generating extends GenerationQuestion {
  readonly outline: Outline;
}

/** Undefined when the start cannot fill all groups. */
export function generateColumns(question: GenerationQuestion): Generated | undefined {
  const { grouping, solver, start } = question;
  const unit = start.reduce((sum, column) => sum + column.odds, 0) / Math.max(1, start.length);
  const master = new Master(solver, grouping, unit);
  const outline = new Outline(question.odds, question.odds.weights);
  try {
    for (const column of start) master.add(column);
    const asked = { ...question, outline };
    const answer = searchRounds(asked, master);
    if (answer === undefined) return undefined;
    const { redundancy } = grouping;
    const proven = redundancy.k === 1 && redundancy.n <= 3 ? provenRounds(asked, { master, answer }) : answer;
    return { columns: [...master.columns], ...proven };
  } finally {
    master.dispose();
  }
}

/** Rounds with the search by exchanges, until they bring little. */
function searchRounds(question: Generating, master: Master): MasterAnswer | undefined {
  const { grouping, odds } = question;
  const random = createRandom(question.seed).fork('pricing');
  let answer = master.solve();
  let smoothed = answer?.prices;
  let idle = 0;
  for (let round = 0; answer !== undefined && round < question.roundsMax && idle < 3; round++) {
    smoothed = mix(smoothed!, answer.prices, smoothing);
    const pricer = new Pricer({ ...question, grouping, odds, prices: smoothed });
    const starts = startsOf(master.columns, answer.times, () => random.below(odds.machineCount));
    for (const members of starts) for (const column of pricer.descend(members)) master.add(column);
    const next = master.solve();
    if (next === undefined) break;
    idle = next.value < answer.value * (1 - progressMin) ? 0 : idle + 1;
    answer = next;
  }
  return answer;
}

/** Rounds with the exact search, at prices between those of the best bound and the program's (Wentges, 1997). */
function provenRounds(
  question: Generating,
  begun: { readonly master: Master; readonly answer: MasterAnswer },
): Omit<Generated, 'columns'> {
  const { grouping, odds } = question;
  const { master } = begun;
  let { answer } = begun;
  let best: Proven | undefined;
  for (let round = 0; round < provenRoundsMax; round++) {
    const prices = best === undefined ? answer.prices : mix(best.prices, answer.prices, 0.5);
    const least = leastSubset({
      odds,
      weights: odds.weights,
      prices: openPrices(grouping, prices),
      size: grouping.redundancy.n as 1 | 2 | 3,
      known: answer.value + paidFor(grouping, prices),
      byMachine: true,
      outline: question.outline,
      ...(question.counts === undefined ? {} : { counts: question.counts }),
      ...(grouping.apart === undefined ? {} : { apart: grouping.apart }),
    });
    const proven = repairPrices(grouping, { prices, ...least });
    if (best === undefined || proven.bound > best.bound) best = proven;
    if (answer.value <= best.bound * (1 + provenGapMax)) break;
    const pricer = new Pricer({ ...question, grouping, odds, prices });
    for (const members of least.others) {
      master.add({ members, odds: oddsOfCopies(odds, members) });
      for (const column of pricer.descend(members)) master.add(column);
    }
    answer = master.solve() ?? answer;
  }
  return best === undefined ? answer : { ...answer, prices: best.prices, bound: best.bound };
}

const mix = (a: Prices, b: Prices, share: number): Prices =>
  a.map((value, machine) => (1 - share) * value + share * b[machine]!);

/** The columns in use, each also with one member drawn anew. */
function startsOf(
  columns: readonly Column[],
  times: Float64Array,
  draw: () => number,
): readonly (readonly number[])[] {
  const used = columns.filter((_, index) => times[index]! > 1e-9).slice(0, startsMax);
  const shaken = used.map(({ members }) => {
    const drawn = draw();
    return members.includes(drawn) ? members : [drawn, ...members.slice(1)];
  });
  return [...used.map(({ members }) => members), ...shaken];
}
