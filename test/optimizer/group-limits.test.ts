import test from 'ava';
import fc from 'fast-check';
import { chooseGroups, type GroupsQuestion, statesFromForecast } from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

/** Twelve groups of three on twelve machines, placed by chance: much is left to gain. */
function questionOf(seed: number): GroupsQuestion & { readonly previous: readonly (readonly number[])[] } {
  const states = statesFromForecast(fleetForecast({ machineCount: 12, stratumCount: 3, seed }));
  const question: GroupsQuestion = {
    states,
    redundancy: { k: 1, n: 3 },
    groupCount: 12,
    capacities: states.machines.map(() => 5),
    seed,
  };
  return { ...question, previous: chooseGroups({ ...question, method: 'random' }) };
}

const seeds = fc.integer({ min: 0, max: 999 });

const changed = (before: readonly (readonly number[])[], after: readonly (readonly number[])[]): number =>
  before.flatMap((members, at) => members.filter((member, slot) => after[at]![slot] !== member)).length;

test('no more slots of the previous groups change than may move', (t) => {
  const movedAtAll = fc.sample(seeds, 40).map((seed, index) => {
    const question = questionOf(seed);
    const movedSlotsMax = index % 6;
    const count = changed(question.previous, chooseGroups({ ...question, movedSlotsMax }));
    t.true(count <= movedSlotsMax, `seed ${seed}: ${count} slots moved, ${movedSlotsMax} may`);
    return count;
  });
  t.true(Math.max(...movedAtAll) > 0, 'the budget is used');
});

test('pinned slots keep their members, and everything else may still improve', (t) => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: 11 }), (seed, at) => {
      const question = questionOf(seed);
      const pins = [0, 1, 2].map((slot) => ({ at, slot }));
      const groups = chooseGroups({ ...question, pins });
      return groups[at]!.join(' ') === question.previous[at]!.join(' ');
    }),
    { numRuns: 40 },
  );
  t.pass();
});

test('at most one member of each label is in a group, and vetoed machines are in none', (t) => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: 11 }), (seed, vetoed) => {
      const { previous: _, ...question } = questionOf(seed);
      const site = Int32Array.from(question.capacities, (__, machine) => machine % 4);
      const capacities = question.capacities.map((slots, machine) => (machine === vetoed ? 0 : slots));
      const groups = chooseGroups({ ...question, capacities, apart: [site] });
      return groups.every(
        (members) =>
          !members.includes(vetoed) &&
          new Set(members.map((member) => site[member]!)).size === members.length,
      );
    }),
    { numRuns: 40 },
  );
  t.pass();
});
