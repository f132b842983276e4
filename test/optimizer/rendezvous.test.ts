import test from 'ava';
import fc from 'fast-check';
import { createRandom, machineId } from '../../datasets/index.ts';
import {
  groupForPack,
  hashOfName,
  holdersOf,
  type PlacementClass,
  type PlacementGroup,
  standInRanks,
} from '../../optimizer/index.ts';

const group = (id: string, members: readonly string[], weight = 1): PlacementGroup => ({
  id,
  members: members.map(machineId),
  weight,
  unavailability: 0,
  unavailabilityAt: {},
  reasons: [],
});

const classOf = (groups: readonly PlacementGroup[]): PlacementClass => ({
  name: 'bulk',
  redundancy: { k: 1, n: 3 },
  groups,
});

/** Groups g0, g1, … of three machines each that overlap with their neighbours. */
const ring = (count: number): readonly PlacementGroup[] =>
  Array.from({ length: count }, (_, index) =>
    group(
      `g${index}`,
      [0, 1, 2].map((step) => `m${(index + step) % (count + 2)}`),
    ),
  );

const packIds = (count: number, seed: number): readonly string[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 64 }, () => random.below(16).toString(16)).join(''),
  );
};

const nobody = machineId('nobody');

test('a pack never maps to a group with its owner while there is another', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.integer(),
      fc.integer({ min: 0, max: 13 }),
      (count, seed, of) => {
        const owner = machineId(`m${of}`);
        const placementClass = classOf(ring(count));
        const isAvoidable = placementClass.groups.some(({ members }) => !members.includes(owner));
        const [packId] = packIds(1, seed);
        const holders = holdersOf({ packId: packId!, owner, placementClass });
        return holders.length === 3 && (!isAvoidable || !holders.includes(owner));
      },
    ),
  );
  t.pass();
});

test('an owner that is in every group still gets one, and a class without groups gives none', (t) => {
  const [packId] = packIds(1, 1);
  const place = { packId: packId!, owner: machineId('a') };
  t.is(groupForPack({ ...place, placementClass: classOf([group('only', ['a', 'b', 'c'])]) })?.id, 'only');
  t.is(groupForPack({ ...place, placementClass: classOf([]) }), undefined);
  t.deepEqual(holdersOf({ ...place, placementClass: classOf([]) }), []);
});

test('groups get packs in proportion to their weights', (t) => {
  const weights = [1, 2, 3, 0.5, 1.5];
  const placementClass = classOf(weights.map((weight, index) => group(`w${index}`, ['a', 'b', 'c'], weight)));
  const packs = packIds(8000, 5);
  const counts = new Map<string, number>();
  for (const packId of packs) {
    const { id } = groupForPack({ packId, owner: nobody, placementClass })!;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const [index, weight] of weights.entries()) {
    const share = (counts.get(`w${index}`) ?? 0) / packs.length;
    // Five standard deviations of a binomial share.
    t.true(
      Math.abs(share - weight / 8) < 5 * Math.sqrt((weight / 8) * (1 - weight / 8) * (1 / packs.length)),
    );
  }
});

/** The score of each group written out, as another implementation would. */
function naiveChoice(packId: string, owner: string, groups: readonly PlacementGroup[]): string | undefined {
  const fractionOf = standInRanks(packId);
  const scores = groups
    .filter(({ members }) => !members.includes(machineId(owner)))
    .map(({ id, weight }) => ({ id, score: -weight / Math.log(fractionOf(hashOfName(id))) }));
  const highest = Math.max(...scores.map(({ score }) => score));
  return scores.find(({ score }) => score === highest)?.id;
}

test('whatever the weights, a pack goes to the group whose score is highest, also where few are computed', (t) => {
  const weight = fc.oneof(fc.constantFrom(1, 2, 0.5), fc.double({ min: 1e-9, max: 1e9, noNaN: true }));
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 80 }), fc.integer(), (weights, seed) => {
      const groups = weights.map((each, index) => group(`w${index}`, [`m${index % 5}`], each));
      const wide = [...groups, group('wide', ['x', 'y'], 1)];
      return packIds(10, seed).every((packId, index) => {
        const owner = machineId(`m${index}`);
        const found = groupForPack({ packId, owner, placementClass: classOf(wide) });
        return found?.id === naiveChoice(packId, owner, wide);
      });
    }),
  );
  t.pass();
});

test('a group that comes or goes moves only its own packs', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.nat(), fc.integer(), (count, pick, seed) => {
      const groups = ring(count);
      const gone = groups[pick % count]!;
      const all = classOf(groups);
      const rest = classOf(groups.filter(({ id }) => id !== gone.id));
      return packIds(40, seed).every((packId) => {
        const before = groupForPack({ packId, owner: nobody, placementClass: all })!;
        const after = groupForPack({ packId, owner: nobody, placementClass: rest })!;
        return before.id === gone.id || before.id === after.id;
      });
    }),
    { numRuns: 50 },
  );
  t.pass();
});

test('the order of groups and their members other than the owner do not matter', (t) => {
  const groups = ring(9);
  const changed = groups.map((one) => group(one.id, ['x', 'y', 'z']));
  for (const packId of packIds(200, 9)) {
    const id = groupForPack({ packId, owner: nobody, placementClass: classOf(groups) })!.id;
    t.is(groupForPack({ packId, owner: nobody, placementClass: classOf(groups.toReversed()) })!.id, id);
    t.is(groupForPack({ packId, owner: nobody, placementClass: classOf(changed) })!.id, id);
  }
});

test('the hash is part of the protocol: these packs map where they always did', (t) => {
  const placementClass = classOf(ring(16));
  const ids = packIds(12, 42).map((packId) => groupForPack({ packId, owner: nobody, placementClass })!.id);
  t.is(ids.join(' '), 'g15 g4 g0 g0 g10 g9 g7 g8 g5 g1 g3 g15');
});

test('who stands in first is spread over all machines, and follows from the pack alone', (t) => {
  const machines = Array.from({ length: 10 }, (_, index) => hashOfName(`machine ${index}`));
  const counts = machines.map(() => 0);
  for (const pack of packIds(5000, 8)) {
    const ranks = machines.map(standInRanks(pack));
    t.deepEqual(machines.map(standInRanks(pack)), ranks);
    counts[ranks.indexOf(Math.max(...ranks))]!++;
  }
  for (const count of counts) t.true(count > 400 && count < 600, counts.join(' '));
});
