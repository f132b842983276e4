// Where members can be dialled by what they say of themselves, as it is handed on with invites, welcomes and refusals.

import type { Membership } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import { isDialable } from './wire/index.ts';

/** In their order, without what is no address: whoever gets that could not start with it. */
export const knownAddresses = (
  membership: Pick<Membership, 'addressesOf'>,
  peers: Iterable<PeerId>,
): readonly string[] => [...peers].flatMap((peer) => membership.addressesOf(peer)).filter(isDialable);
