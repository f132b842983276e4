// Whose word it takes to believe that there is a later plan than has come here.

import test from 'ava';
import { machineKeyFromSeed } from '../../../agent/codec/index.ts';
import { SpokenPlans } from '../../../agent/core/spoken-plans.ts';
import { epochsAheadMax } from '../../../agent/limits.ts';
import type { PeerId } from '../../../agent/units.ts';
import { batchOf, certificatesOf, machines, membershipOf, revocationOf, startMs } from './fleet-of-four.ts';

const [self] = machines;
const keys = Array.from({ length: 30 }, (_, at) => machineKeyFromSeed(new Uint8Array(32).fill(50 + at)));
const peers = keys.map(({ peer }) => peer);

/** Of a machine that is connected to so many others. */
function spokenOf(connectedCount: number) {
  const membership = membershipOf(self);
  const records = certificatesOf(keys);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, records), now: startMs });
  for (const peer of peers.slice(0, connectedCount))
    membership.handle({ kind: 'connected', peer, now: startMs });
  return { membership, spoken: new SpokenPlans(membership) };
}

/** How many of so many have to say that they follow a later plan, while all others speak under the own one. */
function neededOf(connectedCount: number): number {
  const { spoken } = spokenOf(connectedCount);
  const connected = peers.slice(0, connectedCount);
  for (const peer of connected) spoken.hear(peer, 5);
  return (
    1 +
    connected.findIndex((peer) => {
      spoken.hear(peer, 6);
      return spoken.followersAfter(5).length > 0;
    })
  );
}

test('more than a third of those who speak have to say so, and two at the least, where there are two', (t) => {
  t.deepEqual([1, 2, 3, 5, 6, 9, 30].map(neededOf), [1, 2, 2, 2, 3, 4, 11]);
});

test('who says nothing of plans is no word against a later one', (t) => {
  const { spoken } = spokenOf(30);
  spoken.hear(peers[0]!, 6);
  t.deepEqual(spoken.followersAfter(5), []);
  spoken.hear(peers[1]!, 7);
  t.deepEqual(spoken.followersAfter(5), peers.slice(0, 2));
});

test('a word counts until its machine speaks under another plan, leaves or is put out, and none that is too far ahead', (t) => {
  const ends: readonly ((spoken: SpokenPlans, peer: PeerId) => void)[] = [
    (spoken, peer) => spoken.hear(peer, 5),
    (spoken, peer) => spoken.hear(peer),
    (spoken, peer) => spoken.hear(peer, 5 + epochsAheadMax + 1),
    (spoken, peer) => spoken.forget(peer),
  ];
  for (const end of ends) {
    const { spoken } = spokenOf(3);
    for (const peer of peers.slice(0, 2)) spoken.hear(peer, 6);
    t.is(spoken.followersAfter(5).length, 2);
    t.is(spoken.followersAfter(6).length, 0, 'it has come');
    end(spoken, peers[1]!);
    t.is(spoken.followersAfter(5).length, 0);
  }
  const { spoken, membership } = spokenOf(4);
  for (const peer of peers.slice(0, 2)) spoken.hear(peer, 6);
  const out = [{ kind: 'statement', bytes: revocationOf(keys[1]!) }] as const;
  membership.handle({ kind: 'batchStored', batch: batchOf(self, out, 1), now: startMs });
  t.is(spoken.followersAfter(5).length, 0);
});
