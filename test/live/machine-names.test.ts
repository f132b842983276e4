// Which machine a person means by a name.

import test from 'ava';
import { machineCalled, toldApart } from '../../agent/live/machine-names.ts';
import { type PeerId, shortIdOf } from '../../agent/index.ts';
import { fleetView } from '../helpers/fleet-view.ts';
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

test('machines of one name are told apart by the ends of their peer ids, and are meant by them', (t) => {
  const [one, other, ...rest] = fleetView().machines;
  const shown = toldApart([one!, { ...other!, name: one!.name }, ...rest]);
  t.deepEqual(
    shown.map(({ shortId }) => shortId),
    [shortIdOf(one!.peer), shortIdOf(other!.peer), ...rest.map(() => undefined)],
  );
  const membership = fleetWith();
  for (const { peer } of [first, second, third]) t.is(machineCalled(membership, shortIdOf(peer)), peer);
});

test('whoever is called as the id of another one is not taken for it', (t) => {
  const membership = fleetWith();
  const wanted = shortIdOf(first.peer);
  const renamed = {
    machines: membership.machines,
    isRevoked: () => false,
    certificateOf: (peer: PeerId) => ({
      ...membership.certificateOf(peer)!,
      name: peer === second.peer ? wanted : 'pc',
    }),
  };
  t.throws(() => machineCalled(renamed, wanted), { code: 'target-ambiguous' });
});
