import test from 'ava';
import fc from 'fast-check';
import { compactOdds, statesFromForecast, leastSubset } from '../../optimizer/index.ts';
import { Outline, type Weighing } from '../../optimizer/configuration/outline.ts';
import { Runs } from '../../optimizer/configuration/runs.ts';
import { ThirdSearch } from '../../optimizer/configuration/third-search.ts';
import { createRandom } from '../../datasets/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const seed = fc.integer({ min: 0, max: 999 });
const machineCount = 50;

const oddsOf = (drawn: number, count = machineCount): ReturnType<typeof compactOdds> =>
  compactOdds(
    statesFromForecast(fleetForecast({ machineCount: count, shockCount: 9, stratumCount: 4, seed: drawn })),
  );

/** Σ_k v_k Q_ki, state by state. */
const productOf = (vector: Float64Array, row: Float64Array): number =>
  vector.reduce((sum, value, state) => sum + value * row[state]!, 0);

interface Drawn {
  readonly odds: ReturnType<typeof compactOdds>;
  readonly prices: Float64Array;
  readonly order: readonly number[];
  readonly outline: Outline;
  readonly pair: readonly [number, number];
  readonly product: Float64Array;
  readonly from: number;
  readonly limit: number;
}

/** A pair, and a limit below which about half of all thirds are. */
function draw(drawn: number, count = machineCount): Drawn {
  const odds = oddsOf(drawn, count);
  const random = createRandom(drawn);
  const prices = Float64Array.from(odds.rows, () => 1e-3 * random.fraction());
  const order = [...prices.keys()].toSorted((a, b) => prices[b]! - prices[a]!);
  const pair = [random.below(count), random.below(count)] as const;
  const product = odds.weights.map((weight, state) =>
    pair.reduce((whole, machine) => whole * odds.rows[machine]![state]!, weight),
  );
  const costs = odds.rows.map((row, machine) => prices[machine]! + productOf(product, row));
  const limit = costs.toSorted((a, b) => a - b)[Math.floor(count * random.fraction())]!;
  const outline = new Outline(odds, odds.weights);
  return { odds, prices, order, outline, pair, product, from: random.below(count), limit };
}

/** Machines at a place in the order or later that cost less than the limit. */
const cheapIn = ({ odds, prices, order, product, limit }: Drawn, from: number): readonly number[] =>
  order
    .slice(from)
    .filter((machine) => prices[machine]! + productOf(product, odds.rows[machine]!) < limit * (1 - 1e-9));

test('runs of machines leave out none that is below the limit, whoever is before it in the order', (t) => {
  fc.assert(
    fc.property(seed, fc.constantFrom(7, machineCount, 1300), (drawn, count) => {
      const question = draw(drawn, count);
      const { outline, order, prices, pair, product, limit, from } = question;
      const runs = new Runs(outline, order, prices);
      const seen = (weighing: Weighing): ReadonlySet<number> => {
        const machines = new Set<number>();
        let at = runs.next(runs.startOf(from), weighing, { limit, from });
        for (; at < count; at = runs.next(at + 1, weighing, { limit, from }))
          machines.add(runs.machines[at]!);
        return machines;
      };
      const weighing = outline.pairWeighing(pair);
      outline.weighPair(0, 1, weighing);
      const ofPair = seen(weighing);
      outline.weigh(product, weighing);
      const ofProduct = seen(weighing);
      return (
        cheapIn(question, from).every((machine) => ofPair.has(machine) && ofProduct.has(machine)) &&
        order.slice(0, from).every((machine) => !ofPair.has(machine) && !ofProduct.has(machine))
      );
    }),
    { numRuns: 40 },
  );
  t.pass();
});

test('every third that brings a pair below the limit is shown, and its odds are those of all states', (t) => {
  fc.assert(
    fc.property(seed, (drawn) => {
      const question = draw(drawn);
      const { odds, pair, product, from, limit } = question;
      const thirds = new ThirdSearch({ ...question, weights: odds.weights });
      const shown = new Map<number, number>();
      thirds.seek(pair, { from, limit }, (machine) => {
        shown.set(machine, thirds.oddsWith(machine));
        return limit;
      });
      return (
        cheapIn(question, from).every((machine) => shown.has(machine)) &&
        [...shown].every(([machine, value]) => {
          const whole = productOf(product, odds.rows[machine]!);
          return Math.abs(value - whole) <= 1e-9 * whole;
        })
      );
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test('a third search whose limit falls to the best one found ends with the cheapest third', (t) => {
  fc.assert(
    fc.property(seed, (drawn) => {
      const question = draw(drawn);
      const { odds, prices, pair, product } = question;
      const thirds = new ThirdSearch({ ...question, weights: odds.weights });
      let least = Number.POSITIVE_INFINITY;
      thirds.seek(pair, { from: 0, limit: least }, (machine) => {
        least = Math.min(least, prices[machine]! + thirds.oddsWith(machine));
        return least;
      });
      const costs = odds.rows.map((row, machine) => prices[machine]! + productOf(product, row));
      return Math.abs(least - Math.min(...costs)) <= 1e-9 * least;
    }),
    { numRuns: 60 },
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
