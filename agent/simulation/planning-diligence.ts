// Whoever runs the optimizer plans for all who are there: a machine that has been beside it for half a day was among those that its last plan was
// made for, or stands in the plan that holds. And in a large fleet it knows who is gone, though it is connected to a few alone.

import { hours, unixMs } from '../../datasets/index.ts';
import { plannedMachines } from '../../optimizer/index.ts';
import { plannedMachinesMin } from '../core/index.ts';
import { unheardShareMax } from '../mesh-limits.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import { packsOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';
import { Standing } from './standing.ts';

/** A plan that failed is tried again after an hour, and several may. */
const planMsMax = hours(12);

/** Beyond the silence that is allowed: whoever was not heard is called within hours, and clocks are set by hours. */
const goneSlackMs = hours(18);

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
  if (machine.isIdle) return;
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

/** Machines that are gone, and that whoever runs the optimizer does not know to be. */
const unknown = new Standing<PeerId>();

/** To be called for one honest machine of a large fleet that is up. */
export function lookAtGone(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { membership, election } = shell.core;
  const { nowMs } = fleet.queue;
  const now = shell.clock.now();
  const stands = unknown.look(shell, nowMs);
  if (election.leaseAt(now)?.peer !== machine.peer) return;
  const { holderSilenceMs } = fleet.options;
  const sinceMs = machine.ups.at(-1)?.fromMs ?? nowMs;
  for (const peer of membership.holders(now, 'with those left out')) {
    const other = fleet.machineOf(peer);
    if (other === undefined || other.ups.length === 0 || membership.isGone(peer, now)) continue;
    const goneMs = Math.min(other.offMs(nowMs), nowMs - sinceMs) - holderSilenceMs;
    if (goneMs < goneSlackMs) continue;
    fleet.checks.counts.plans++;
    // Until it runs the optimizer it calls nobody for that alone, and then no silence counts by itself to its end.
    if (stands(peer) < (1 - unheardShareMax) * holderSilenceMs + goneSlackMs) continue;
    const text = `runs the optimizer and does not know that machine ${other.index} has been off for days`;
    fleet.guards.violate('plans', machine, text);
    return;
  }
}

/** When nobody has anything left to do: the plan that is followed has a class for each pack that is promised, or nobody would make its shards again. */
export function lookForClasses({ checks, guards, ledger, machines, queue }: Fleet): void {
  for (const machine of machines) {
    const { plan } = machine.shell?.core.election ?? {};
    if (plan === undefined || machine.hasLied || machine.isRevoked) continue;
    const classes = new Set(plan.classes.map(({ name, redundancy: { k, n } }) => `${name} ${k} ${n}`));
    for (const { pack, placementClass, redundancy } of packsOf(ledger.due(queue.nowMs)).values()) {
      checks.counts.plans++;
      if (classes.has(`${placementClass} ${redundancy.k} ${redundancy.n}`)) continue;
      const text = `follows a plan that has no class for pack ${pack.slice(0, 8)}`;
      guards.violate('plans', machine, text);
      return;
    }
  }
}
