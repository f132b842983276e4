// Whoever runs the optimizer plans for all who are there: a machine that has been beside it for half a day was among those that its last plan was
// made for, or stands in the plan that holds.

import { hours, unixMs } from '../../datasets/index.ts';
import { plannedMachines } from '../../optimizer/index.ts';
import { plannedMachinesMin } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** A plan that failed is tried again after an hour, and several may. */
const planMsMax = hours(12);

/** Since when a machine was there and in no plan, at every look at which this process ran the optimizer. */
const unplannedMs = new WeakMap<Shell, ReadonlyMap<PeerId, number>>();

export function lookAtPlanning(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { core, clock } = shell;
  const now = clock.now();
  const { membership, election } = core;
  const before = unplannedMs.get(shell);
  const since = new Map<PeerId, number>();
  unplannedMs.set(shell, since);
  const isForked = core.replication.isForked(machine.peer);
  if (election.leaseAt(now)?.peer !== machine.peer || isForked || !core.ownLog.isSure) return;
  const mayHold = (peer: PeerId): boolean =>
    membership.isUp(peer) && membership.isMember(peer, unixMs(now)) && membership.hasRole(peer, 'holder');
  const there = membership.machines.filter((peer) => mayHold(peer) && !membership.isLeftOut(peer));
  if (there.length < plannedMachinesMin) return;
  const { plan } = election;
  const planned = plan === undefined ? new Set<PeerId>() : plannedMachines(plan);
  const chosen = fleet.witness.lastChosen(shell);
  for (const peer of there) {
    fleet.checks.counts.plans++;
    if (planned.has(peer) || chosen.has(peer)) continue;
    const sinceMs = before?.get(peer) ?? fleet.queue.nowMs;
    since.set(peer, sinceMs);
    if (fleet.queue.nowMs - sinceMs < planMsMax) continue;
    fleet.guards.violate('plans', machine, `has made no plan for ${membership.nameOf(peer)}, which is there`);
    return;
  }
}
