import test from 'ava';
import fc from 'fast-check';
import { adjustedRandIndex, brierScore, calibrationError, rankingGain } from '../../models/scores.ts';

test('the Brier score is the mean squared error', (t) => {
  t.is(brierScore([1, 0, 0.5], [1, 0, 1]), 0.25 / 3);
});

test('odds that come true as often as they say have no calibration error', (t) => {
  const odds = Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? 0.25 : 0.75));
  const outcomes = odds.map((p, index) => (Math.floor(index / 3) % 4 < p * 4 ? 1 : 0));
  t.true(calibrationError(odds, outcomes, 3) < 0.02);
  t.true(
    calibrationError(
      odds.map(() => 0.99),
      outcomes,
    ) > 0.3,
  );
});

test('a ranking by the truth is perfect, and every ranking is between 0 and 1', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(50), fc.double({ noNaN: true, min: 0, max: 1 })), {
        minLength: 1,
        maxLength: 30,
      }),
      (rows) => {
        const gains = rows.map(([gain]) => gain);
        t.true(Math.abs(rankingGain(gains, gains, 10) - 1) < 1e-9);
        const gain = rankingGain(
          rows.map(([, score]) => score),
          gains,
          10,
        );
        t.true(gain >= 0 && gain <= 1 + 1e-9);
      },
    ),
  );
});

/** Counts pairs one by one. */
function naiveRandIndex(a: readonly number[], b: readonly number[]): number {
  let [both, inA, inB, all] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = i + 1; j < a.length; j++) {
      const [sameA, sameB] = [a[i] === a[j], b[i] === b[j]];
      all++;
      if (sameA) inA++;
      if (sameB) inB++;
      if (sameA && sameB) both++;
    }
  }
  const expected = (inA * inB) / all;
  const most = (inA + inB) / 2;
  return most === expected ? 1 : (both - expected) / (most - expected);
}

test('the adjusted Rand index agrees with counting pairs', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 2, maxLength: 20 }), (rows) => {
      const [a, b] = [rows.map(([x]) => x), rows.map(([, y]) => y)];
      t.true(Math.abs(adjustedRandIndex(a, b) - naiveRandIndex(a, b)) < 1e-9);
      t.true(Math.abs(adjustedRandIndex(a, a) - 1) < 1e-9);
    }),
  );
});
