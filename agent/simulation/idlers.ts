// Optimizers that keep the lease and make no plan any more, as somebody does who stole one, or whose models never end: the next machine has to notice by
// what is due, and plan in their place.

import { hours } from '../../datasets/index.ts';
import { putOut } from './admin-words.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** A member of some groups is put out so long after that: the others are to be filled. */
const laterMs = hours(1);
/** Enough for plans stay. */
const machinesMin = 6;

/** In review mode nobody plans in another's place: an admin sees that no plan comes. */
export function scheduleIdlers(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { idlerCount, reviewCount } = fleet.options.faults;
  if (reviewCount > 0) return;
  timesApart(scheduler, { count: idlerCount, share: 1 / 2 }, (random) => {
    const idler = leaderOf(fleet);
    if (idler === undefined || fleet.areFaultsOver) return;
    fleet.noteFault('optimizer that plans no more');
    idler.isIdle = true;
    fleet.queue.schedule(fleet.queue.nowMs + laterMs, () => {
      const member = fleet.machines[1 + random.below(fleet.options.agentCount - 1)]!;
      const isThere = !member.isDestroyed && !member.isRevoked && member !== idler;
      if (isThere && fleet.checks.usableCount() > machinesMin) putOut(fleet, member, { done: () => {} });
    });
  });
}

/** An honest machine that believes to run the optimizer. */
export const leaderOf = ({ machines }: Fleet): Machine | undefined =>
  machines.find((machine) => isLeader(machine));

function isLeader({ shell, isUp, isRevoked, hasLied, peer }: Machine): boolean {
  if (shell === undefined || !isUp || isRevoked || hasLied) return false;
  return shell.core.election.leaseAt(shell.clock.now())?.peer === peer;
}
