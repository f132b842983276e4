// Who makes certificates anew before they end.

import test from 'ava';
import { certificatesToRenew } from '../../../agent/core/renewal.ts';
import { days, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificateOf, machines, membershipOf, startMs } from './fleet-of-four.ts';

const endMs = unixMs(startMs + days(30));
const [first, second, third, other] = machines;
const roles = ['admin', 'holder'] as const;

/** How many certificates each of three admins that see everybody would make anew. */
const countsAt = (now: UnixMs): readonly number[] =>
  [first, second, third].map((self) => {
    const membership = membershipOf(self);
    const records = [...[first, second, third].map((key) => certificateOf(key, roles)), certificateOf(other)];
    const batch = batchOf(
      self,
      records.map((bytes) => ({ kind: 'statement', bytes }) as const),
    );
    membership.handle({ kind: 'batchStored', batch, now });
    for (const { peer } of machines)
      if (peer !== self.peer) membership.handle({ kind: 'connected', peer, now });
    return certificatesToRenew(membership, now).length;
  });

test('the first admin renews, and each further one only what those before it have left for long', (t) => {
  t.deepEqual(countsAt(unixMs(endMs - days(30))), [4, 0, 0]);
  t.deepEqual(countsAt(unixMs(endMs - days(29))), [4, 4, 0]);
  t.deepEqual(countsAt(unixMs(endMs - days(19))), [4, 4, 4]);
});
