// When a snapshot that nobody asked for has to wait for a plug.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  batteryPauseMs,
  chargeShareMin,
  powerWait,
  readLinuxPower,
  readPower,
} from '../../agent/live/power.ts';
import { hours, unixMs } from '../../datasets/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';

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

/** What the kernel of a laptop tells, in a folder. */
function suppliesOf(
  t: ExecutionContext,
  supplies: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string {
  const folder = temporaryFolder(t, 'power');
  for (const [name, words] of Object.entries(supplies)) {
    mkdirSync(join(folder, name));
    for (const [word, value] of Object.entries(words)) writeFileSync(join(folder, name, word), `${value}\n`);
  }
  return folder;
}

const adapter = (online: '0' | '1') => ({ type: 'Mains', online });
const battery = (status: string, capacity: string) => ({ type: 'Battery', status, capacity });

test('a laptop at its plug runs on mains, however its adapter is called and whether its battery is charged or held', async (t) => {
  for (const name of ['AC', 'ADP1', 'ACAD', 'ucsi-source-psy-USBC000:001'])
    for (const status of ['Full', 'Not charging', 'Charging', 'Unknown', 'Discharging']) {
      const folder = suppliesOf(t, { [name]: adapter('1'), BAT0: battery(status, '80') });
      t.is((await readLinuxPower(folder)).source, 'mains', `${name} ${status}`);
    }
});

test('a laptop without its plug runs on all its batteries, and no mouse is one', async (t) => {
  const mouse = { ...battery('Discharging', '4'), scope: 'Device' };
  const folder = suppliesOf(t, {
    ADP1: adapter('0'),
    BAT0: battery('Not charging', '100'),
    BAT1: battery('Discharging', '20'),
    hidpp_battery_0: mouse,
  });
  t.deepEqual(await readLinuxPower(folder), { source: 'battery', chargeShare: 0.6 });
  t.is((await readLinuxPower(suppliesOf(t, { hidpp_battery_0: mouse }))).source, 'mains');
});

test('a battery that does not tell how full it is keeps no snapshot from being taken', async (t) => {
  t.is((await readLinuxPower(suppliesOf(t, { BAT0: battery('Discharging', '') }))).source, 'mains');
});
