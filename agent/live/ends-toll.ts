// Which machines would belong to the fleet no more if what an admin signs against keys counted: whoever was let in only by what such a key signed
// after the moment at which it ends. There is no way back for them, so a person has to say that it is meant.

import type { DreyError, UnixMs } from '../../datasets/index.ts';
import type { SignedBatch, SignedStatement } from '../codec/index.ts';
import { Membership } from '../core/index.ts';
import type { Identity } from './identity.ts';
import { wrong } from './wrong.ts';

export interface TollWish {
  /** What would be said. */
  readonly words: readonly SignedStatement[];
  /** Whether the person has said that these machines shall go. */
  readonly isMeant: boolean;
  readonly now: UnixMs;
}

/** Most that an error names; the rest is counted. */
const namedMax = 12;

/**
 * Names of the machines that go with the words, without those that the words name themselves, and this one; from all facts that are here, each log
 * in its order. Throws `machines-would-go` where some do and nobody has said that they shall.
 */
export async function tollOf(
  { machineKey: { peer: self }, fleet }: Pick<Identity, 'machineKey' | 'fleet'>,
  facts: AsyncIterable<SignedBatch>,
  { words, isMeant, now }: TollWish,
): Promise<readonly string[]> {
  const membership = new Membership({ self, fleet });
  for await (const batch of facts) membership.handle({ kind: 'batchStored', batch, now });
  const before = membership.machines
    .filter((peer) => peer !== self && membership.isMember(peer, now))
    .map((peer) => ({ peer, name: membership.nameOf(peer) }));
  for (const word of words) membership.learnSigned(word, now);
  const names = before
    .filter(({ peer }) => !membership.isMember(peer, now) && !membership.isRevoked(peer))
    .map(({ name }) => name);
  if (names.length > 0 && !isMeant) throw machinesWouldGo(names, before.length);
  return names;
}

function machinesWouldGo(names: readonly string[], memberCount: number): DreyError {
  const more = names.length - namedMax;
  const named = `${names.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return wrong(
    'machines-would-go',
    `${names.length} of ${memberCount} other machines would be out with it, as they belong to the fleet only by what was signed since then: ${named}`,
    'Name a later moment, the one of the theft. If all of them shall go, add --with-machines: each has to join again with a new invite and a new folder, and what it holds for others does not come back.',
  );
}
