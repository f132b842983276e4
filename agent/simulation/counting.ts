// How many shards of a pack can be had, as an agent that asks around counts them, held against what lies on the disks. Looked at once, when nobody
// has anything left to do.

import { hours, minutes } from '../../datasets/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import { packsOf } from './ledger.ts';
import { packsThrownAway } from './liars.ts';
import type { Machine } from './machine.ts';

/** In which all have answered. */
const countMsMax = hours(1);
const packsMax = 40;

/** What is given up or to be deleted lies where older plans had it, and some free it sooner. */
const isLeaving = ({ ledger }: Fleet, pack: PackId, owner: PeerId): boolean =>
  ledger.isGivenUp(pack) || ledger.isToBeWiped(owner);

const hasRotten = (platters: Machine['platters'], pack: PackId): boolean =>
  platters.slotsOf(pack).some(({ place, index }) => place === 'held' && !platters.hasIntact({ pack, index }));

/** It comes while the queue runs. */
const countedBy = ({ counted }: Machine): readonly number[] | undefined => counted;

export function lookAtCounts(fleet: Fleet): void {
  const { checks, guards, ledger, machines, queue } = fleet;
  const machine = machines.find(({ isUp, hasLied, isRevoked }) => isUp && !hasLied && !isRevoked);
  const { shell } = machine ?? {};
  if (machine === undefined || shell === undefined) return;
  const thrownAway = packsThrownAway(machines);
  // What rotted and was not read since is named by its holder.
  const packs = [...packsOf(ledger.due(queue.nowMs)).values()]
    .filter(
      ({ pack, owner }) =>
        checks.harmedCount(pack) === 0 &&
        !machines.some(({ platters }) => hasRotten(platters, pack)) &&
        !thrownAway.has(pack) &&
        !isLeaving(fleet, pack, owner),
    )
    .slice(-packsMax);
  if (packs.length === 0) return;
  machine.counted = undefined;
  shell.tell({ kind: 'packsSought', survey: 1, packs });
  const untilMs = queue.nowMs + countMsMax;
  while (countedBy(machine) === undefined && queue.nowMs < untilMs) queue.runUntil(queue.nowMs + minutes(1));
  const counted = countedBy(machine);
  if (counted === undefined) {
    guards.violate('counted', machine, 'never says how many shards can be had');
    return;
  }
  for (const [at, { pack }] of packs.entries()) {
    checks.counts.counted++;
    const there = checks.intactOf(pack).size;
    const count = counted[at] ?? 0;
    if (count === there) continue;
    guards.violate(
      'counted',
      machine,
      `counts ${count} shards of pack ${pack.slice(0, 8)}, of which ${there} are there`,
    );
    return;
  }
}
