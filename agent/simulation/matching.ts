// Whether each of several places can have a machine of its own, of those that fit it.

import type { Plan } from '../../optimizer/index.ts';
import type { PeerId } from '../units.ts';

/** Whether a machine may keep the shard of a slot: the planned one, or one that shares no domain with those of the other slots. */
export function mayKeep(
  peer: PeerId,
  {
    member,
    members,
    domains,
  }: {
    readonly member: PeerId;
    readonly members: readonly PeerId[];
    readonly domains: Plan['domains'];
  },
): boolean {
  if (peer === member) return true;
  if (members.includes(peer)) return false;
  const domain = domains[peer];
  return (
    domain === undefined || domain === domains[member] || members.every((other) => domains[other] !== domain)
  );
}

/** The first place that gets nobody, by augmenting paths (Kuhn, 1955); undefined when all get one. */
export function firstWithout(candidates: readonly (readonly string[])[]): number | undefined {
  const placeOf = new Map<string, number>();
  const settle = (place: number, tried: Set<string>): boolean => {
    for (const peer of candidates[place]!) {
      if (tried.has(peer)) continue;
      tried.add(peer);
      const other = placeOf.get(peer);
      if (other !== undefined && !settle(other, tried)) continue;
      placeOf.set(peer, place);
      return true;
    }
    return false;
  };
  const at = candidates.findIndex((_, place) => !settle(place, new Set()));
  return at < 0 ? undefined : at;
}
