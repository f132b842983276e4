import test from 'ava';
import fc from 'fast-check';
import { noBatchHash, openBatch, planOfTable, signBatch, tableOfPlan } from '../../../agent/codec/index.ts';
import { batchBytesMax } from '../../../agent/limits.ts';
import { packId } from '../../../agent/units.ts';
import { createRandom, machineId, unixMs } from '../../../datasets/index.ts';
import {
  holdersOf,
  type PlacementClass,
  type Plan,
  type PlanLimits,
  planProblems,
} from '../../../optimizer/index.ts';
import { popularBatches } from './sample-popular.ts';
import { certifiedPlan, owner, plan } from './samples.ts';

const word = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', 'c', 'd') });
const odds = fc.double({ min: 0, max: 1, noNaN: true });
const machine = word.map(machineId);
const anyClass: fc.Arbitrary<PlacementClass> = fc.record(
  {
    name: fc.constantFrom('small' as const, 'bulk' as const),
    redundancy: fc.constant({ k: 1, n: 3 }),
    groups: fc.array(
      fc.record({
        id: word,
        members: fc.array(machine, { minLength: 1, maxLength: 4 }),
        weight: fc.double({ min: 0.1, max: 9, noNaN: true }),
        unavailability: odds,
        unavailabilityAt: fc.dictionary(word, odds, { maxKeys: 3, noNullPrototype: true }),
        reasons: fc.array(
          fc.record(
            { machine, availability: odds, swapLoss: odds, domain: word, runnerUp: machine, binding: word },
            { requiredKeys: ['machine', 'availability', 'swapLoss'] },
          ),
          { maxLength: 3 },
        ),
      }),
      { maxLength: 5 },
    ),
    certificate: fc.record({
      prices: fc.dictionary(word, odds, { maxKeys: 4, noNullPrototype: true }),
      value: odds,
      lowerBound: odds,
      gap: odds,
    }),
  },
  { requiredKeys: ['name', 'redundancy', 'groups'] },
);

const bytes = fc.double({ min: 0, max: 1e12, noNaN: true });
const limits: fc.Arbitrary<PlanLimits> = fc.record(
  {
    scatterMin: fc.nat(99),
    scatterMax: fc.integer({ min: 1, max: 99 }),
    takenBytesMax: bytes,
    givenBytesMax: bytes,
    bytesPerSlot: fc.record({ small: bytes, bulk: bytes }),
    moves: fc.array(
      fc.record({ group: word, slot: fc.nat(31), from: machine }, { requiredKeys: ['group', 'slot'] }),
      { maxLength: 4 },
    ),
    before: fc.array(fc.record({ machine, takenBytes: bytes, givenBytes: bytes }), { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

test('any plan comes back from its table as it was', (t) => {
  const domains = fc.dictionary(word, word, { maxKeys: 4, noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(anyClass, { maxLength: 3 }), domains, limits, (classes, named, bounds) => {
      const written: Plan = { ...certifiedPlan, classes, domains: named, limits: bounds };
      t.deepEqual(planOfTable(tableOfPlan(written)), written);
    }),
    { numRuns: 200 },
  );
});

test('a table whose lists do not fit together is no plan', (t) => {
  const table = tableOfPlan(plan);
  const [first, ...rest] = table.classes;
  const broken = (change: Partial<NonNullable<typeof first>>): unknown =>
    planOfTable({ ...table, classes: [{ ...first!, ...change }, ...rest] });
  t.is(broken({ members: Uint8Array.of(0, 0, 0, 9) }), undefined);
  t.is(broken({ members: Uint8Array.of(0, 0) }), undefined);
  t.is(broken({ sizes: Uint8Array.of(2, 2) }), undefined);
  t.is(broken({ weights: new Uint8Array(0) }), undefined);
  t.is(broken({ unavailabilityAt: new Uint8Array(0) }), undefined);
  t.is(planOfTable({ ...table, domainOf: Uint8Array.of(0, 7, 0, 0) }), undefined);
  t.is(planOfTable({ ...table, machines: [owner.peer, owner.peer] }), undefined);
  t.is(planOfTable({ ...table, limits: { moves: [{ group: 'a', slot: 0, from: 9 }] } }), undefined);
  t.is(
    planOfTable({ ...table, limits: { before: [{ machine: 9, takenBytes: 1, givenBytes: 1 }] } }),
    undefined,
  );
});

/** Groups of machines drawn at random, as many as the optimizer makes for a fleet of this size. */
function largePlan(machineCount: number): Plan {
  const random = createRandom('large plan').fork('groups');
  const names = Array.from({ length: machineCount }, (_, at) =>
    machineId(`12D3KooW${String(at).padStart(44, 'A').replaceAll('0', 'z')}`),
  );
  const classOf = (name: PlacementClass['name'], k: number, n: number): PlacementClass => ({
    name,
    redundancy: { k, n },
    groups: Array.from({ length: Math.min(machineCount, Math.floor((5 * machineCount) / n)) }, (_, at) => {
      const members = new Set<number>();
      while (members.size < n) members.add(random.below(machineCount));
      return {
        id: `${name.slice(0, 1)}${k}.${n}-${at + 1}`,
        members: [...members].map((member) => names[member]!),
        weight: 1,
        unavailability: random.fraction() / 1000,
        unavailabilityAt: { '03:00': random.fraction() / 1000, '10:00': random.fraction() / 1000 },
        reasons: [],
      };
    }),
  });
  return {
    ...plan,
    classes: [classOf('small', 1, 3), classOf('bulk', 4, 6)],
    domains: Object.fromEntries(names.map((name, at) => [name, `learned domain ${at % 200}`])),
  };
}

test('a plan for 10,000 machines in two classes fits into a batch and is followed', (t) => {
  const written = largePlan(10_000);
  const batch = signBatch({
    key: owner,
    stream: 'facts',
    sequence: 0,
    previous: noBatchHash,
    atMs: unixMs(1),
    records: [{ kind: 'plan', plan: written }],
  });
  t.true(batch.bytes.length < batchBytesMax / 2, `${batch.bytes.length} bytes`);
  const opened = openBatch(batch.bytes);
  if (!opened.ok) return t.fail(opened.rejection.reason);
  const [record] = opened.value.records;
  if (record?.kind !== 'plan') return t.fail('it is no plan');
  t.deepEqual(planProblems(record.plan), []);
  t.deepEqual(record.plan, written);
  const [small] = record.plan.classes;
  const place = { packId: packId('a'.repeat(64)), owner: owner.peer, placementClass: small! };
  t.is(holdersOf(place).length, 3);
});

test('a batch of an older version that speaks of popular packs is refused, before its signature is looked at', (t) => {
  for (const [name, batch] of Object.entries(popularBatches)) {
    t.true(openBatch(batch.bytes).ok, name);
    for (const version of [1, 2]) {
      const older = Uint8Array.from(batch.bytes);
      older[4] = version;
      const opened = openBatch(older);
      t.is(opened.ok ? 'accepted' : opened.rejection.code, 'wrong-shape', `${name}, version ${version}`);
    }
  }
});

test('a plan of a time that no calendar knows is refused: every page and command shows its date', (t) => {
  const opened = (change: Partial<Plan>): boolean =>
    openBatch(
      signBatch({
        key: owner,
        stream: 'facts',
        sequence: 0,
        previous: noBatchHash,
        atMs: unixMs(0),
        records: [{ kind: 'plan', plan: { ...plan, ...change } }],
      }).bytes,
    ).ok;
  t.true(opened({}));
  for (const ms of [1e300, -1, 9.1e12]) {
    t.false(opened({ computedMs: unixMs(ms) }));
    t.false(opened({ weekMoved: { fromMs: unixMs(ms), bytes: 1 } }));
  }
});
