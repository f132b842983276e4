// A line between two sites that is cut for most of a day: all machines of a fleet are on, one half beside the other, and each half plans alone. When it
// is mended nobody names the machines anew: those that stayed on find each other by dialling.

import { hours, type Random } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';
import type { Shell } from './shell.ts';

const cutMsMin = hours(8);
const cutMsMax = hours(20);
/** Whoever is on is dialled each quarter of an hour, or, where most are away, as many quarters later. */
const apartMsMax = hours(4);

export function scheduleCuts(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(scheduler, { count: fleet.options.faults.cutCount, share: 1 / 2 }, (random) => {
    if (fleet.network.isCut || fleet.areFaultsOver) return;
    fleet.noteFault('network cut in two');
    fleet.network.cut(halfOf(fleet, random));
    const forMs = cutMsMin + random.fraction() * (cutMsMax - cutMsMin);
    fleet.queue.schedule(fleet.queue.nowMs + forMs, () => fleet.network.mendCut());
  });
}

const halfOf = ({ machines }: Fleet, random: Random): ReadonlySet<PeerId> =>
  new Set(machines.filter(() => random.fraction() < 0.5).map(({ peer }) => peer));

/** To be called for one honest machine that is up, where all are connected: whoever is on beside it, and can be reached, is connected to it. */
export function lookAtApart(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { network, queue, checks, guards } = fleet;
  const sinceMs = queue.nowMs - apartMsMax;
  if (network.openSinceMs > sinceMs || machine.awakeMs(queue.nowMs) < apartMsMax) return;
  for (const other of fleet.machines) {
    if (other === machine || other.hasLied || other.isRevoked || other.shell === undefined) continue;
    if (other.awakeMs(queue.nowMs) < apartMsMax) continue;
    if (!knows(shell, other.peer) || !knows(other.shell, machine.peer)) continue;
    if (network.isBlocked(machine.peer, other.peer) || network.isBlocked(other.peer, machine.peer)) continue;
    checks.counts.visits++;
    const apartMs = shell.wire.unlinkedSinceMs(other.peer);
    if (apartMs === undefined || apartMs > sinceMs) continue;
    guards.violate(
      'visits',
      machine,
      `is not connected to machine ${other.index}, which is there, for hours`,
    );
  }
}

const knows = ({ core: { membership }, clock }: Shell, peer: PeerId): boolean =>
  membership.isMember(peer, clock.now());
