// A snapshot is acknowledged soon, whoever is away: its owner is awake, and with it as many machines as its packs need. Which of them the plan
// names does not matter, as long as nobody need stand in beside a machine of its domain.

import { hours } from '../../datasets/index.ts';
import { plannedMachines } from '../../optimizer/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { firstWithout, mayKeep } from './matching.ts';
import { hasRestedSince } from './rests.ts';
import type { Shell } from './shell.ts';

/**
 * A holder that is there and takes nothing is waited for for an hour, a stand-in that does not answer for minutes, and a liar may be asked
 * before an honest one.
 */
export const promptMsMax = hours(3);

/** Looks at the oldest snapshot that waits on each machine: the others come after it. */
export function lookAtWaits(fleet: Fleet): void {
  for (const machine of fleet.machines) {
    const { shell } = machine;
    if (shell === undefined || machine.isRevoked || machine.hasLied) continue;
    const { core } = shell;
    const [oldest] = machine.journal;
    const isOut = core.replication.isForked(machine.peer) || fleet.ledger.isToBeWiped(machine.peer);
    const isDeaf = isLogFullSince(machine, fleet.queue.nowMs - promptMsMax);
    // Who is paused sends nothing.
    const hasRested = hasRestedSince(machine, fleet.queue.nowMs - promptMsMax);
    if (oldest === undefined || isOut || isDeaf || hasRested) continue;
    if (!core.ownLog.isSure || core.membership.isSparse) continue;
    const promised = fleet.ledger.promised.get(oldest.snapshot);
    if (promised === undefined || waitedMs(fleet, machine, promised.madeMs) < promptMsMax) continue;
    fleet.checks.counts.prompt++;
    const widest = Math.max(...promised.descriptors.map(({ redundancy }) => redundancy.n));
    const there = machinesThere(fleet, machine, shell);
    if (there.length < widest || !promised.descriptors.every(({ pack }) => canBeKept(pack, shell, there)))
      continue;
    const hoursText = `${Math.round(waitedMs(fleet, machine, promised.madeMs) / hours(1))} hours`;
    fleet.guards.violate(
      'prompt',
      machine,
      `waits ${hoursText} for snapshot ${promised.number} with ${there.length} others there for its ${widest} shards`,
    );
  }
}

/** Whether each slot of a pack has a machine of its own among those that are there: the planned one, or the only one of its domain. */
function canBeKept(pack: PackId, { core }: Shell, there: readonly PeerId[]): boolean {
  const known = core.shelf.get(pack);
  const group = known === undefined ? undefined : core.shelf.groupOf(known);
  if (group === undefined) return false;
  const domains = core.election.plan?.domains ?? {};
  const { members } = group;
  const keepers = members.map((member) =>
    there
      .filter((peer) => mayKeep(peer, { member, members, domains }))
      .map((peer) => (peer === member ? peer : (domains[peer] ?? peer))),
  );
  return firstWithout(keepers) === undefined;
}

const isLogFullSince = ({ logFullUntilMs }: Machine, sinceMs: number): boolean => logFullUntilMs >= sinceMs;

/** Since then, or since it is awake. */
function waitedMs({ queue }: Fleet, { ups, isUp }: Machine, madeMs: number): number {
  return isUp ? queue.nowMs - Math.max(madeMs, ups.at(-1)?.fromMs ?? queue.nowMs) : 0;
}

/** Honest holders with room that were connected to the owner all the time and follow its plan. */
function machinesThere(fleet: Fleet, owner: Machine, { core, wire }: Shell): readonly PeerId[] {
  const { plan } = core.election;
  const planned = plan === undefined ? new Set() : plannedMachines(plan);
  const there = fleet.machines.filter((other) => {
    const sinceMs = wire.linkedSinceMs(other.peer);
    const isConnected = sinceMs !== undefined && fleet.queue.nowMs - sinceMs >= promptMsMax;
    if (other === owner || !isConnected || other.isRevoked || other.hasLied) return false;
    if (hasRestedSince(other, fleet.queue.nowMs - promptMsMax)) return false;
    if (isLogFullSince(other, fleet.queue.nowMs - promptMsMax)) return false;
    const isTrusted = core.membership.hasRole(other.peer, 'holder') && !core.membership.isLeftOut(other.peer);
    const { isFull, fullUntilMs, heldBytes, copyBytes, quotaBytes } = other.platters;
    const wasFull = isFull || fullUntilMs >= fleet.queue.nowMs - promptMsMax;
    const hasRoom = !wasFull && heldBytes + copyBytes <= quotaBytes / 2;
    const isOfOneMind = other.shell?.core.election.plan === plan;
    return planned.has(other.peer) && isTrusted && hasRoom && isOfOneMind && other.isUp;
  });
  return there.map(({ peer }) => peer);
}
