// What each agent must have done by now, whatever else is going on: asked others for proofs of their shards, restored some of its own files as a
// trial. An agent that quietly stops to look breaks no other promise before it is too late.

import { days } from '../../datasets/index.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** Awake for so long in one life, and it has done once what it does each day; clocks may be set by hours meanwhile. */
const dueMs = days(3);
/** Who was awake for so long could be asked all the time. */
const thereMs = days(1);

/** Looks at every honest machine that was awake for long, in fleets in which all are connected. */
export function lookAtDiligence(fleet: Fleet): void {
  for (const machine of fleet.machines) {
    const { shell } = machine;
    if (shell === undefined || machine.liar !== undefined || machine.isRevoked) continue;
    if (awakeMs(fleet, machine) < dueMs || shell.core.membership.isSparse) continue;
    lookAtAudits(fleet, machine, shell);
    lookAtProofs(fleet, machine, shell);
  }
}

/** For how long it is up and awake, without a break. */
function awakeMs({ queue }: Fleet, { isUp, ups }: Machine): number {
  return isUp ? queue.nowMs - (ups.at(-1)?.fromMs ?? queue.nowMs) : 0;
}

function lookAtAudits(fleet: Fleet, machine: Machine, shell: Shell): void {
  fleet.checks.counts.audits++;
  const askedMs = fleet.witness.lastAskedMs(shell);
  if (askedMs !== undefined && shell.clock.now() - askedMs < dueMs) return;
  for (const known of shell.core.shelf.packs.values()) {
    const members = shell.core.shelf.groupOf(known)?.members ?? [];
    const savedMs = fleet.ledger.acknowledgedMsOf(known.pack);
    if (known.held.size === 0 || !members.includes(machine.peer) || members.length < 2) continue;
    if (savedMs === undefined || fleet.queue.nowMs - savedMs < dueMs) continue;
    const isAskable = members.every((peer, index) => {
      const other = fleet.machineOf(peer);
      if (other === machine) return true;
      const isHeld = known.others.has(index, peer) && shell.core.membership.up.has(peer);
      return other !== undefined && isHeld && awakeMs(fleet, other) >= thereMs;
    });
    if (!isAskable) continue;
    fleet.guards.violate('audits', machine, 'has asked nobody for a proof in three days');
    return;
  }
}

function lookAtProofs(fleet: Fleet, machine: Machine, { core, clock }: Shell): void {
  if (core.membership.up.size === 0) return;
  const now = clock.now();
  for (const [drive, { owner, heads }] of core.catalogue.drives) {
    const [first] = heads;
    if (owner !== machine.peer || first === undefined || now - first.atMs < dueMs) continue;
    fleet.checks.counts.proofs++;
    const triedMs = machine.proofs.get(drive)?.last.atMs;
    if (triedMs === undefined || now - triedMs >= dueMs)
      fleet.guards.violate('proofs', machine, 'has restored nothing of its drive as a trial in three days');
  }
}
