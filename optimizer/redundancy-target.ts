// Which (k, n) meets a target of availability at least bytes: each candidate's groups are chosen by the shipped climb, on a sample
// of the fleet, and its odds computed. What packs have already stays unless something else is clearly better.

import { createRandom } from '../datasets/index.ts';
import { chooseGroups, type GroupsQuestion } from './groups.ts';
import type { PlacementClass, Plan, Redundancy } from './plan.ts';
import { capacitiesFor, type ClassShape, groupCountFor } from './redundancy.ts';
import { type States, statesOfHours } from './states.ts';
import { unavailability } from './survival.ts';

export interface AvailabilityTarget {
  /** Share of packs that should be within reach, 0..1: 0.9999 for "99.99 %". */
  readonly share: number;
  /** Business hours are Monday to Friday, 8 to 18. */
  readonly hours: 'business' | 'all';
}

/** What is asked for where no admin said anything. */
export const targetDefault: AvailabilityTarget = { share: 0.999, hours: 'business' };

export interface TargetQuestion {
  readonly states: States;
  /** N values in the order of the states: bytes that each machine gives. */
  readonly givenBytes: readonly number[];
  readonly method: NonNullable<GroupsQuestion['method']>;
  readonly previous: Plan | undefined;
  readonly target: AvailabilityTarget;
  readonly seed: number | string;
  /** Members that a group may have, by the limit on scatter width; absent: no limit. */
  readonly membersMax?: number;
}

export interface TargetChoice {
  /** Classes for new packs. */
  readonly shapes: readonly ClassShape[];
  readonly notes: readonly string[];
}

/** Smaller fleets have too few machines to choose: their size decides (`redundancyForFleet`). */
export const targetedMachinesMin = 12;
/** A climb on so many machines takes a second, and packs of a larger fleet fare as those of a part of it. */
const sampledMachinesMax = 60;
/** A code in use stays while its odds are within this factor of what is allowed, and it takes no more than so many times the bytes. */
const kept = { oddsFactor: 1.5, bytesFactor: 1.2 } as const;

/**
 * Cheapest first, of as many bytes the one with fewer shards. At least two shards and a third of all may be lost: a target
 * for office hours must not make data easier to lose for good.
 */
const candidates: Readonly<Record<PlacementClass['name'], readonly Redundancy[]>> = {
  small: [
    { k: 1, n: 3 },
    { k: 1, n: 4 },
    { k: 1, n: 5 },
  ],
  bulk: [
    { k: 4, n: 6 },
    { k: 6, n: 9 },
    { k: 8, n: 12 },
    { k: 4, n: 7 },
    { k: 8, n: 14 },
    { k: 4, n: 8 },
    { k: 6, n: 12 },
    { k: 4, n: 10 },
    { k: 1, n: 3 },
    { k: 1, n: 4 },
    { k: 1, n: 5 },
  ],
};

const bytesFactorOf = ({ k, n }: Redundancy): number => n / k;

/** A class and its expected odds of being out of reach in the target's hours. */
interface Rated {
  readonly redundancy: Redundancy;
  readonly odds: number;
}

/**
 * Classes for new packs; undefined for fleets of fewer than 12 machines that give something. Every owner must find groups without
 * it, so no group takes more than two thirds of the machines.
 */
export function redundanciesForTarget(question: TargetQuestion): TargetChoice | undefined {
  const givers = question.givenBytes.filter((bytes) => bytes > 0).length;
  if (givers < targetedMachinesMin) return undefined;
  const sample = sampleOf(question);
  const chosen = (['small', 'bulk'] as const).map((name) => {
    const fitting = candidates[name].filter(
      ({ n }) => n <= (2 / 3) * givers && n <= (question.membersMax ?? n),
    );
    const before = question.previous?.classes.find((one) => one.name === name)?.redundancy;
    // Where not even the smallest fits the limit, the classes refuse it by name.
    const some = fitting.length === 0 ? candidates[name].slice(0, 1) : fitting;
    return { name, ...choose(some, before, { ...question, sample }) };
  });
  return {
    shapes: chosen.map(({ name, rated }) => ({ name, redundancy: rated.redundancy })),
    notes: chosen.map(({ name, rated, cheaper }) =>
      noteOf(name, rated, { cheaper, target: question.target }),
    ),
  };
}

interface Sample {
  readonly states: States;
  readonly givenBytes: readonly number[];
}

/** Some machines of the fleet that give something, in the target's hours. */
function sampleOf({ states, givenBytes, target, seed }: TargetQuestion): Sample {
  const within =
    target.hours === 'all'
      ? states
      : (statesOfHours(states, ({ isBusinessHour }) => isBusinessHour) ?? states);
  const random = createRandom(seed).fork('sample for the target');
  const columns = [...givenBytes.keys()]
    .filter((column) => givenBytes[column]! > 0)
    .map((column) => ({ column, order: random.fraction() }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, sampledMachinesMax)
    .map(({ column }) => column)
    .toSorted((a, b) => a - b);
  return {
    states: {
      ...within,
      machines: columns.map((column) => within.machines[column]!),
      down: within.down.map((odds) => Float64Array.from(columns, (column) => odds[column]!)),
    },
    givenBytes: columns.map((column) => givenBytes[column]!),
  };
}

type RatingQuestion = Pick<TargetQuestion, 'method' | 'seed' | 'target'> & { readonly sample: Sample };

interface Choice {
  readonly rated: Rated;
  /** The last of fewer bytes that misses the target. */
  readonly cheaper: Rated | undefined;
}

function choose(
  fitting: readonly Redundancy[],
  before: Redundancy | undefined,
  question: RatingQuestion,
): Choice {
  const allowed = 1 - question.target.share;
  let [best, cheaper]: (Rated | undefined)[] = [];
  for (const redundancy of fitting) {
    const rated = { redundancy, odds: oddsOf(redundancy, question) };
    if (rated.odds <= allowed) {
      best = rated;
      break;
    }
    if (cheaper === undefined || rated.odds < cheaper.odds) cheaper = rated;
  }
  // Where nothing meets the target, what comes nearest serves.
  const found = best ?? cheaper!;
  if (before === undefined || isSame(before, found.redundancy)) return { rated: found, cheaper };
  const own = { redundancy: before, odds: oddsOf(before, question) };
  const isGoodEnough = own.odds <= kept.oddsFactor * Math.max(allowed, found.odds);
  const isCheapEnough = bytesFactorOf(before) <= kept.bytesFactor * bytesFactorOf(found.redundancy);
  return { rated: isGoodEnough && isCheapEnough ? own : found, cheaper };
}

const isSame = (a: Redundancy, b: Redundancy): boolean => a.k === b.k && a.n === b.n;

/** Mean odds of the groups that the climb makes of the sample; 1 where it has too few machines. */
function oddsOf(redundancy: Redundancy, { sample, method, seed }: RatingQuestion): number {
  const { states, givenBytes } = sample;
  const groupCount = groupCountFor(givenBytes.length, redundancy);
  if (groupCount === 0) return 1;
  const capacities = capacitiesFor(givenBytes, { groupCount, n: redundancy.n });
  const groups = chooseGroups({ states, redundancy, groupCount, capacities, method, seed });
  const sum = groups.reduce(
    (total, members) => total + unavailability(states, { members, k: redundancy.k }),
    0,
  );
  return groups.length === 0 ? 1 : sum / groups.length;
}

const percentOf = (odds: number): string =>
  `${(100 * (1 - odds)).toFixed(Math.min(6, Math.max(2, Math.ceil(-Math.log10(Math.max(odds, 1e-9))) - 1)))} %`;
const textOf = ({ k, n }: Redundancy): string => (k === 1 ? `${n} copies` : `any ${k} of ${n}`);

function noteOf(
  name: PlacementClass['name'],
  { redundancy, odds }: Rated,
  { cheaper, target }: { readonly cheaper: Rated | undefined; readonly target: AvailabilityTarget },
): string {
  const when = target.hours === 'all' ? 'at all hours' : 'in business hours';
  const wanted = `the target of ${Number((100 * target.share).toPrecision(9))} % ${when}`;
  const expected = `New ${name} packs are kept as ${textOf(redundancy)}, ${percentOf(odds)} of them expected within reach`;
  if (odds > kept.oddsFactor * (1 - target.share))
    return `${expected}: ${wanted} is out of reach for this fleet.`;
  return cheaper === undefined || bytesFactorOf(cheaper.redundancy) >= bytesFactorOf(redundancy)
    ? `${expected}, for ${wanted}.`
    : `${expected}, for ${wanted}; ${textOf(cheaper.redundancy)} would be ${percentOf(cheaper.odds)}.`;
}
