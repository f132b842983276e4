// When simulated people use their machines: the seeded histories of datasets/, hour by hour, with the minute and the way
// of going (lid closed, switched off, power cut) drawn here.

import { generateFleet, hourMs, type Random, slotUp, type UnixMs } from '../../datasets/index.ts';
import type { EventQueue } from './event-queue.ts';

export type Leaving = 'sleep' | 'stop' | 'crash';

export interface Switching {
  readonly atMs: number;
  readonly machine: number;
  readonly to: 'on' | Leaving;
}

export interface PeopleParts {
  readonly seed: number | string;
  readonly machineCount: number;
  readonly startMs: UnixMs;
  readonly days: number;
  /** Share of machines that are never switched off; the others are desktops of offices, and a few laptops. */
  readonly alwaysOnShare: number;
}

/** Of a hundred times that a machine goes down. */
const sleepShare = 0.75;
const stopShare = 0.2;

/** Every machine starts on; then each change of its hours, in order of machine and time. */
export function switchings(parts: PeopleParts, random: Random): readonly Switching[] {
  const { seed, machineCount, startMs, days, alwaysOnShare } = parts;
  const { history } = generateFleet({
    seed,
    machineCount,
    weeks: Math.ceil(days / 7),
    startMs,
    touchesPerDay: 0,
    leaverShare: 0,
    joinerShare: 0,
    habitShares: {
      alwaysOn: alwaysOnShare,
      office: 0.8 * (1 - alwaysOnShare),
      laptop: 0.2 * (1 - alwaysOnShare),
    },
  });
  const found: Switching[] = [];
  for (let machine = 0; machine < machineCount; machine++) {
    let isOn = true;
    for (let slot = 1; slot < Math.min(history.slotCount, days * 24); slot++) {
      const willBeOn = history.up[machine * history.slotCount + slot] === slotUp;
      if (willBeOn === isOn) continue;
      isOn = willBeOn;
      const atMs = startMs + slot * hourMs + random.fraction() * 0.9 * hourMs;
      found.push({ atMs, machine, to: isOn ? 'on' : leaving(random) });
    }
  }
  return found;
}

function leaving(random: Random): Leaving {
  const chance = random.fraction();
  if (chance < sleepShare) return 'sleep';
  return chance < sleepShare + stopShare ? 'stop' : 'crash';
}

/** Puts all changes on the queue. */
export function scheduleSwitchings(
  queue: EventQueue,
  changes: readonly Switching[],
  change: (machine: number, to: Switching['to']) => void,
): void {
  for (const { atMs, machine, to } of changes) queue.schedule(atMs, () => change(machine, to));
}
