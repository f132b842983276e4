// Whether a snapshot that nobody asked for may run on what the machine is fed by. A laptop is not drained for a backup, and no backup stops
// for good because a laptop is never plugged in.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hours, type UnixMs } from '../../datasets/index.ts';
import { inTime } from './system-answers.ts';

export interface PowerState {
  readonly source: 'mains' | 'battery';
  /** What is left in the battery, 0..1; 1 without one. */
  readonly chargeShare: number;
}

/** Below it a battery is kept for its person. */
export const chargeShareMin = 0.3;
/** On battery snapshots are this far apart at least. */
export const batteryPauseMs = hours(4);

/** Never rejects: a machine that does not tell, or not in time, is taken to run on mains. */
export async function readPower(platform: NodeJS.Platform = process.platform): Promise<PowerState> {
  try {
    return await (platform === 'linux' ? askLinux() : askLibrary());
  } catch {
    // Where there is no such thing as a battery, or what tells of it hangs.
    return onMains;
  }
}

const onMains: PowerState = { source: 'mains', chargeShare: 1 };

const askLibrary = inTime(async (): Promise<PowerState> => {
  const { default: systeminformation } = await import('systeminformation');
  const { hasBattery, acConnected, percent } = await systeminformation.battery();
  return hasBattery && !acConnected ? { source: 'battery', chargeShare: percent / 100 } : onMains;
});

/**
 * What the kernel tells of all supplies, however they are called. systeminformation 5 knows adapters only as AC and AC0, and one battery: many a
 * laptop at its plug, with a full battery, would be one without. `folder`: /sys/class/power_supply. Rejects where there is none.
 */
export async function readLinuxPower(folder: string): Promise<PowerState> {
  const supplies = await Promise.all((await readdir(folder)).map((name) => supplyIn(join(folder, name))));
  const batteries = supplies.filter(({ type, scope }) => type === 'Battery' && scope !== 'Device');
  const isPlugged = supplies.some(({ type, online }) => type !== 'Battery' && online === '1');
  // Full, or held below that on purpose: then there is a plug.
  const isDrained = batteries.some(({ status }) => status === 'Discharging');
  if (isPlugged || !isDrained) return onMains;
  const shares = batteries.map(({ capacity }) => Number.parseInt(capacity, 10) / 100).filter(Number.isFinite);
  if (shares.length === 0) return onMains;
  return { source: 'battery', chargeShare: shares.reduce((sum, share) => sum + share, 0) / shares.length };
}

const askLinux = inTime(() => readLinuxPower('/sys/class/power_supply'));

async function supplyIn(folder: string) {
  const read = async (name: string): Promise<string> =>
    (await readFile(join(folder, name), 'utf8').catch(() => '')).trim();
  const [type, scope, online, status, capacity] = await Promise.all([
    read('type'),
    read('scope'),
    read('online'),
    read('status'),
    read('capacity'),
  ]);
  return { type, scope, online, status, capacity };
}

/** Why a snapshot has to wait, in words; undefined when it need not. `takenMs` is when the last one was. */
export function powerWait(power: PowerState, takenMs: UnixMs | undefined, now: UnixMs): string | undefined {
  if (power.source === 'mains') return undefined;
  const percent = Math.round(100 * power.chargeShare);
  if (power.chargeShare < chargeShareMin) return `the machine runs on battery, ${percent} % are left`;
  if (takenMs === undefined || now - takenMs >= batteryPauseMs) return undefined;
  return 'the machine runs on battery, so snapshots are four hours apart';
}
