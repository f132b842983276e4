// Machines that join: one by one, many at once, and such as were let in by an admin that burnt before anybody had its log, so that only who meets them
// sees who they are. In the end everybody knows everybody all the same.

import { hours, minutes } from '../../datasets/index.ts';
import type { Fleet } from './fleet.ts';
import { type Scheduler, times, timesApart } from './scheduling.ts';

/** So many new machines come one after the other, within so long. */
const crowdSize = 12;
const crowdMs = minutes(50);

/** Who is up for so long has met somebody who has heard of whoever is up for as long. */
const knownMs = hours(6);

export function scheduleJoins(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  times(scheduler, fleet.options.faults.joinCount, () => {
    fleet.noteFault('new machine');
    fleet.join().powerOn(fleet);
  });
}

/** A room full of new machines is set up: each is a reason for a plan. */
export function scheduleCrowds(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.crowdCount, share: 1 / 2 }, (random) => {
    fleet.noteFault('crowd of new machines');
    for (let count = 0; count < crowdSize; count++)
      fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * crowdMs, () =>
        fleet.join().powerOn(fleet),
      );
  });
}

export function scheduleStrays(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.strayCount, share: 1 / 2 }, () => {
    if (fleet.areFaultsOver) return;
    fleet.noteFault('machine of which no log tells');
    fleet.addMachine().powerOn(fleet);
  });
}

/** At the end: whoever is there has heard of all others that are, whoever let them in. */
export function lookForStrangers({ machines, checks, queue }: Fleet): void {
  const there = machines.filter(
    (machine) =>
      !machine.isRevoked && machine.validUntilMs === undefined && machine.awakeMs(queue.nowMs) >= knownMs,
  );
  for (const { index, shell } of there)
    for (const other of there) {
      checks.counts.known++;
      if (shell?.core.membership.certificateOf(other.peer) === undefined)
        checks.violate('known', `machine ${index} does not know of machine ${other.index}, which is there`);
    }
}
