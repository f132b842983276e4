// What every Random must do.

import type { TestFn } from 'ava';
import type { Random } from '../../agent/ports.ts';

export function randomContract(test: TestFn, name: string, make: () => Random): void {
  test(`${name} random: fractions lie in [0, 1) and spread over it`, (t) => {
    const random = make();
    const fractions = Array.from({ length: 2000 }, () => random.fraction());
    t.true(fractions.every((fraction) => fraction >= 0 && fraction < 1));
    const tenths = new Set(fractions.map((fraction) => Math.floor(10 * fraction)));
    t.is(tenths.size, 10);
  });

  test(`${name} random: gives as many bytes as asked for, never the same again`, (t) => {
    const random = make();
    t.deepEqual(
      [0, 1, 16, 32].map((count) => random.bytes(count).length),
      [0, 1, 16, 32],
    );
    t.notDeepEqual(random.bytes(32), random.bytes(32));
  });
}
