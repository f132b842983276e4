// What every Clock must do.

import type { TestFn } from 'ava';
import type { Clock } from '../../agent/ports.ts';
import type { World } from './world.ts';

export interface ClockHarness extends World {
  readonly clock: Clock;
}

export function clockContract(test: TestFn, name: string, make: () => ClockHarness): void {
  test(`${name} clock: tells whole milliseconds that never go back`, async (t) => {
    const { clock, until } = make();
    const seen = [clock.now()];
    for (let count = 0; count < 3; count++) {
      let isFired = false;
      clock.start(1, () => {
        isFired = true;
      });
      await until(() => isFired);
      seen.push(clock.now());
    }
    t.true(seen.every((atMs) => Number.isInteger(atMs)));
    t.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
  });

  test(`${name} clock: fires once, later than the call, in the order of time`, async (t) => {
    const { clock, until } = make();
    const fired: string[] = [];
    clock.start(40, () => fired.push('late'));
    clock.start(0, () => fired.push('soon'));
    t.deepEqual(fired, []);
    await until(() => fired.length === 2);
    t.deepEqual(fired, ['soon', 'late']);
  });

  test(`${name} clock: a cancelled timer stays silent`, async (t) => {
    const { clock, until } = make();
    const fired: string[] = [];
    const timer = clock.start(5, () => fired.push('cancelled'));
    clock.start(20, () => fired.push('kept'));
    timer.cancel();
    await until(() => fired.includes('kept'));
    t.deepEqual(fired, ['kept']);
  });
}
