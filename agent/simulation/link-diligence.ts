// In fleets that are not fully connected nobody keeps a connection that neither side has a use for: thousands of machines would end up connected to
// each other. And everybody knows of its own neighbours which are not there: nobody else asks for them as often.

import { hours } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';
import { Standing } from './standing.ts';

/** Words of the own disk, inventories and visits are said within less. */
const uselessMsMax = hours(12);

/** Connections, by the other end, for which nobody has a use. */
const useless = new Standing<PeerId>();

/** To be called for one honest machine that is up, again and again. */
export function lookAtLinks(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { core, wire } = shell;
  const { nowMs } = fleet.queue;
  const stands = useless.look(shell, nowMs);
  for (const peer of core.membership.up) {
    const other = fleet.machineOf(peer);
    const linkedMs = wire.linkedSinceMs(peer);
    if (linkedMs === undefined || nowMs - linkedMs < uselessMsMax || !machine.isUp) continue;
    if (other?.shell === undefined || !other.isUp || other.hasLied || other.isRevoked) continue;
    fleet.checks.counts.visits++;
    if (isWanted(shell, peer) || isWanted(other.shell, machine.peer)) continue;
    if (stands(peer) >= uselessMsMax)
      fleet.guards.violate('visits', machine, `is connected to machine ${other.index} for nothing`);
  }
}

/** It is a neighbour, or was called; or there are too few others, or one side does not know yet how large the fleet is. */
const isWanted = ({ core: { membership, neighbours } }: Shell, peer: PeerId): boolean =>
  !membership.isSparse || membership.certificateOf(peer) === undefined || neighbours.wants(peer);

/** Neighbours that are off, and that count as there. */
const unnoticed = new Standing<PeerId>();

/** To be called for one honest machine that is up, again and again. */
export function lookAtAbsent(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { membership, neighbours } = shell.core;
  const { nowMs } = fleet.queue;
  const stands = unnoticed.look(shell, nowMs);
  // Who sleeps dials nobody, and who is nearly alone wants everybody.
  if (machine.awakeMs(nowMs) < uselessMsMax || membership.up.size < fleet.options.ringCount) return;
  for (const other of fleet.machines) {
    const { peer, index, ups } = other;
    if (ups.length === 0 || other.offMs(nowMs) < uselessMsMax || membership.up.has(peer)) continue;
    const isNeighbour = membership.certificateOf(peer) !== undefined && neighbours.wants(peer);
    if (!isNeighbour || membership.isAway(peer) || membership.isRevoked(peer)) continue;
    fleet.checks.counts.visits++;
    if (stands(peer) >= uselessMsMax)
      fleet.guards.violate(
        'visits',
        machine,
        `takes machine ${index} for one that is there, its neighbour that is off`,
      );
  }
}
