// Whose certificates an admin's agent makes anew before they end: members that are up now. Whoever is not seen for months runs out, and
// has to be invited again.

import type { UnixMs } from '../../datasets/index.ts';
import type { MachineCertificate } from '../codec/index.ts';
import { certificateRenewMs } from '../limits.ts';
import type { Membership } from './membership.ts';

/**
 * The first admin that is up renews, in order of peer id; where it does not, for want of its key or because it is in others' hands, the second one
 * when half of the time has gone by, the third one after two thirds. Two that do not see each other may both, and nothing is lost by it.
 */
export function certificatesToRenew(membership: Membership, now: UnixMs): readonly MachineCertificate[] {
  const { self } = membership;
  const admins = membership.machines.filter(
    (peer) =>
      membership.hasRole(peer, 'admin') &&
      membership.isMember(peer, now) &&
      membership.presenceOf(peer, now) === 'up',
  );
  const rank = admins.toSorted().indexOf(self);
  if (rank < 0) return [];
  return membership.machines
    .filter((peer) => membership.isMember(peer, now) && membership.presenceOf(peer, now) === 'up')
    .flatMap((peer) => membership.certificateOf(peer) ?? [])
    .filter(({ notAfterMs }) => notAfterMs - now < certificateRenewMs / (rank + 1));
}
