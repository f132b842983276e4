import test from 'ava';
import fc from 'fast-check';
import { compactOdds, statesFromForecast, leastSubset } from '../../optimizer/index.ts';
import { Outline, type Weighing } from '../../optimizer/configuration/outline.ts';
import { leastOf, Runs } from '../../optimizer/configuration/runs.ts';
import { createRandom } from '../../datasets/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const seed = fc.integer({ min: 0, max: 999 });
const machineCount = 50;

const oddsOf = (drawn: number): ReturnType<typeof compactOdds> =>
  compactOdds(
    statesFromForecast(fleetForecast({ machineCount, shockCount: 9, stratumCount: 4, seed: drawn })),
  );

/** Σ_k v_k Q_ki, state by state. */
const productOf = (vector: Float64Array, row: Float64Array): number =>
  vector.reduce((sum, value, state) => sum + value * row[state]!, 0);

test('what a machine or its run weighs at least is never more than what it weighs', (t) => {
  fc.assert(
    fc.property(seed, (drawn) => {
      const odds = oddsOf(drawn);
      const random = createRandom(drawn);
      const prices = Float64Array.from(odds.rows, () => 0.01 * random.fraction());
      const order = [...prices.keys()].toSorted((a, b) => prices[a]! - prices[b]!);
      const outline = new Outline(odds, odds.weights);
      const runs = new Runs(outline, order, prices);
      const [i, j] = [random.below(machineCount), random.below(machineCount)];
      const pair = odds.weights.map(
        (weight, state) => weight * odds.rows[i]![state]! * odds.rows[j]![state]!,
      );
      const weighing: Weighing = { level: 0, unevenness: 0, extra: 0 };
      const holds = (): boolean =>
        order.every((machine, at) => {
          const whole = productOf(pair, odds.rows[machine]!) * (1 + 1e-12);
          const run = Math.floor(at / runs.runLength);
          return (
            leastOf(outline, weighing, machine) <= whole &&
            runs.leastIn(run, weighing) <= whole + prices[machine]!
          );
        });
      outline.weighPair(i, j, weighing);
      const isPairBelow = holds();
      outline.weigh(pair, weighing);
      return isPairBelow && holds();
    }),
    { numRuns: 25 },
  );
  t.pass();
});

test('a search that is content with less says what is proven, and finds the cheapest set when one is below', (t) => {
  fc.assert(
    fc.property(seed, fc.double({ min: 0.5, max: 1.5, noNaN: true }), (drawn, share) => {
      const odds = oddsOf(drawn);
      const random = createRandom(drawn);
      const prices = Float64Array.from(odds.rows, () => 1e-3 * random.fraction());
      const question = { odds, weights: odds.weights, prices, size: 3 as const };
      const least = naiveLeast(question);
      const known = share * least;
      const found = leastSubset({ ...question, known });
      const isBelow = known > least * (1 + 1e-9);
      return (
        Math.abs(found.value - Math.min(known, least)) <= 1e-9 * least &&
        (found.members !== undefined) === isBelow
      );
    }),
    { numRuns: 6 },
  );
  t.pass();
});

test('by machine a search says what the cheapest set costs of which each is the dearest, up to what it was asked', (t) => {
  fc.assert(
    fc.property(seed, fc.double({ min: 0.9, max: 1.5, noNaN: true }), (drawn, share) => {
      const odds = oddsOf(drawn);
      const random = createRandom(drawn);
      const prices = Float64Array.from(odds.rows, () => 1e-3 * random.fraction());
      const question = { odds, weights: odds.weights, prices, size: 3 as const };
      const costs = naiveCosts(question);
      const known = share * Math.min(...costs.map(({ cost }) => cost));
      const { leastOfDearest, others } = leastSubset({ ...question, known, byMachine: true });
      const naive = new Float64Array(machineCount).fill(known);
      for (const { members, cost } of costs) {
        const dearest = members.reduce((a, b) => (prices[b]! > prices[a]! ? b : a));
        naive[dearest] = Math.min(naive[dearest]!, cost);
      }
      return (
        naive.every((cost, machine) => Math.abs(cost - leastOfDearest[machine]!) <= 1e-9 * known) &&
        new Set(others.map(([dearest]) => dearest)).size === naive.filter((cost) => cost < known).length
      );
    }),
    { numRuns: 6 },
  );
  t.pass();
});

function naiveLeast(question: Parameters<typeof naiveCosts>[0]): number {
  return naiveCosts(question).reduce((least, { cost }) => Math.min(least, cost), Number.POSITIVE_INFINITY);
}

/** Of all triples. */
function naiveCosts({
  odds,
  prices,
}: {
  readonly odds: ReturnType<typeof compactOdds>;
  readonly prices: Float64Array;
}): readonly { readonly members: readonly number[]; readonly cost: number }[] {
  const costs: { readonly members: readonly number[]; readonly cost: number }[] = [];
  for (let i = 0; i < machineCount; i++) {
    for (let j = i + 1; j < machineCount; j++) {
      const price = prices[i]! + prices[j]!;
      const pair = odds.weights.map(
        (weight, state) => weight * odds.rows[i]![state]! * odds.rows[j]![state]!,
      );
      for (let l = j + 1; l < machineCount; l++)
        costs.push({ members: [i, j, l], cost: price + prices[l]! + productOf(pair, odds.rows[l]!) });
    }
  }
  return costs;
}
