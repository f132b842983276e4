import test from 'ava';
import fc from 'fast-check';
import {
  capacitiesFor,
  chooseGroups,
  groupCountFor,
  type GroupsQuestion,
  type Redundancy,
  type States,
  statesFromForecast,
  unavailability,
} from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const redundancy = fc.constantFrom<Redundancy>(
  { k: 1, n: 3 },
  { k: 4, n: 6 },
  { k: 2, n: 3 },
  { k: 1, n: 2 },
);

type Groups = readonly (readonly number[])[];

const loadsOf = (groups: Groups, machineCount: number): number[] => {
  const loads = Array.from({ length: machineCount }, () => 0);
  for (const member of groups.flat()) loads[member]!++;
  return loads;
};

const totalOf = (states: States, groups: Groups, k: number): number =>
  groups.reduce((sum, members) => sum + unavailability(states, { members, k }), 0);

/** A whole question about a fleet whose machines give as many bytes as `quotas` says. */
function questionOf(
  quotas: readonly number[],
  asked: { readonly redundancy: Redundancy; readonly seed: number },
): GroupsQuestion {
  const states = statesFromForecast(
    fleetForecast({ machineCount: quotas.length, stratumCount: 3, seed: asked.seed }),
  );
  const groupCount = groupCountFor(quotas.length, asked.redundancy);
  const capacities = capacitiesFor(quotas, { groupCount, n: asked.redundancy.n });
  return { states, groupCount, capacities, ...asked };
}

const quotas = fc.array(fc.constantFrom(1, 1, 1, 5, 100, 0), { minLength: 1, maxLength: 16 });
const method = fc.constantFrom<NonNullable<GroupsQuestion['method']>>('climb', 'best-k', 'random');

test('groups are whole, their members distinct, and nobody has more slots than its capacity', (t) => {
  fc.assert(
    fc.property(quotas, redundancy, method, fc.integer({ min: 0, max: 99 }), (given, wanted, how, seed) => {
      const question = { ...questionOf(given, { redundancy: wanted, seed }), method: how };
      const groups = chooseGroups(question);
      const loads = loadsOf(groups, given.length);
      return (
        groups.length === (given.length < wanted.n ? 0 : question.groupCount) &&
        groups.every((group) => group.length === wanted.n && new Set(group).size === wanted.n) &&
        loads.every((load, machine) => load <= question.capacities[machine]!)
      );
    }),
    { numRuns: 150 },
  );
  t.pass();
});

test('the laws hold as well when groups are taken over from a fleet that was larger or smaller', (t) => {
  fc.assert(
    fc.property(
      redundancy,
      fc.integer({ min: 6, max: 14 }),
      fc.integer({ min: 6, max: 14 }),
      fc.integer({ min: 0, max: 99 }),
      (wanted, before, after, seed) => {
        const old = chooseGroups(
          questionOf(
            Array.from({ length: before }, () => 1),
            { redundancy: wanted, seed },
          ),
        );
        const previous = old.map((group) => group.map((member) => (member < after ? member : -1)));
        const question = questionOf(
          Array.from({ length: after }, () => 1),
          { redundancy: wanted, seed },
        );
        const groups = chooseGroups({ ...question, previous });
        return (
          groups.length === question.groupCount &&
          groups.every((group) => new Set(group).size === wanted.n) &&
          loadsOf(groups, after).every((load, machine) => load <= question.capacities[machine]!)
        );
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});

test('every owner finds two groups without it as soon as there is one machine more than slots', (t) => {
  fc.assert(
    fc.property(
      redundancy,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 9 }),
      (wanted, more, seed) => {
        const machineCount = wanted.n + more;
        const groups = chooseGroups(
          questionOf(
            Array.from({ length: machineCount }, () => 1),
            { redundancy: wanted, seed },
          ),
        );
        return loadsOf(groups, machineCount).every((load) => groups.length - load >= 2);
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
});

const twelveMachines = Array.from({ length: 12 }, () => 1);

test('the laws hold in fleets so large that nobody looks at every machine for every slot', (t) => {
  const given = Array.from({ length: 2500 }, (_, machine) => 1 + (machine % 3));
  const question = questionOf(given, { redundancy: { k: 1, n: 3 }, seed: 5 });
  const rack = Int32Array.from(given, (_, machine) => machine % 40);
  for (const how of ['random', 'best-k'] as const) {
    const groups = chooseGroups({ ...question, method: how, apart: [rack] });
    const loads = loadsOf(groups, given.length);
    t.is(groups.length, question.groupCount);
    t.true(groups.every((members) => new Set(members.map((member) => rack[member])).size === 3));
    t.true(loads.every((load, machine) => load <= question.capacities[machine]!));
    const up = (machine: number): number => 1 - unavailability(question.states, { members: [machine], k: 1 });
    const held = loads.reduce((sum, load, machine) => sum + load * up(machine), 0) / groups.flat().length;
    const mean = given.reduce((sum, _, machine) => sum + up(machine), 0) / given.length;
    if (how === 'best-k') t.true(held > mean + 0.01, `${held} against ${mean}`);
  }
});

test('the same seed gives the same groups', (t) => {
  const asked = { redundancy: { k: 4, n: 6 }, seed: 7 };
  t.deepEqual(
    chooseGroups(questionOf(twelveMachines, asked)),
    chooseGroups(questionOf(twelveMachines, asked)),
  );
});

/** All ways to pair up machines, each machine once: 15 for six. */
function pairings([first, ...rest]: readonly number[]): readonly Groups[] {
  if (first === undefined) return [[]];
  return rest.flatMap((second) =>
    pairings(rest.filter((machine) => machine !== second)).map((others) => others.concat([[first, second]])),
  );
}

test('on tiny fleets the climb ends within 5 % of the best of all groupings', (t) => {
  for (let seed = 0; seed < 60; seed++) {
    const states = statesFromForecast(
      fleetForecast({ machineCount: 6, shockCount: 2, stratumCount: 3, seed }),
    );
    const capacities = Array.from({ length: 6 }, () => 1);
    const groups = chooseGroups({ states, redundancy: { k: 1, n: 2 }, groupCount: 3, capacities, seed });
    const best = Math.min(...pairings([0, 1, 2, 3, 4, 5]).map((all) => totalOf(states, all, 1)));
    t.true(totalOf(states, groups, 1) <= best * 1.05, `seed ${seed}`);
  }
});

test('nothing is left to gain: no single move under capacity betters the total', (t) => {
  fc.assert(
    fc.property(redundancy, fc.integer({ min: 0, max: 50 }), (wanted, seed) => {
      const question = questionOf(
        Array.from({ length: 10 }, () => 1),
        { redundancy: wanted, seed },
      );
      const groups = chooseGroups(question);
      const loads = loadsOf(groups, 10);
      return groups.every((group) => {
        const now = unavailability(question.states, { members: group, k: wanted.k });
        return group.every((_, slot) =>
          loads.every((load, machine) => {
            if (group.includes(machine) || load >= question.capacities[machine]!) return true;
            const moved = unavailability(question.states, {
              members: group.with(slot, machine),
              k: wanted.k,
            });
            return moved >= now * (1 - 1e-6);
          }),
        );
      });
    }),
    { numRuns: 30 },
  );
  t.pass();
});

test('the climb keeps domains apart where best-k does not look and chance does not care', (t) => {
  const question = questionOf(
    Array.from({ length: 12 }, () => 1),
    { redundancy: { k: 1, n: 3 }, seed: 3 },
  );
  const [climb, bestK, random] = (['climb', 'best-k', 'random'] as const).map((how) =>
    totalOf(question.states, chooseGroups({ ...question, method: how }), 1),
  );
  t.true(climb! < bestK!);
  t.true(climb! < random!);
});

test('when a machine is lost, hardly more than its slots change', (t) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const question = questionOf(twelveMachines, { redundancy: { k: 4, n: 6 }, seed });
    const before = chooseGroups(question);
    const lost = before[0]![0]!;
    // Columns after the lost one move up by one.
    const kept = before.map((group) =>
      group.map((member) => (member === lost ? -1 : member > lost ? member - 1 : member)),
    );
    const states = statesFromForecast(
      fleetForecast({ machineCount: 12, stratumCount: 3, seed }),
      question.states.machines.toSpliced(lost, 1),
    );
    const capacities = capacitiesFor(twelveMachines.slice(1), { groupCount: kept.length, n: 6 });
    const after = chooseGroups({ ...question, states, capacities, previous: kept }).flat();
    const lostCount = kept.flat().filter((member) => member < 0).length;
    const changed = after.filter((member, index) => kept.flat()[index] !== member).length;
    t.true(
      changed <= lostCount + 0.1 * after.length,
      `seed ${seed}: ${changed} slots changed for ${lostCount} lost`,
    );
  }
});

test('whoever stays in a group keeps its slot: another slot is another shard to bring', (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const wanted = { redundancy: { k: 1, n: 2 + (seed % 3) }, seed };
    const machines = Array.from({ length: 7 + (seed % 5) }, () => 1);
    const previous = chooseGroups(questionOf(machines, wanted));
    const later = { ...questionOf(machines, { ...wanted, seed: seed + 1000 }), previous };
    for (const [at, group] of chooseGroups(later).entries()) {
      const before = previous[at] ?? [];
      const strayed = group.filter((member, slot) => before.includes(member) && before[slot] !== member);
      t.deepEqual(strayed, [], `seed ${seed}, group ${at}: ${before.join(' ')} became ${group.join(' ')}`);
    }
  }
});

test('groups that are as good as they get stay as they are', (t) => {
  const question = questionOf(
    Array.from({ length: 9 }, () => 1),
    { redundancy: { k: 4, n: 6 }, seed: 2 },
  );
  const before = chooseGroups(question);
  t.deepEqual(chooseGroups({ ...question, previous: before, seed: 'another' }), before);
});

test('capacities follow what machines give, and always leave room for all slots', (t) => {
  fc.assert(
    fc.property(quotas, redundancy, (given, wanted) => {
      const groupCount = groupCountFor(given.length, wanted);
      if (groupCount === 0) return true;
      const capacities = capacitiesFor(given, { groupCount, n: wanted.n });
      const givers = given.filter((bytes) => bytes > 0).length;
      const isShunned = capacities.every((capacity, machine) => given[machine]! > 0 || capacity === 0);
      const most = Math.max(...capacities);
      const room = capacities.reduce((sum, capacity) => sum + capacity, 0);
      const isEnough =
        givers <= wanted.n || groupCount * (givers - wanted.n) < 2 * givers || room >= groupCount * wanted.n;
      return (givers < wanted.n || isShunned) && most <= groupCount && isEnough;
    }),
  );
  t.pass();
});

test('machines that are all alike are grouped by chance, not with their neighbours in the list', (t) => {
  const machineCount = 120;
  const wanted = { k: 1, n: 2 };
  const base = questionOf(
    Array.from({ length: machineCount }, () => 1),
    { redundancy: wanted, seed: 1 },
  );
  // Every fifth is worse, so that the others move to be with it.
  const down = Float64Array.from({ length: machineCount }, (_, machine) => (machine % 5 === 0 ? 0.3 : 0.002));
  const states = { ...base.states, weights: Float64Array.of(1), down: [down], hourOfState: Int32Array.of(0) };
  for (const how of ['climb', 'best-k'] as const) {
    const neighbours = Array.from({ length: 20 }, (_, seed) =>
      chooseGroups({ ...base, states, seed, method: how }).filter(([a, b]) => Math.abs(a! - b!) === 1),
    ).flat().length;
    // By chance 2 of 119 others are neighbours: 40 pairs in 20 times 120.
    t.true(neighbours < 100, `${how}: ${neighbours} pairs of neighbours in 2400`);
  }
});
