import test from 'ava';
import fc from 'fast-check';
import { createRandom } from '../../datasets/index.ts';

function draws(random: { fraction(): number }, count: number): number[] {
  return Array.from({ length: count }, () => random.fraction());
}

test('the same seed gives the same numbers, whether written as a number or as text', (t) => {
  t.deepEqual(draws(createRandom(7), 20), draws(createRandom('7'), 20));
});

test('the first numbers of seed 1 never change, because saved samples depend on them', (t) => {
  const random = createRandom(1);
  t.deepEqual([random.below(1e9), random.below(1e9), random.below(1e9)], [745312063, 602620228, 881854339]);
  t.is(createRandom(1).fork('a').below(1e9), 502058432);
});

test('close seeds and different labels give unrelated streams', (t) => {
  const streams = [createRandom(1), createRandom(2), createRandom(1).fork('a'), createRandom(1).fork('b')];
  const firsts = streams.map((stream) => draws(stream, 1000));
  for (const [i, a] of firsts.entries()) {
    for (const b of firsts.slice(i + 1)) {
      const covariance = a.reduce((sum, value, k) => sum + (value - 0.5) * (b[k]! - 0.5), 0) / 1000;
      t.true(Math.abs(covariance * 12) < 0.15, `correlation ${covariance * 12}`);
    }
  }
});

test('a fork does not depend on how much was drawn before it', (t) => {
  const fresh = createRandom('seed');
  const used = createRandom('seed');
  draws(used, 17);
  t.deepEqual(draws(fresh.fork('x'), 5), draws(used.fork('x'), 5));
});

test('fractions stay in [0, 1) and whole numbers below their bound', (t) => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 40 }), (seed, n) => {
      const random = createRandom(seed);
      const fraction = random.fraction();
      const whole = random.below(n);
      return fraction >= 0 && fraction < 1 && Number.isInteger(whole) && whole >= 0 && whole < n;
    }),
  );
  t.pass();
});

test('20,000 draws look uniform and normal: mean, variance and a chi-square over 20 bins', (t) => {
  const random = createRandom('moments');
  const uniform = draws(random, 20_000);
  const bins = Array<number>(20).fill(0);
  for (const value of uniform) bins[Math.floor(value * 20)]!++;
  const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  t.true(chiSquare < 43.8, `chi-square ${chiSquare}: above the 0.1 % bound of 19 degrees`);
  const normal = Array.from({ length: 20_000 }, () => random.normal());
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  const variance = normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / normal.length;
  t.true(Math.abs(mean) < 0.03, `mean ${mean}`);
  t.true(Math.abs(variance - 1) < 0.05, `variance ${variance}`);
});
