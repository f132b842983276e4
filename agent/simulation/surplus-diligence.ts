// What lies where the plan does not want it is removed once all who are to have it do: else the fleet fills up.

import { hours } from '../../datasets/index.ts';
import type { KnownPack } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';
import type { Shell } from './shell.ts';
import { Standing } from './standing.ts';

/** Words come round in an hour, and a proof minutes later. */
const keepMsMax = hours(6);

const surplus = new Standing<string>();

/** Of a machine that is awake for long, in a fleet in which all are connected. `awakeMs`: for how long another is. */
export function lookAtSurplus(
  fleet: Fleet,
  machine: Machine,
  { shell, awakeMs }: { readonly shell: Shell; readonly awakeMs: (other: Machine) => number },
): void {
  const stands = surplus.look(shell, fleet.queue.nowMs);
  const { shelf, membership } = shell.core;
  /** Whether a machine has what the plan gives it, and can be asked for it. */
  const hasItsOwn = ({ pack, held }: KnownPack, peer: PeerId, index: number): boolean => {
    if (peer === machine.peer) return held.has(index);
    const other = fleet.machineOf(peer);
    if (other === undefined || other.hasLied || other.isRevoked || !membership.up.has(peer)) return false;
    const isOfOneMind = other.shell?.core.shelf.plan === shelf.plan;
    return isOfOneMind && awakeMs(other) >= keepMsMax && other.platters.hasIntact({ pack, index });
  };
  for (const known of shelf.packs.values()) {
    const members = known.held.size === 0 ? [] : (shelf.groupOf(known)?.members ?? []);
    const surplusHere = [...known.held].filter(
      (index) => members.length > 0 && members[index] !== machine.peer,
    );
    if (surplusHere.length === 0 || !members.every((peer, index) => hasItsOwn(known, peer, index))) continue;
    fleet.checks.counts.removals++;
    for (const index of surplusHere) {
      const forMs = stands(nameOf({ pack: known.pack, index }));
      if (forMs < keepMsMax) continue;
      const hoursText = `${Math.round(forMs / hours(1))} hours`;
      const text = `keeps shard ${index} of ${shortOf(known)}, which all who are to have it have had for ${hoursText}`;
      fleet.guards.violate('removals', machine, text);
      return;
    }
  }
}
