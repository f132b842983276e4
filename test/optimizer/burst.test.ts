import test from 'ava';
import fc from 'fast-check';
import { anyLossOddsMax, groupLossOdds } from '../../optimizer/index.ts';

/** All ways to choose `count` of these. */
function* subsets(of: number, count: number, from = 0): Generator<readonly number[]> {
  if (count === 0) yield [];
  else
    for (let first = from; first <= of - count; first++)
      for (const rest of subsets(of, count - 1, first + 1)) yield [first, ...rest];
}

test('the odds of a burst are those of counting every set of machines that may die', (t) => {
  const shapes = fc
    .record({ machineCount: fc.integer({ min: 4, max: 9 }), n: fc.integer({ min: 2, max: 4 }) })
    .chain(({ machineCount, n }) =>
      fc.record({
        machineCount: fc.constant(machineCount),
        n: fc.constant(n),
        k: fc.integer({ min: 1, max: n }),
        dead: fc.integer({ min: 1, max: machineCount }),
        groups: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 6 }),
      }),
    );
  fc.assert(
    fc.property(shapes, ({ machineCount, n, k, dead, groups }) => {
      const all = [...subsets(machineCount, n)];
      const chosen = [...new Set(groups.map((pick) => all[pick % all.length]!))];
      const bursts = [...subsets(machineCount, dead)];
      const isLost = (group: readonly number[], burst: readonly number[]): boolean =>
        group.filter((machine) => !burst.includes(machine)).length < k;
      const one = bursts.filter((burst) => isLost(all[0]!, burst)).length / bursts.length;
      const any =
        bursts.filter((burst) => chosen.some((group) => isLost(group, burst))).length / bursts.length;
      const asked = { machineCount, dead, k, n };
      return (
        Math.abs(groupLossOdds(asked) - one) < 1e-9 && anyLossOddsMax(asked, chosen.length) >= any - 1e-9
      );
    }),
  );
  t.pass();
});

test('with a thousand machines, groups of a plan are far fewer ways to lose data than packs put anywhere', (t) => {
  const burst = { machineCount: 1000, dead: 10, k: 1, n: 3 };
  t.true(anyLossOddsMax(burst, 1000) < 1e-3);
  // A million packs, each on three machines of its own: a chance of one half.
  t.true(1 - (1 - groupLossOdds(burst)) ** 1e6 > 0.5);
});
