// Popular copies against every possible choice on tiny cases, and the laws that hold for all.

import test from 'ava';
import fc from 'fast-check';
import { choosePopularCopies, type CopyDemand, type CopyQuestion } from '../../optimizer/index.ts';

const costs = { wan: 1, lan: 0.1, push: 0.5 };

const demandOn = (siteCount: number): fc.Arbitrary<CopyDemand> =>
  fc.record({
    site: fc.integer({ min: 0, max: siteCount - 1 }),
    reads: fc.double({ min: 0, max: 9, noNaN: true }),
    byteCount: fc.integer({ min: 1, max: 9 }),
    absence: fc.double({ min: 0, max: 1, noNaN: true }),
    heldBy: fc.constantFrom<readonly number[]>([], [0]),
  });

/** What one copy on an always-up machine is worth. */
const worth = ({ reads, byteCount, absence, heldBy }: CopyDemand): number =>
  byteCount * (reads * absence * (costs.wan - costs.lan) - (heldBy?.includes(0) === true ? 0 : costs.push));

/** The best of all subsets that fit. */
function bestSubset(demands: readonly CopyDemand[], spareBytes: number): number {
  let best = 0;
  for (let subset = 0; subset < 2 ** demands.length; subset++) {
    const kept = demands.filter((_, at) => (subset & (2 ** at)) !== 0);
    const bytes = kept.reduce((sum, { byteCount }) => sum + byteCount, 0);
    if (bytes <= spareBytes)
      best = Math.max(
        best,
        kept.reduce((sum, one) => sum + worth(one), 0),
      );
  }
  return best;
}

const total = (question: CopyQuestion): number =>
  choosePopularCopies(question).reduce((sum, { gain }) => sum + gain, 0);

test('on one machine the choice is within one copy of the best of all choices', (t) => {
  fc.assert(
    fc.property(
      fc.array(demandOn(1), { maxLength: 9 }),
      fc.integer({ min: 0, max: 30 }),
      (demands, spareBytes) => {
        const gain = total({ demands, hosts: [{ site: 0, spareBytes, down: 0 }], costs });
        const best = bestSubset(demands, spareBytes);
        const largest = Math.max(0, ...demands.map(worth));
        t.true(gain <= best + 1e-9);
        t.true(gain >= best - largest - 1e-9);
      },
    ),
  );
});

test('files of one size are chosen as well as can be', (t) => {
  fc.assert(
    fc.property(
      fc.array(demandOn(1), { maxLength: 9 }),
      fc.integer({ min: 0, max: 30 }),
      (drawn, spareBytes) => {
        const demands = drawn.map((demand) => ({ ...demand, byteCount: 4 }));
        const gain = total({ demands, hosts: [{ site: 0, spareBytes, down: 0 }], costs });
        t.true(Math.abs(gain - bestSubset(demands, spareBytes)) < 1e-9);
      },
    ),
  );
});

const host = fc.record({
  site: fc.integer({ min: 0, max: 2 }),
  spareBytes: fc.integer({ min: 0, max: 20 }),
  down: fc.double({ min: 0, max: 1, noNaN: true }),
});

test('no machine takes more than it spares, and each copy stands once, on the site of its readers, for a gain', (t) => {
  fc.assert(
    fc.property(
      fc.array(demandOn(3), { maxLength: 12 }),
      fc.array(host, { maxLength: 6 }),
      (demands, hosts) => {
        const copies = choosePopularCopies({ demands, hosts, costs });
        for (const [at, { spareBytes }] of hosts.entries()) {
          const bytes = copies
            .filter((copy) => copy.host === at)
            .reduce((sum, { demand }) => sum + demands[demand]!.byteCount, 0);
          t.true(bytes <= spareBytes);
        }
        t.is(new Set(copies.map((copy) => `${copy.demand} ${copy.host}`)).size, copies.length);
        t.true(
          copies.every((copy) => copy.gain > 0 && demands[copy.demand]!.site === hosts[copy.host]!.site),
        );
        t.true(copies.every((copy) => copy.isPushed === !demands[copy.demand]!.heldBy!.includes(copy.host)));
      },
    ),
  );
});

test('a second copy is worth only the odds that the first is down', (t) => {
  const demands = [{ site: 0, reads: 10, byteCount: 5, absence: 0.8, heldBy: [] }];
  const hosts = [0.2, 0.5].map((down) => ({ site: 0, spareBytes: 5, down }));
  const [first, second, ...none] = choosePopularCopies({ demands, hosts, costs });
  t.deepEqual(none, []);
  t.is(first?.host, 0);
  t.true(Math.abs(first!.gain - 5 * (10 * 0.8 * 0.8 * 0.9 - 0.5)) < 1e-9);
  t.true(Math.abs(second!.gain - 5 * (10 * 0.8 * 0.2 * 0.5 * 0.9 - 0.5)) < 1e-9);
});

test('what costs more to bring than its reads save is not brought, but stays where it is held', (t) => {
  const demand = { site: 0, reads: 0.5, byteCount: 5, absence: 1 };
  const hosts = [{ site: 0, spareBytes: 5, down: 0 }];
  t.deepEqual(choosePopularCopies({ demands: [demand], hosts, costs }), []);
  t.is(choosePopularCopies({ demands: [{ ...demand, heldBy: [0] }], hosts, costs }).length, 1);
});
