// Last words: of a machine that the optimizer cannot reach any more, and that burns a little later. The optimizer hears them from others when it has missed
// the machine already, and must not take it for one that is there, for good.

import { minutes, type Random, seconds, unixMs } from '../../datasets/index.ts';
import type { Fleet } from './fleet.ts';
import { leaderOf } from './idlers.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** That the connection is gone is noticed, and a dial or two are made in vain. */
const missedMs = minutes(3);
/** Some others have heard the last words by then. */
const lastMsMax = seconds(20);
/** Enough for plans stay. */
const machinesMin = 6;

/** `destroy`: as fires do it. */
export function scheduleLastWords(
  scheduler: Scheduler,
  destroy: (fleet: Fleet, machine: Machine, cause: string) => void,
): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.lastWordCount, share: 1 / 2 }, (random) => {
    const leader = leaderOf(fleet);
    const machine = neighbourOf(fleet, leader, random);
    if (leader === undefined || machine === undefined || fleet.areFaultsOver) return;
    fleet.network.block(machine.peer, leader.peer);
    fleet.network.block(leader.peer, machine.peer);
    fleet.queue.schedule(fleet.queue.nowMs + missedMs, () => {
      if (!machine.isUp || machine.isRevoked || fleet.checks.usableCount() <= machinesMin) return;
      const atMs = unixMs(Math.floor(fleet.queue.nowMs));
      machine.shell?.publish([{ kind: 'act', act: 'alerts-set', about: 'last words', atMs }], () => {});
      fleet.queue.schedule(fleet.queue.nowMs + lastMsMax * random.fraction(), () =>
        destroy(fleet, machine, 'machine gone after its last words'),
      );
    });
  });
}

/** One that is connected to it, and that may go: the first machine is the admin's own. */
function neighbourOf(fleet: Fleet, leader: Machine | undefined, random: Random): Machine | undefined {
  const near = [...(leader?.shell?.core.membership.up ?? [])].flatMap((peer) => fleet.machineOf(peer) ?? []);
  const able = near.filter(({ index, hasLied, isRevoked, isDestroyed }) => {
    return index > 0 && !hasLied && !isRevoked && !isDestroyed;
  });
  return able[random.below(Math.max(1, able.length))];
}
