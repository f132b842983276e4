// Whether a snapshot that nobody asked for may run on what the machine is fed by. A laptop is not drained for a backup, and no backup stops
// for good because a laptop is never plugged in.

import { hours, type UnixMs } from '../../datasets/index.ts';

export interface PowerState {
  readonly source: 'mains' | 'battery';
  /** What is left in the battery, 0..1; 1 without one. */
  readonly chargeShare: number;
}

/** Below it a battery is kept for its person. */
export const chargeShareMin = 0.3;
/** On battery snapshots are this far apart at least. */
export const batteryPauseMs = hours(4);

/** Never rejects: a machine that does not tell is taken to run on mains. */
export async function readPower(): Promise<PowerState> {
  try {
    const { default: systeminformation } = await import('systeminformation');
    const { hasBattery, acConnected, percent } = await systeminformation.battery();
    if (hasBattery && !acConnected) return { source: 'battery', chargeShare: percent / 100 };
  } catch {
    // The call fails where there is no such thing as a battery.
  }
  return { source: 'mains', chargeShare: 1 };
}

/** Why a snapshot has to wait, in words; undefined when it need not. `takenMs` is when the last one was. */
export function powerWait(power: PowerState, takenMs: UnixMs | undefined, now: UnixMs): string | undefined {
  if (power.source === 'mains') return undefined;
  const percent = Math.round(100 * power.chargeShare);
  if (power.chargeShare < chargeShareMin) return `the machine runs on battery, ${percent} % are left`;
  if (takenMs === undefined || now - takenMs >= batteryPauseMs) return undefined;
  return 'the machine runs on battery, so snapshots are four hours apart';
}
