// Optimizers that take turns: whoever has the lease falls asleep in the middle of a plan, another one plans without a machine that is given up
// by then, and falls asleep in its turn when that machine is back. Plans come from several, each with its own view of who was there.

import { hours, minutes, seconds } from '../../datasets/index.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** A lease is over after an hour at the latest, and the next machine takes it. */
const asleepMs = hours(3);
/** In which a machine that is given up is planned without, before it is back. */
const withoutMs = hours(2);

export function scheduleTurns(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, agentCount, days: dayCount, holderSilenceMs } = fleet.options;
  timesApart(scheduler, { count: faults.turnsPerDay * dayCount }, (random) => {
    if (fleet.areFaultsOver) return;
    fleet.noteFault('optimizers take turns');
    const away = fleet.machines[random.below(agentCount)]!;
    if (away.isDestroyed || away.isRevoked) return;
    const givenUpMs = fleet.queue.nowMs + holderSilenceMs;
    away.loseMains(fleet, givenUpMs + withoutMs);
    fleet.queue.schedule(givenUpMs - hours(1), () => putToSleep(fleet, away));
    fleet.queue.schedule(givenUpMs + withoutMs - random.fraction() * minutes(30), () =>
      putToSleep(fleet, away),
    );
  });
}

/** Whoever believes that it has the lease: in a split fleet there may be several. */
function putToSleep(fleet: Fleet, away: Machine): void {
  if (fleet.areFaultsOver) return;
  for (const machine of fleet.machines) {
    const { shell } = machine;
    if (machine === away || !machine.isUp || shell === undefined) continue;
    const lease = shell.core.election.leaseAt(shell.clock.now());
    if (lease?.peer !== machine.peer) continue;
    fleet.noteFault('an optimizer falls asleep');
    shell.tell({ kind: 'planWanted' });
    fleet.queue.schedule(fleet.queue.nowMs + seconds(1), () => {
      if (machine.shell === shell) machine.sleep();
    });
    fleet.queue.schedule(fleet.queue.nowMs + asleepMs, () => {
      if (machine.wantsOn && machine.shell === shell) machine.powerOn(fleet);
    });
  }
}
