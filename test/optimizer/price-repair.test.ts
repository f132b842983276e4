import test from 'ava';
import fc from 'fast-check';
import { compactOdds, leastSubset, lowerBound, statesFromForecast } from '../../optimizer/index.ts';
import { openPrices, paidFor, safeBound } from '../../optimizer/configuration/grouping.ts';
import { repairPrices } from '../../optimizer/configuration/price-repair.ts';
import { fleetForecast } from './fleet-forecast.ts';

test('prices that are mended prove what is said, and never less than they did before', (t) => {
  const machineCount = 30;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 99 }),
      fc.array(fc.double({ min: 0, max: 2e-4, noNaN: true }), { minLength: 30, maxLength: 30 }),
      fc.double({ min: 1, max: 1.5, noNaN: true }),
      (seed, given, share) => {
        const states = statesFromForecast(fleetForecast({ machineCount, stratumCount: 3, seed }));
        const odds = compactOdds(states);
        const capacities = given.map((_, machine) => (machine % 7 === 0 ? 0 : 3 + (machine % 3)));
        const grouping = { states, redundancy: { k: 1, n: 3 }, groupCount: machineCount, capacities };
        const prices = Float64Array.from(given);
        const search = {
          odds,
          weights: odds.weights,
          prices: openPrices(grouping, prices),
          size: 3 as const,
        };
        const least = leastSubset(search).value;
        const { leastOfDearest } = leastSubset({ ...search, known: share * least, byMachine: true });
        const mended = repairPrices(grouping, { prices, leastOfDearest });
        return (
          mended.bound >= safeBound(least, paidFor(grouping, prices)) * (1 - 1e-9) &&
          lowerBound({ ...grouping, odds }, mended.prices) >= mended.bound * (1 - 1e-6) &&
          mended.prices.every((price, machine) => price >= prices[machine]!)
        );
      },
    ),
    { numRuns: 40 },
  );
  t.pass();
});
