import test from 'ava';
import fc from 'fast-check';
import { machineId } from '../../datasets/index.ts';
import {
  availabilities,
  oddsWith,
  slotOdds,
  type States,
  statesFromForecast,
  statesOfHours,
  unavailability,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const odds = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 1e-6));

/** A fleet in a few states, and a group of it. */
const situation = fc
  .record({ n: fc.integer({ min: 1, max: 7 }), stateCount: fc.integer({ min: 1, max: 4 }) })
  .chain(({ n, stateCount }) =>
    fc.record({
      k: fc.integer({ min: 1, max: n }),
      weights: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), {
        minLength: stateCount,
        maxLength: stateCount,
      }),
      down: fc.array(fc.array(odds, { minLength: n + 1, maxLength: n + 1 }), {
        minLength: stateCount,
        maxLength: stateCount,
      }),
    }),
  );

function statesOf(weights: readonly number[], down: readonly (readonly number[])[]): States {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return {
    machines: down[0]!.map((_, index) => machineId(`m${index}`)),
    weights: Float64Array.from(weights, (weight) => weight / sum),
    down: down.map((row) => Float64Array.from(row)),
    hourOfState: new Int32Array(down.length),
    hours: [{ name: 'all', isBusinessHour: false }],
  };
}

/** Sums over all 2^n outcomes: the naive oracle. */
function enumerated(states: States, members: readonly number[], k: number): number {
  let total = 0;
  for (const [state, row] of states.down.entries()) {
    for (let outcome = 0; outcome < 2 ** members.length; outcome++) {
      const isDown = members.map((_, index) => ((outcome >> index) & 1) === 1);
      const chance = members.reduce(
        (product, member, index) => product * (isDown[index] === true ? row[member]! : 1 - row[member]!),
        1,
      );
      const upCount = isDown.filter((down) => !down).length;
      if (upCount < k) total += states.weights[state]! * chance;
    }
  }
  return total;
}

test('unavailability equals the sum over every outcome', (t) => {
  fc.assert(
    fc.property(situation, ({ k, weights, down }) => {
      const states = statesOf(weights, down);
      const members = states.machines.slice(1).map((_, index) => index + 1);
      const expected = enumerated(states, members, k);
      return Math.abs(unavailability(states, { members, k }) - expected) < 1e-12;
    }),
  );
  t.pass();
});

test('a slot is linear: its base and slope give the odds of the group with any machine in it', (t) => {
  fc.assert(
    fc.property(situation, ({ k, weights, down }) => {
      const states = statesOf(weights, down);
      const others = states.machines.slice(2).map((_, index) => index + 2);
      if (k > others.length + 1) return true;
      const terms = slotOdds(states, others, k);
      return [0, 1].every((machine) => {
        const whole = unavailability(states, { members: [machine, ...others], k });
        return Math.abs(oddsWith(states, terms, machine) - whole) < 1e-12;
      });
    }),
  );
  t.pass();
});

test('three good machines in different domains are resolved far below any sample', (t) => {
  const states = statesOf([1], [[1e-4, 1e-4, 1e-4]]);
  t.true(Math.abs(unavailability(states, { members: [0, 1, 2], k: 1 }) - 1e-12) < 1e-20);
});

test('a group with fewer than k members is never available', (t) => {
  t.is(unavailability(statesOf([1], [[0, 0]]), { members: [0, 1], k: 3 }), 1);
});

test('a whole domain in one group is far worse than three domains', (t) => {
  const states = statesFromForecast(fleetForecast({ machineCount: 9 }));
  const together = unavailability(states, { members: [0, 1, 2], k: 1 });
  const apart = unavailability(states, { members: [0, 3, 6], k: 1 });
  t.true(together > 10 * apart);
});

test('odds over all hours are the mean over the kinds of hour', (t) => {
  const states = statesFromForecast(fleetForecast({ machineCount: 9 }));
  const odd = { members: [0, 1, 3, 4, 6, 7], k: 4 };
  const mean = states.hours.reduce((sum, { name }) => {
    const some = statesOfHours(states, (hour) => hour.name === name)!;
    return sum + unavailability(some, odd) / states.hours.length;
  }, 0);
  t.true(Math.abs(mean - unavailability(states, odd)) < 1e-12);
  t.is(
    statesOfHours(states, () => false),
    undefined,
  );
});

test('availability is one minus the weighted odds of being down', (t) => {
  const up = availabilities(
    statesOf(
      [1, 3],
      [
        [0, 1],
        [1, 0],
      ],
    ),
  );
  t.deepEqual([...up], [0.25, 0.75]);
});
