// How many shards of a pack can be had, as an agent that asks around counts them, held against what lies on the disks. Looked at once, when nobody
// has anything left to do.

import { hours, minutes } from '../../datasets/index.ts';
import { type PackDescriptor, sha256Hex } from '../codec/index.ts';
import { type PackId, packId, type PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import { packsOf } from './ledger.ts';
import { packsThrownAway } from './liars.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** In which all have answered. */
const countMsMax = hours(1);
const packsMax = 40;

/** What is given up or to be deleted lies where older plans had it, and some free it sooner. */
const isLeaving = ({ ledger }: Fleet, pack: PackId, owner: PeerId): boolean =>
  ledger.isGivenUp(pack) || ledger.isToBeWiped(owner);

const hasRotten = (platters: Machine['platters'], pack: PackId): boolean =>
  platters.slotsOf(pack).some(({ place, index }) => place === 'held' && !platters.hasIntact({ pack, index }));

/** It comes while the queue runs. */
const countedBy = ({ counted }: Machine): Machine['counted'] => counted;

/** A pack that nobody ever had: all say so who are there, and no shard of it is hoped for but from those that may come back. */
const unheardOf = (descriptor: PackDescriptor): PackDescriptor => ({
  ...descriptor,
  pack: packId(sha256Hex(Buffer.from(`nobody has ${descriptor.pack}`))),
});

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
  // In a large fleet all others would be called for it, a few at a time.
  const unheard = shell.core.membership.isSparse ? [] : packs.slice(-1).map(unheardOf);
  const sought = [...packs, ...unheard];
  shell.tell({ kind: 'packsSought', survey: 1, packs: sought });
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
    const count = counted[at]?.found ?? 0;
    if (count === there) continue;
    guards.violate(
      'counted',
      machine,
      `counts ${count} shards of pack ${pack.slice(0, 8)}, of which ${there} are there`,
    );
    return;
  }
  const [last] = unheard;
  if (last !== undefined && canTellLost(machine, shell, last)) lookAtHope(fleet, machine, { last, counted });
}

/** Whoever may come back is hoped for, and who is nearly alone has lost the others. */
function canTellLost(
  { peer: self }: Machine,
  { core: { membership }, clock }: Shell,
  { redundancy }: PackDescriptor,
): boolean {
  const now = clock.now();
  const others = membership.machines.filter((peer) => peer !== self);
  const there = membership.holders(now).filter((peer) => peer !== self && membership.up.has(peer));
  const isKnown = (peer: PeerId): boolean =>
    membership.up.has(peer) || membership.presenceOf(peer, now) !== 'silent';
  return !membership.isSparse && there.length >= redundancy.n && others.every((peer) => isKnown(peer));
}

function lookAtHope(
  { checks, guards }: Fleet,
  machine: Machine,
  { last, counted }: { readonly last: PackDescriptor; readonly counted: NonNullable<Machine['counted']> },
): void {
  checks.counts.counted++;
  const hoped = counted.at(-1)?.hoped ?? 0;
  if (hoped >= last.redundancy.k)
    guards.violate('counted', machine, `hopes for ${hoped} shards of a pack that nobody has`);
}
