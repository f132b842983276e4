// When simulated people use their machines: the seeded histories of datasets/, hour by hour, with the minute and the way
// of going (lid closed, switched off, power cut) drawn here.

import {
  dayMs,
  type FleetHistory,
  generateFleet,
  hourMs,
  hourOfWeek,
  type Random,
  slotUnknown,
  slotUp,
  type UnixMs,
  weekMs,
} from '../../datasets/index.ts';
import type { EventQueue } from './event-queue.ts';
import type { Fleet } from './fleet.ts';

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
  return switchingsOf(history, parts, random);
}

/**
 * The same from a history of real machines, from its first Monday on and again from there where it is too short; rows in order, and
 * again from the first. Nothing changes while nobody looked.
 */
export function switchingsOf(
  history: FleetHistory,
  parts: Pick<PeopleParts, 'machineCount' | 'startMs' | 'days'>,
  random: Random,
): readonly Switching[] {
  const { slotCount, slotMs, machines } = history;
  const firstSlot = firstMondaySlot(history);
  const usable = slotCount - firstSlot;
  const slots = Math.floor((parts.days * dayMs) / slotMs);
  const found: Switching[] = [];
  for (let machine = 0; machine < parts.machineCount; machine++) {
    const row = (machine % machines.length) * slotCount;
    let isOn = true;
    for (let slot = 1; slot < slots; slot++) {
      const state = history.up[row + firstSlot + (slot % usable)];
      if (state === slotUnknown || (state === slotUp) === isOn) continue;
      isOn = state === slotUp;
      const atMs = parts.startMs + (slot + random.fraction() * 0.9) * slotMs;
      found.push({ atMs, machine, to: isOn ? 'on' : leaving(random) });
    }
  }
  return found;
}

/** The fleet's days begin on a Monday, 00:00. */
function firstMondaySlot({ startMs, slotMs, slotCount }: FleetHistory): number {
  const intoWeekMs = hourOfWeek(startMs) * hourMs;
  const slot = Math.ceil(((weekMs - intoWeekMs) % weekMs) / slotMs);
  return slot < slotCount ? slot : 0;
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

/** Machines of a fleet go on and off as their people want it. */
export function followPeople(fleet: Fleet): void {
  const { seed, agentCount: machineCount, days: dayCount, faults, history } = fleet.options;
  const random = fleet.random.fork('people');
  const { startMs } = fleet;
  const { alwaysOnShare } = faults;
  const changes =
    history === undefined
      ? switchings({ seed, machineCount, startMs, days: dayCount, alwaysOnShare }, random)
      : switchingsOf(history, { machineCount, startMs, days: dayCount }, random);
  scheduleSwitchings(fleet.queue, changes, (index, to) => {
    const machine = fleet.machines[index]!;
    fleet.trace.word(to);
    fleet.noteFault(`people: ${to}`);
    if (to === 'on') machine.powerOn(fleet);
    else {
      machine.wantsOn = false;
      if (to === 'sleep') machine.sleep();
      else fleet.crash(machine);
    }
  });
}
