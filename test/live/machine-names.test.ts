// Which machine a person means by a name.

import test from 'ava';
import { machineCalled } from '../../agent/live/machine-names.ts';
import {
  batchOf,
  certificateOf,
  machines,
  membershipOf,
  revocationOf,
  startMs,
} from '../agent/core/fleet-of-four.ts';

const [self, first, second, third] = machines;

/** All of the fleet of four but this one are called "pc". */
function fleetWith(...revoked: readonly (typeof machines)[number][]): ReturnType<typeof membershipOf> {
  const membership = membershipOf(self);
  const statements = [
    ...[first, second, third].map((key) => certificateOf(key)),
    ...revoked.map((key) => revocationOf(key)),
  ];
  const records = statements.map((bytes) => ({ kind: 'statement', bytes }) as const);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, records), now: startMs });
  return membership;
}

test('a name that several machines have means none of them; a peer id always does', (t) => {
  const membership = fleetWith();
  const error = t.throws(() => machineCalled(membership, 'pc'), { code: 'target-ambiguous' });
  for (const { peer } of [first, second, third]) t.true(error?.message.includes(peer));
  t.is(machineCalled(membership, second.peer), second.peer);
  t.is(machineCalled(membership, 'laptop'), undefined);
});

test('of several with one name the only one that is in is meant, and one that is out where there is no other', (t) => {
  t.is(machineCalled(fleetWith(first, third), 'pc'), second.peer);
  t.true(
    [first.peer, second.peer, third.peer].includes(machineCalled(fleetWith(first, second, third), 'pc')!),
  );
});
