// Times that are hard on a machine: its database is full for a while, or it is off for longer than holders keep what was given up. And people who say
// something right after they switched it on.

import { days, hours, unixMs } from '../../datasets/index.ts';
import type { SignedBatch } from '../codec/index.ts';
import type { EventQueue } from './event-queue.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart, timesPerMachineDay } from './scheduling.ts';

/** Shorter than machines take to hear what the others have. */
const fullLogMsMax = hours(2);
/** Longer than the holders' week; runs that are shorter have no holidays. */
const holidayMsMin = days(8.5);
const holidayMsMax = days(10);

/** There is no room for others' words; the own ones are tried again by the shell until they are written. */
export function scheduleFullLogs(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesPerMachineDay(scheduler, fleet.options.faults.fullLogsPerMachineDay, (machine, random) => {
    if (fleet.areFaultsOver) return;
    fleet.noteFault('full log');
    machine.logFullUntilMs = fleet.queue.nowMs + fullLogMsMax * random.fraction();
  });
}

/** Which batches a machine has no room for. */
export const refusalOf =
  (machine: Machine, queue: EventQueue): ((batch: SignedBatch) => boolean) =>
  ({ author }) =>
    author !== machine.peer && queue.nowMs < machine.logFullUntilMs;

export function scheduleHolidays(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount, days: dayCount } = fleet.options;
  if (days(dayCount) < holidayMsMax) return;
  timesApart(scheduler, { count: faults.holidayCount, share: 1 / 4 }, (random) => {
    const machine = fleet.machines[random.below(agentCount)]!;
    if (machine.isDestroyed || machine.isRevoked) return;
    fleet.noteFault('holiday');
    const awayMs = holidayMsMin + (holidayMsMax - holidayMsMin) * random.fraction();
    machine.loseMains(fleet, fleet.queue.nowMs + awayMs);
  });
}

/** Some say where they stand as soon as they have read their disk, as agents do. */
export function sayEarly(fleet: Fleet, machine: Machine): void {
  const { earlyWordShare } = fleet.options.faults;
  const random = fleet.random.fork(`start of ${machine.index} at ${fleet.queue.nowMs}`);
  if (earlyWordShare === 0 || random.fraction() >= earlyWordShare) return;
  fleet.noteFault('word after the start');
  machine.shell?.tell({ kind: 'recordsReady', records: [{ kind: 'addresses', addresses: [] }] });
  // Two of a kind: each is to be written.
  const atMs = unixMs(Math.floor(fleet.queue.nowMs));
  for (const about of ['one', 'another'])
    machine.shell?.tell({ kind: 'recordsReady', records: [{ kind: 'act', act: 'alerts-set', about, atMs }] });
}
