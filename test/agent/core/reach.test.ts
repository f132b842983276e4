// Which packs a machine tells of as thin or out of reach.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import { Reach } from '../../../agent/core/reach.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { driveId } from '../../../agent/units.ts';
import {
  batchOf,
  certificatesOf,
  machines,
  membershipOf,
  planBatch,
  planOf,
  startMs,
} from './fleet-of-four.ts';

const [self, second, third] = machines;
const packOf = (fill: number) =>
  describePack(new Uint8Array(100).fill(fill), {
    owner: self.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 2, n: 3 },
  }).descriptor;

function reachOf() {
  const membership = membershipOf(self);
  const shelf = new Shelf();
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(self, records), now: startMs });
  membership.handle({ kind: 'connected', peer: second.peer, now: startMs });
  shelf.usePlan(planOf(self, 5), planBatch);
  return { reach: new Reach(membership, shelf), shelf };
}

test('a pack that is held here is told of by the shards that are here and with machines that are up', (t) => {
  const { reach, shelf } = reachOf();
  const known = shelf.hold(packOf(1), 0);
  t.deepEqual(reach.packsAtRisk(), { thinCount: 0, outOfReachCount: 1 });
  known.others.add(1, second.peer);
  t.deepEqual(reach.packsAtRisk(), { thinCount: 1, outOfReachCount: 0 });
  known.others.add(2, third.peer);
  t.deepEqual(reach.packsAtRisk(), { thinCount: 1, outOfReachCount: 0 }, 'the third one is off');
});

test('an own pack, or one that was handed on, is no alarm when its holders have not said for a while what they have', (t) => {
  const { reach, shelf } = reachOf();
  shelf.describe(packOf(1));
  t.deepEqual(reach.packsAtRisk(), { thinCount: 0, outOfReachCount: 0 });
  shelf.hold(packOf(2), 0);
  shelf.release(packOf(2).pack, 0);
  t.deepEqual(reach.packsAtRisk(), { thinCount: 0, outOfReachCount: 0 });
});
