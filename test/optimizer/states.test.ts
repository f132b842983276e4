import test from 'ava';
import fc from 'fast-check';
import { machineId } from '../../datasets/index.ts';
import { availabilities, statesFromForecast, withoutShocks } from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const shape = fc.record({
  machineCount: fc.integer({ min: 1, max: 12 }),
  shockCount: fc.integer({ min: 0, max: 120 }),
  stratumCount: fc.constantFrom(1, 24, 48),
  seed: fc.integer({ min: 0, max: 1000 }),
});

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

const isOdds = (value: number): boolean => value >= 0 && value <= 1;

test('weights are shares that sum to 1, odds are odds, and there are at most 800 states', (t) => {
  fc.assert(
    fc.property(shape, (asked) => {
      const states = statesFromForecast(fleetForecast(asked));
      return (
        Math.abs(sum(states.weights) - 1) < 1e-9 &&
        states.weights.every(isOdds) &&
        states.down.every((row) => row.length === asked.machineCount && row.every(isOdds)) &&
        states.weights.length <= 800 &&
        states.hourOfState.length === states.weights.length
      );
    }),
    { numRuns: 50 },
  );
  t.pass();
});

test('shocks with and without a state of their own leave each machine as available as the forecast says', (t) => {
  for (const shockCount of [0, 1, 4, 30, 200]) {
    const forecast = fleetForecast({ machineCount: 6, shockCount, stratumCount: 24 });
    const up = availabilities(statesFromForecast(forecast));
    for (const [row, share] of up.entries()) {
      const own = sum(
        forecast.strata.map(({ weight, downProbability }) => weight * (1 - downProbability[row]!)),
      );
      // Each machine is in one shock of the made-up fleet, so its odds multiply exactly.
      const spared = forecast.shocks.reduce(
        (odds, { probability, strike }) => odds * (1 - probability * strike[row]!),
        1,
      );
      t.true(Math.abs(share - own * spared * (1 - forecast.goneProbability[row]!)) < 1e-9);
    }
  }
});

test('two shocks may be on at once', (t) => {
  const forecast = fleetForecast({ machineCount: 6, shockCount: 2, stratumCount: 1 });
  const states = statesFromForecast(forecast);
  t.is(states.weights.length, 4);
  const [a, b] = forecast.shocks;
  t.true(Math.abs(states.weights[3]! - a!.probability * b!.probability) < 1e-12);
  t.true(states.down[3]!.every((down) => down > 0.9));
});

test('shocks that are on nearly always are scaled down, not refused', (t) => {
  const forecast = fleetForecast({ machineCount: 6, shockCount: 3, stratumCount: 1 });
  const shocks = forecast.shocks.map((shock) => ({ ...shock, probability: 0.9 }));
  const { weights } = statesFromForecast({ ...forecast, shocks });
  t.true(weights.every((weight) => weight >= 0));
  t.true(Math.abs(sum(weights) - 1) < 1e-12);
});

test('machines are picked and ordered as asked; an unknown one is as good as the mean', (t) => {
  const forecast = {
    ...fleetForecast({ machineCount: 5, shockCount: 0 }),
    goneProbability: new Float64Array(5),
  };
  const machines = [machineId('m3'), machineId('stranger'), machineId('m0')];
  const whole = availabilities(statesFromForecast(forecast));
  const states = statesFromForecast(forecast, machines);
  const [third, stranger, first] = availabilities(states);
  t.deepEqual(states.machines, machines);
  t.true(Math.abs(third! - whole[3]!) < 1e-12);
  t.true(Math.abs(first! - whole[0]!) < 1e-12);
  t.true(Math.abs(stranger! - sum(whole) / 5) < 1e-12);
});

test('who has left for good is down in every state, hours that were among them', (t) => {
  const known = fleetForecast({ machineCount: 3, shockCount: 1 });
  const down = [Float64Array.of(0.1, 0.2, 0.3), Float64Array.of(0, 0.9, 0.4)];
  const forecast = {
    ...known,
    goneProbability: Float64Array.of(1, 0, 0.5),
    pastHours: { share: 0.3, stratumOf: Int32Array.of(0, 0), down },
  };
  const states = statesFromForecast(forecast);
  t.true(states.down.every((odds) => Math.abs(odds[0]! - 1) < 1e-12));
  const [first, second] = states.down.slice(-2);
  t.true(Math.abs(first![1]! - 0.2) < 1e-12 && Math.abs(first![2]! - 0.65) < 1e-12);
  t.true(Math.abs(second![1]! - 0.9) < 1e-12 && Math.abs(second![2]! - 0.7) < 1e-12);
  t.true(Math.abs(sum(states.weights.slice(-2)) - 0.3) < 1e-12);
});

test('a forecast that knows nobody still gives odds', (t) => {
  const empty = fleetForecast({ machineCount: 0, shockCount: 0 });
  const up = availabilities(statesFromForecast(empty, [machineId('a'), machineId('b')]));
  t.true(up.every((share) => Math.abs(share - 0.5) < 1e-12));
});

test('without its shocks a forecast has each machine down as often as before', (t) => {
  const forecast = fleetForecast({ machineCount: 9 });
  const together = availabilities(statesFromForecast(forecast));
  const without = availabilities(statesFromForecast(withoutShocks(forecast)));
  for (const [row, up] of together.entries()) t.true(Math.abs(up - without[row]!) < 1e-9);
});
