// How often faults happen, and when: at random moments over the days of a run, each with a chance of its own.

import { dayMs, days, type Random } from '../../datasets/index.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';

export interface Scheduler {
  readonly fleet: Fleet;
  readonly random: Random;
}

/** `random` is of this time alone; `time` counts from 0. */
type Happening = (random: Random, time: number) => void;

/** So many times, a part of one by chance. */
export function times({ fleet, random }: Scheduler, count: number, act: Happening): void {
  const whole = Math.floor(count) + (random.fraction() < count % 1 ? 1 : 0);
  for (let time = 0; time < whole; time++) {
    const atMs = fleet.startMs + random.fraction() * fleet.options.days * dayMs;
    const own = random.fork(`time ${time}`);
    fleet.queue.schedule(atMs, () => act(own, time));
  }
}

/** The same of faults whose moments are of their own chance too: one time more moves none of the others. `share` of the days, from the first on. */
export function timesApart(
  { fleet, random }: Scheduler,
  { count, share = 1 }: { readonly count: number; readonly share?: number },
  act: Happening,
): void {
  for (let time = 0; time < Math.round(count); time++) {
    const own = random.fork(`time ${time}`);
    const atMs = fleet.startMs + own.fraction() * share * days(fleet.options.days);
    fleet.queue.schedule(atMs, () => act(own, time));
  }
}

/** The same so often per machine and day, each time to a machine drawn by chance. */
export function timesPerMachineDay(
  { fleet, random }: Scheduler,
  rate: number,
  act: (machine: Machine, random: Random) => void,
): void {
  const { agentCount, days: dayCount } = fleet.options;
  timesApart({ fleet, random }, { count: rate * agentCount * dayCount }, (own) =>
    act(fleet.machines[own.below(agentCount)]!, own),
  );
}
