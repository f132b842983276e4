// When a snapshot that nobody asked for has to wait for a plug.

import test from 'ava';
import fc from 'fast-check';
import { batteryPauseMs, chargeShareMin, powerWait, readPower } from '../../agent/live/power.ts';
import { hours, unixMs } from '../../datasets/index.ts';

const noon = unixMs(Date.UTC(2026, 10, 23, 12));
const before = (ms: number): ReturnType<typeof unixMs> => unixMs(noon - ms);

test('on mains nothing waits, however much is left in the battery', (t) => {
  t.is(powerWait({ source: 'mains', chargeShare: 0.02 }, noon, noon), undefined);
});

test('on a good battery snapshots are four hours apart, and the first one of a run is taken at once', (t) => {
  const power = { source: 'battery', chargeShare: 0.8 } as const;
  t.is(powerWait(power, undefined, noon), undefined);
  t.regex(powerWait(power, before(hours(1)), noon) ?? '', /four hours apart/u);
  t.is(powerWait(power, before(batteryPauseMs), noon), undefined);
});

test('a battery that is nearly empty is left alone, and the words say how much is left', (t) => {
  const power = { source: 'battery', chargeShare: 0.12 } as const;
  t.regex(powerWait(power, undefined, noon) ?? '', /12 % are left/u);
  t.regex(powerWait(power, before(hours(100)), noon) ?? '', /12 % are left/u);
});

test('whoever waits goes on at the plug, or, while the battery is good, within four hours', (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: chargeShareMin, max: 1, noNaN: true }),
      fc.nat(hours(48)),
      (chargeShare, sinceMs) => {
        const wait = powerWait({ source: 'battery', chargeShare }, before(sinceMs), noon);
        return (wait === undefined) === sinceMs >= batteryPauseMs;
      },
    ),
  );
  t.pass();
});

test('every machine tells something: without a battery it is on mains', async (t) => {
  const { source, chargeShare } = await readPower();
  t.true(source === 'battery' || chargeShare === 1);
});
