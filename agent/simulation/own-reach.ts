// What an agent tells its owner of packs that could not be restored now, held against the plan that holds and against who is there: however often it
// was asked before, and under which plans.

import { hours } from '../../datasets/index.ts';
import type { PlacementGroup, Plan } from '../../optimizer/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import { groupUnder } from '../core/index.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** Until shards have moved those who had them before may be asked, and clocks are set by hours. */
const movedMs = hours(36);

/** The same list as long as it names the same packs: so a person's view of a drive asks. */
const lists = new WeakMap<Shell, readonly PackDescriptor[]>();

function ownPacks({ ledger }: Fleet, { peer }: Machine, shell: Shell): readonly PackDescriptor[] {
  const packs = ledger.acknowledged
    .filter(({ owner }) => owner === peer)
    .flatMap(({ descriptors }) => descriptors);
  const known = lists.get(shell);
  const isSame = known?.length === packs.length && packs.every((pack, at) => pack === known[at]);
  if (!isSame) lists.set(shell, packs);
  return isSame ? known : packs;
}

/** To be called for one honest machine that is up, again and again. */
export function lookAtOwnReach(fleet: Fleet, machine: Machine, shell: Shell): void {
  const { core, clock } = shell;
  const now = clock.now();
  const packs = ownPacks(fleet, machine, shell);
  const told = core.ownReach.count(packs, now);
  const { plan, earlierPlans } = core.election;
  if (told === undefined || plan === undefined || packs.length === 0) return;
  fleet.checks.counts.counted++;
  const plans = now - plan.computedMs < movedMs ? [plan, ...earlierPlans] : [plan];
  const least = packs.filter((pack) => countOf(pack, [plan], shell) >= pack.redundancy.k).length;
  const most = packs.filter((pack) => countOf(pack, plans, shell) >= pack.redundancy.k).length;
  const inReach = packs.length - told.outOfReachCount;
  if (inReach >= least && inReach <= most) return;
  const text = `tells that ${inReach} of its ${packs.length} packs are in reach, and by the plan ${least} to ${most} are`;
  fleet.guards.violate('counted', machine, text);
}

/** Different shards that are here, or with machines that are there and have them by one of some plans, or by their own word. */
function countOf(
  descriptor: PackDescriptor,
  plans: readonly Plan[],
  { core: { membership, shelf } }: Shell,
): number {
  const known = shelf.get(descriptor.pack);
  if (known?.isInOutbox === true) return Number.POSITIVE_INFINITY;
  const isThere = (peer: PlacementGroup['members'][number]): boolean =>
    peer !== membership.self && !membership.isAway(peer) && !membership.isRevoked(peer);
  const indexes = new Set(known?.held);
  for (const [index, peer] of known?.others ?? []) if (isThere(peer)) indexes.add(index);
  for (const plan of plans)
    for (const [index, member] of groupUnder(plan, descriptor)?.members.entries() ?? [])
      if (isThere(member)) indexes.add(index);
  return indexes.size;
}
