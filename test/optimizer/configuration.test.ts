import test from 'ava';
import fc from 'fast-check';
import {
  certifiedGroups,
  compactOdds,
  type Grouping,
  leastColumn,
  leastSubset,
  loadSolver,
  lowerBound,
  type Redundancy,
  type States,
  statesFromForecast,
  unavailability,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const solver = await loadSolver();

const statesOf = (machineCount: number, seed: number): States =>
  statesFromForecast(fleetForecast({ machineCount, stratumCount: 3, seed }));

/** All sets of `size` of the columns from `from` on. */
function setsOf(count: number, size: number, from = 0): readonly (readonly number[])[] {
  if (size === 0) return [[]];
  return Array.from({ length: Math.max(0, count - from) }, (_, index) => from + index).flatMap((first) =>
    setsOf(count, size - 1, first + 1).map((rest) => [first, ...rest]),
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The least mean odds of any grouping within the capacities, by trying all of them. */
function bestMean({ states, redundancy, groupCount, capacities }: Grouping): number {
  const columns = setsOf(states.machines.length, redundancy.n).map((members) => ({
    members,
    odds: unavailability(states, { members, k: redundancy.k }),
  }));
  const room = [...capacities];
  const best = (left: number, from: number): number => {
    if (left === 0) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [index, { members, odds }] of columns.entries()) {
      if (index < from || members.some((member) => room[member]! <= 0)) continue;
      for (const member of members) room[member]!--;
      least = Math.min(least, odds + best(left - 1, index));
      for (const member of members) room[member]!++;
    }
    return least;
  };
  return best(groupCount, 0) / groupCount;
}

const redundancy = fc.constantFrom<Redundancy>(
  { k: 1, n: 2 },
  { k: 1, n: 3 },
  { k: 2, n: 3 },
  { k: 2, n: 4 },
  { k: 1, n: 4 },
);

const prices = fc.array(fc.double({ min: 0, max: 0.02, noNaN: true }), { minLength: 8, maxLength: 8 });
const seed = fc.integer({ min: 0, max: 999 });

test('no set of machines is below the proven minimum, and for up to three copies one reaches it', (t) => {
  fc.assert(
    fc.property(redundancy, prices, seed, (wanted, given, drawn) => {
      const states = statesOf(8, drawn);
      const alpha = Float64Array.from(given);
      const costs = setsOf(8, wanted.n).map(
        (members) =>
          unavailability(states, { members, k: wanted.k }) + sum(members.map((member) => alpha[member]!)),
      );
      const least = Math.min(...costs);
      const grouping = { states, redundancy: wanted, groupCount: 4, capacities: given.map(() => 2) };
      const proven = leastColumn(grouping, alpha);
      const isExact = wanted.k === 1 && wanted.n <= 3;
      return proven <= least * (1 + 1e-9) && (!isExact || proven >= least * (1 - 1e-9));
    }),
    { numRuns: 150 },
  );
  t.pass();
});

test('labels are respected by the proven minimum: it is that of the sets which they allow', (t) => {
  fc.assert(
    fc.property(prices, seed, (given, drawn) => {
      const states = statesOf(8, drawn);
      const labels = Int32Array.from(given, (_, machine) => (machine % 4) - 1);
      const allowed = setsOf(8, 3).filter((members) => {
        const some = members.map((member) => labels[member]!).filter((label) => label >= 0);
        return new Set(some).size === some.length;
      });
      const least = Math.min(
        ...allowed.map(
          (members) =>
            unavailability(states, { members, k: 1 }) + sum(members.map((member) => given[member]!)),
        ),
      );
      const odds = compactOdds(states);
      const found = leastSubset({
        odds,
        weights: odds.weights,
        prices: Float64Array.from(given),
        size: 3,
        apart: [labels],
      });
      return (
        Math.abs(found.value - least) <= 1e-9 * least && allowed.some((set) => sameSet(set, found.members!))
      );
    }),
    { numRuns: 80 },
  );
  t.pass();
});

const sameSet = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((one) => b.includes(one));

test('bound ≤ best of all groupings ≤ what is found, at any prices and at those of the program', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom<Redundancy>({ k: 1, n: 2 }, { k: 1, n: 3 }, { k: 2, n: 3 }),
      prices,
      seed,
      (wanted, given, drawn) => {
        const states = statesOf(6, drawn);
        const capacities = given.slice(0, 6).map((price) => (price > 0.01 ? 3 : 2));
        const grouping: Grouping = { states, redundancy: wanted, groupCount: 4, capacities };
        const best = bestMean(grouping);
        const { groups, certificate } = certifiedGroups({ ...grouping, solver, seed: drawn });
        const loads = capacities.map((_, machine) => groups.flat().filter((one) => one === machine).length);
        const slack = 1 + 1e-9;
        return (
          groups.length === 4 &&
          loads.every((load, machine) => load <= capacities[machine]!) &&
          certificate.lowerBound <= best * slack &&
          best <= certificate.value * slack &&
          lowerBound(grouping, Float64Array.from(given.slice(0, 6))) <= best * slack
        );
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});

test('three copies on thirty machines come within a hundredth of their bound', (t) => {
  const states = statesOf(30, 5);
  const capacities = states.machines.map(() => 8);
  const question = { states, redundancy: { k: 1, n: 3 }, groupCount: 50, capacities, seed: 1 };
  const { certificate } = certifiedGroups({ ...question, solver });
  t.true(certificate.gap <= 0.01, `the gap is ${certificate.gap}`);
});

test('the same seed gives the same groups and the same prices', (t) => {
  const states = statesOf(20, 3);
  const capacities = states.machines.map(() => 6);
  const question = { states, redundancy: { k: 1, n: 3 }, groupCount: 30, capacities, seed: 7, solver };
  t.deepEqual(certifiedGroups(question), certifiedGroups(question));
});
