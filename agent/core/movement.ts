// Whether a new plan has to wait for an admin: by the fleet's policy, and by how much it would move. Judged by the packs that
// this agent holds, a sample of the fleet's.

import type { Plan } from '../../optimizer/index.ts';
import type { FleetPolicy } from '../codec/index.ts';
import { holdMoveBytesMin, holdMoveShareDefault } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Membership } from './membership.ts';
import { groupUnder, type Shelf } from './shelf.ts';

export interface Movement {
  /** Of the bytes of shards that lie on machines that may go on holding them, in 0..1. */
  readonly share: number;
  /** The same in bytes, for a fleet whose machines hold as much as this one. */
  readonly fleetBytes: number;
}

/**
 * What changes places between two plans. Shards of machines that are gone, revoked or no holders any more do not count: to
 * put them elsewhere is repair.
 */
export function movementBetween(
  { shelf, membership }: { readonly shelf: Shelf; readonly membership: Membership },
  before: Plan,
  { after, usable }: { readonly after: Plan; readonly usable: readonly PeerId[] },
): Movement {
  const stays = new Set(usable);
  let [movedBytes, bytes] = [0, 0];
  for (const { pack, facts, shardBytes, held } of shelf.packs.values()) {
    if (facts === undefined || held.size === 0) continue;
    const now = groupUnder(before, { pack, ...facts })?.members ?? [];
    const then = groupUnder(after, { pack, ...facts })?.members ?? [];
    for (const [slot, member] of now.entries()) {
      if (!stays.has(member)) continue;
      bytes += shardBytes;
      if (then[slot] !== member) movedBytes += shardBytes;
    }
  }
  const share = bytes === 0 ? 0 : movedBytes / bytes;
  return { share, fleetBytes: share * shelf.heldBytes * membership.machines.length };
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** Said of a plan that waits in such a fleet, also of one that does not say so itself. */
export const reviewReason = 'the fleet is in review mode';

/** Why a plan that follows another has to wait for an admin's word; undefined when it has not. Who lets nothing pass is asked for every byte. */
export function reasonToHold(
  policy: Pick<FleetPolicy, 'planMode' | 'holdMoveShare'> | undefined,
  { share, fleetBytes }: Movement,
): string | undefined {
  if (policy?.planMode === 'review') return reviewReason;
  const shareMax = policy?.holdMoveShare ?? holdMoveShareDefault;
  const isLittle = shareMax > 0 && fleetBytes < holdMoveBytesMin;
  if (share <= shareMax || isLittle) return undefined;
  return `it would move about ${percent(share)} of all bytes, and more than ${percent(shareMax)} needs an admin's word`;
}
