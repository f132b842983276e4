import test from 'ava';
import { createRandom } from '../../datasets/index.ts';
import { type Redundancy, type States, statesFromForecast, unavailability } from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const draws = 200_000;

/** Share of drawn hours in which fewer than k of the members are up: a state by its weight, then each member by its odds. */
function sampledShare(
  states: States,
  { members, k }: { readonly members: readonly number[]; readonly k: number },
): number {
  const random = createRandom('tail');
  let failed = 0;
  for (let draw = 0; draw < draws; draw++) {
    let left = random.fraction();
    let state = 0;
    while (state < states.weights.length - 1 && left >= states.weights[state]!)
      left -= states.weights[state++]!;
    const up = members.filter((member) => random.fraction() >= states.down[state]![member]!).length;
    if (up < k) failed++;
  }
  return failed / draws;
}

const shapes: readonly Redundancy[] = [
  { k: 1, n: 3 },
  { k: 2, n: 3 },
  { k: 4, n: 6 },
  { k: 3, n: 8 },
];

for (const { k, n } of shapes) {
  test(`the odds of any ${k} of ${n} are those of drawn hours, within five standard errors`, (t) => {
    const states = statesFromForecast(fleetForecast({ machineCount: 12, stratumCount: 4, seed: 8 }));
    const members = Array.from({ length: n }, (_, slot) => slot);
    const odds = unavailability(states, { members, k });
    const sampled = sampledShare(states, { members, k });
    const error = Math.sqrt((odds * (1 - odds)) / draws);
    t.true(odds > 0 && Math.abs(sampled - odds) <= 5 * error, `${sampled} drawn, ${odds} computed`);
  });
}
