// Whether a text is an address. Members write into their logs what they like, and libp2p does not start with all of it.

import { peerIdFromString } from '@libp2p/peer-id';
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr';

/** A multiaddr that says which machine is there; whether anybody answers is another question. */
export function isDialable(address: string): boolean {
  try {
    const peer = multiaddr(address)
      .getComponents()
      .findLast(({ code }) => code === CODE_P2P)?.value;
    return peer !== undefined && peerIdFromString(peer).type === 'Ed25519';
  } catch {
    return false;
  }
}
