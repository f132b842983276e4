// How much a plan moves, and when it has to wait for an admin.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import { movementBetween, reasonToHold } from '../../../agent/core/index.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { holdMoveBytesMin } from '../../../agent/limits.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { batchOf, certificatesOf, machines, membershipOf, planOf, startMs } from './fleet-of-four.ts';

const [first, second, third, fourth] = machines;
const all = machines.map(({ peer }) => peer);

/** Holds one pack whose group is the first three machines. */
function holder() {
  const membership = membershipOf(first);
  const records = certificatesOf(machines);
  membership.handle({ kind: 'batchStored', batch: batchOf(first, records), now: startMs });
  const shelf = new Shelf();
  const { descriptor } = describePack(new Uint8Array(100).fill(1), {
    owner: fourth.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  });
  shelf.hold(descriptor, 0);
  return { shelf, membership };
}

function planWith(members: readonly PeerId[]): Plan {
  const plan = planOf(first, 6);
  const [placementClass] = plan.classes;
  const [group] = placementClass!.groups;
  return { ...plan, classes: [{ ...placementClass!, groups: [{ ...group!, members }] }] };
}

const before = planOf(first, 5);

test('the share is that of slots that change machines, among those that could stay', (t) => {
  const fleet = holder();
  const moved = (members: readonly PeerId[], usable: readonly PeerId[] = all): number =>
    movementBetween(fleet, before, { after: planWith(members), usable }).share;
  t.is(moved([first.peer, second.peer, third.peer]), 0);
  t.is(moved([first.peer, second.peer, fourth.peer]), 1 / 3);
  t.is(moved([second.peer, first.peer, fourth.peer]), 1);
  const isGone = all.filter((peer) => peer !== third.peer);
  t.is(moved([first.peer, second.peer, fourth.peer], isGone), 0);
  t.is(moved([first.peer, fourth.peer, second.peer], isGone), 1 / 2);
  const { fleetBytes } = movementBetween(fleet, before, {
    after: planWith([second.peer, first.peer, fourth.peer]),
    usable: all,
  });
  t.is(fleetBytes, 400);
});

test('who holds nothing sees nothing move', (t) => {
  const movement = movementBetween({ ...holder(), shelf: new Shelf() }, before, {
    after: planWith([fourth.peer, second.peer, third.peer]),
    usable: all,
  });
  t.deepEqual(movement, { share: 0, fleetBytes: 0 });
});

test('a plan waits in review mode, and where it moves more than the policy lets pass', (t) => {
  const much = { share: 0.6, fleetBytes: holdMoveBytesMin };
  t.regex(reasonToHold({ planMode: 'review' }, { share: 0, fleetBytes: 0 }) ?? '', /review/u);
  t.regex(reasonToHold(undefined, much) ?? '', /60 % of all bytes.*50 %/u);
  t.is(reasonToHold({ planMode: 'automatic', holdMoveShare: 0.6 }, much), undefined);
  t.regex(
    reasonToHold({ planMode: 'automatic', holdMoveShare: 0.1 }, { ...much, share: 0.2 }) ?? '',
    /20 %/u,
  );
  t.is(reasonToHold(undefined, { ...much, fleetBytes: holdMoveBytesMin - 1 }), undefined);
});

test('where nothing may move unasked, a single byte waits, and a repair does not', (t) => {
  const strict = { planMode: 'automatic', holdMoveShare: 0 } as const;
  t.regex(reasonToHold(strict, { share: 0.004, fleetBytes: 1 }) ?? '', /0\.4 % .* 0 %/u);
  t.is(reasonToHold(strict, { share: 0, fleetBytes: 0 }), undefined);
});
