// The list of hashes held against a plain map.

import test from 'ava';
import fc from 'fast-check';
import { RecentHashes } from '../../../agent/core/recent-hashes.ts';

test('the newest hashes are known by their numbers, whatever was kept and forgotten in between', (t) => {
  const keptMax = 4;
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('keep' as const) }),
      fc.record({ kind: fc.constant('forget' as const), count: fc.integer({ min: 0, max: 6 }) }),
      fc.record({ kind: fc.constant('again' as const) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 1000 }), (taken, start) => {
      const recent = new RecentHashes();
      const known = new Map<number, string>();
      let next = start;
      for (const [at, step] of taken.entries()) {
        if (step.kind === 'forget') {
          next = Math.max(start, next - step.count);
          for (const sequence of [...known.keys()].filter((kept) => kept >= next)) known.delete(sequence);
          recent.forgetFrom(next);
          continue;
        }
        const sequence = step.kind === 'again' && known.has(next - 1) ? next - 1 : next++;
        known.set(sequence, `hash ${at}`);
        // What was too old once does not come back when newer ones are forgotten.
        for (const kept of [...known.keys()].filter((one) => one <= sequence - keptMax)) known.delete(kept);
        recent.keep(sequence, { hash: `hash ${at}`, keptMax });
        const newest = [...known.keys()].filter((kept) => kept >= next - keptMax);
        t.deepEqual(
          newest.map((kept) => recent.of(kept)),
          newest.map((kept) => known.get(kept)),
        );
        t.is(recent.of(next), undefined);
        t.is(recent.of(start - 1), undefined);
      }
    }),
  );
});

test('a log that goes on after a gap begins anew', (t) => {
  const recent = new RecentHashes();
  recent.keep(3, { hash: 'a', keptMax: 4 });
  recent.keep(9, { hash: 'b', keptMax: 4 });
  t.is(recent.of(3), undefined);
  t.is(recent.of(8), undefined);
  t.is(recent.of(9), 'b');
});
