import test from 'ava';
import fc from 'fast-check';
import { statesFromForecast } from '../../optimizer/index.ts';
import {
  costOf,
  leastOfColumns,
  softPrices,
  type SoftAnswer,
} from '../../optimizer/configuration/soft-prices.ts';
import { createRandom } from '../../datasets/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const machineCount = 12;
type Question = Parameters<typeof softPrices>[0];

/** Columns of three whose odds are far apart at the temperatures that the passes end with. */
function questionOf(seed: number): Question {
  const random = createRandom(seed);
  const columns = Array.from({ length: 150 }, () => {
    const first = random.below(machineCount - 2);
    const second = first + 1 + random.below(machineCount - first - 2);
    const third = second + 1 + random.below(machineCount - second - 1);
    return { members: [first, second, third], odds: random.fraction() };
  });
  const grouping = {
    states: statesFromForecast(fleetForecast({ machineCount, stratumCount: 1, seed })),
    redundancy: { k: 1, n: 3 },
    groupCount: machineCount,
    capacities: Array.from({ length: machineCount }, (_, machine) => (machine === 0 ? 0 : 3 + (machine % 3))),
  };
  const prices = Float64Array.from({ length: machineCount }, () => 0.3 * random.fraction());
  return { grouping, columns, prices, passes: 160, from: 0.2, to: 0.002 };
}

/** Pass by pass over all columns. */
function naiveSoftPrices({ grouping, columns, passes, from, to, prices: begin }: Question): SoftAnswer {
  const prices = Float64Array.from(begin);
  const times = new Float64Array(columns.length);
  const mean = new Float64Array(prices.length);
  const counted = passes / 4;
  for (let pass = 0; pass < passes; pass++) {
    const heat = from * (to / from) ** (pass / (passes - 1));
    const least = leastOfColumns(columns, prices);
    const parts = columns.map((column) => Math.exp((least - costOf(column, prices)) / heat));
    const sum = parts.reduce((whole, part) => whole + part, 0);
    for (const machine of prices.keys()) {
      const share = grouping.capacities[machine]! / grouping.groupCount;
      const used = columns.reduce(
        (whole, { members }, at) => whole + (members.includes(machine) ? parts[at]! / sum : 0),
        0,
      );
      if (share > 0)
        prices[machine] = Math.max(0, prices[machine]! + 0.3 * heat * Math.log(Math.max(0.02, used / share)));
    }
    if (pass < passes - counted) continue;
    for (const [at, part] of parts.entries()) times[at]! += (part / sum / counted) * grouping.groupCount;
    for (const machine of prices.keys()) mean[machine]! += prices[machine]! / counted;
  }
  return { prices: mean, times };
}

test('columns that are left out for being too dear change neither prices nor what is taken', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999 }), (seed) => {
      const question = questionOf(seed);
      const { prices, times } = softPrices(question);
      const naive = naiveSoftPrices(question);
      const isNear = (a: Float64Array, b: Float64Array): boolean =>
        a.every((value, at) => Math.abs(value - b[at]!) < 1e-6);
      return isNear(prices, naive.prices) && isNear(times, naive.times);
    }),
    { numRuns: 25 },
  );
  t.pass();
});
