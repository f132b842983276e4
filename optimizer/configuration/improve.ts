// A grouping and its certificate: climb, linear program, whole groups, climb again, and the proof of how far that is from the
// best. What the climb had is kept where the program does not do better.

import { chooseGroups } from '../groups.ts';
import { Neighbours } from '../scatter.ts';
import { unavailability } from '../survival.ts';
import { generateColumns, type GenerationQuestion } from './column-generation.ts';
import { type CompactOdds, compactOdds } from './compact-odds.ts';
import type { Certificate, Grouping, Prices } from './grouping.ts';
import { generateSoftly, sketchSoftly } from './large-fleet.ts';
import { lowerBound } from './lower-bound.ts';
import { roundInTurns } from './rest-groups.ts';
import { roundGroups } from './rounding.ts';
import type { Solver } from './solver.ts';
import { subsetPrices } from './subset-program.ts';

export interface ImproveQuestion extends Grouping {
  readonly solver: Solver;
  readonly seed: number | string;
  /** Whole groups to start from; default: those of a climb. */
  readonly start?: readonly (readonly number[])[];
  /** `groups`: the start stays as it is and only gets its certificate, as it does with pins or a budget of moves. Default `nothing`. */
  readonly keep?: 'nothing' | 'groups';
  /** Linear programs solved at most; default 40. */
  readonly roundsMax?: number;
}

export interface CertifiedGroups {
  readonly groups: readonly (readonly number[])[];
  readonly certificate: Certificate;
}

const roundsDefault = 40;
/** Above it one program takes the simplex method longer (50 s for 3,000 machines) than soft prices take in all. */
const simplexMachinesMax = 1200;

/** Groups within the capacities, at least as good as the start, with the bound that the last prices give. */
export function certifiedGroups(question: ImproveQuestion): CertifiedGroups {
  const { states, redundancy, capacities } = question;
  const start = question.start ?? chooseGroups(question);
  const odds = compactOdds(states);
  const oddsOf = (members: readonly number[]): number => unavailability(states, { members, k: redundancy.k });
  const isLarge = odds.machineCount > simplexMachinesMax;
  const asked = (grouping: Grouping, groups: readonly (readonly number[])[]): GenerationQuestion => ({
    grouping,
    odds,
    solver: question.solver,
    start: groups.map((members) => ({ members, odds: oddsOf(members) })),
    seed: question.seed,
    roundsMax: question.roundsMax ?? roundsDefault,
  });
  const generated = (isLarge ? generateSoftly : generateColumns)(asked(question, start));
  if (generated === undefined)
    return certify(question, { odds, groups: start, prices: new Float64Array(capacities.length) });
  const sum = (groups: readonly (readonly number[])[]): number =>
    groups.reduce((total, members) => total + oddsOf(members), 0);
  const round = (): readonly (readonly number[])[] =>
    isLarge
      ? roundInTurns(generated, {
          grouping: question,
          begin: (rest) => chooseGroups({ ...question, ...rest, start: [] }),
          sketch: (rest, groups) => sketchSoftly(asked(rest, groups)),
        })
      : roundGroups(generated, question);
  const rounded = mustStay(question) ? start : wholeGroups(question, round());
  const groups = sum(rounded) < sum(start) && isWide(question, rounded) ? rounded : start;
  if (redundancy.k > 1) {
    const prices = subsetPrices({ ...question, grouping: question, odds, groups: start });
    return certify(question, { odds, groups, prices: prices ?? generated.prices });
  }
  return certify(question, { odds, groups, ...generated });
}

/** Pins and budgets of moves speak of the start's slots; whole groups of the program have others. */
const mustStay = ({ keep, pins = [], movedSlotsMax }: ImproveQuestion): boolean =>
  keep === 'groups' || pins.length > 0 || movedSlotsMax !== undefined;

/** Whether nobody has fewer neighbours than it must; the start was looked at before. */
function isWide(
  { scatterMin = 0, capacities }: ImproveQuestion,
  groups: readonly (readonly number[])[],
): boolean {
  if (scatterMin === 0) return true;
  const neighbours = new Neighbours(capacities.length, groups, scatterMin);
  return capacities.every((_, machine) => neighbours.lackOf(machine) === 0);
}

/** Gaps are filled, and all is climbed once more. */
function wholeGroups(
  question: ImproveQuestion,
  whole: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const start = Array.from({ length: question.groupCount }, (_, at) => whole[at] ?? []);
  return chooseGroups({ ...question, start });
}

/** The certificate of these groups at these prices, or at some share of them where that proves more. */
export function certify(
  grouping: Grouping,
  found: {
    readonly groups: readonly (readonly number[])[];
    readonly prices: Prices;
    readonly odds?: CompactOdds;
    /** What the prices are known to prove. */
    readonly bound?: number;
  },
): CertifiedGroups {
  const { states, redundancy } = grouping;
  const odds = found.odds ?? compactOdds(states);
  const sum = found.groups.reduce(
    (total, members) => total + unavailability(states, { members, k: redundancy.k }),
    0,
  );
  const value = found.groups.length === 0 ? 0 : sum / found.groups.length;
  // Where the bound is exact, the program's own prices are best; else lower ones can prove more.
  const shares = redundancy.k === 1 ? [1] : [1, 0.7, 0.4, 0];
  const tried = shares.map((share) => {
    const prices = found.prices.map((price) => share * price);
    return { prices, bound: found.bound ?? lowerBound({ ...grouping, odds }, prices) };
  });
  const best = tried.toSorted((a, b) => b.bound - a.bound)[0]!;
  return {
    groups: found.groups,
    certificate: {
      prices: best.prices,
      value,
      lowerBound: best.bound,
      gap: best.bound > 0 ? Math.max(0, value / best.bound - 1) : value > 0 ? Number.POSITIVE_INFINITY : 0,
    },
  };
}
