// Times in which a machine's person wants it to rest, or in which it is on battery: what can wait does so.

import { hours } from '../../datasets/index.ts';
import type { PowerSource } from '../core/index.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesPerMachineDay } from './scheduling.ts';

export interface Rest {
  readonly isPaused: boolean;
  readonly power: PowerSource;
}

export const noRest: Rest = { isPaused: false, power: 'mains' };

/** One rest is at least so long, and at most five times as long. */
const restMsMin = hours(1);

export function scheduleRests(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesPerMachineDay(scheduler, fleet.options.faults.restsPerMachineDay, (machine, random) => {
    const isPause = random.fraction() < 0.5;
    fleet.noteFault(isPause ? 'pause' : 'on battery');
    turn(fleet, machine, isPause ? { ...noRest, isPaused: true } : { ...noRest, power: 'battery' });
    const untilMs = fleet.queue.nowMs + restMsMin * (1 + 4 * random.fraction());
    machine.restsUntilMs = untilMs;
    fleet.queue.schedule(untilMs, () => {
      // Another rest may have begun meanwhile.
      if (machine.restsUntilMs === untilMs) turn(fleet, machine, noRest);
    });
  });
}

/** Whoever rests does so no more. */
export function endRest(fleet: Fleet, machine: Machine): void {
  if (machine.rest !== noRest) turn(fleet, machine, noRest);
}

/** Whether a machine rested at any moment since then. */
export const hasRestedSince = ({ rest, restedMs }: Machine, sinceMs: number): boolean =>
  rest !== noRest || restedMs >= sinceMs;

function turn(fleet: Fleet, machine: Machine, rest: Rest): void {
  machine.rest = rest;
  machine.restedMs = fleet.queue.nowMs;
  tellRest(machine);
}

/** Says whether a machine is to rest: a new process takes it for one that is not. */
export function tellRest({ shell, rest: { isPaused, power } }: Machine): void {
  shell?.tell({ kind: 'pullsPaused', isPaused });
  shell?.tell({ kind: 'powerChanged', source: power });
}
