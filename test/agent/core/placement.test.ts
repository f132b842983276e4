// Who is told what of packs that wait, and how often.

import test from 'ava';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { describePack, type WireMessage } from '../../../agent/codec/index.ts';

import { Placement } from '../../../agent/core/placement.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { Surplus } from '../../../agent/core/surplus.ts';

import { heardPacksPerPeerMax } from '../../../agent/limits.ts';
import { packId, type PeerId } from '../../../agent/units.ts';
import {
  connectedMembershipOf,
  machines,
  planBatch,
  planOf,
  questionsOf,
  replicasOf,
  startMs,
} from './fleet-of-four.ts';

const [first, second, third, outsider] = machines;
const descriptor = replicasOf(outsider.peer, new Uint8Array(100).fill(1));
const plan = planOf(first, 5);

/** The outsider holds shard 0 of a pack whose group is the three others, under plan 5. */
function placementOf() {
  const membership = connectedMembershipOf(outsider);
  const shelf = new Shelf();
  const surplus = new Surplus({ membership, shelf, questions: questionsOf(membership, shelf) });
  const placement = new Placement({ membership, shelf, surplus });
  shelf.hold(descriptor, 0);
  shelf.usePlan(plan, planBatch);
  return { placement, shelf };
}

test('an owner reminds a holder of a receipt that was lost, whatever the holder has said besides, and stops at the receipt', (t) => {
  const { placement, shelf } = placementOf();
  const known = shelf.take(descriptor.pack);
  known.isInOutbox = true;
  const remindedAt = (ms: number): readonly PeerId[] =>
    placement
      .handle({ kind: 'tick', now: unixMs(startMs + ms) })
      .flatMap((effect) => (effect.kind === 'send' ? [effect.to] : []));
  remindedAt(0);
  for (const [index, { peer }] of [first, second, third].entries()) {
    const held = [{ pack: descriptor.pack, indexes: [index] }];
    const under = { epoch: plan.epoch, author: plan.author, batch: planBatch };
    const message: WireMessage = { kind: 'inventory', group: 'g', scope: 'update', under, held };
    placement.handle({ kind: 'message', from: peer, message, now: startMs });
    if (peer !== third.peer) known.signed.add(index, peer);
  }
  t.deepEqual(remindedAt(minutes(30)), [third.peer]);
  known.signed.add(2, third.peer);
  t.deepEqual(remindedAt(minutes(120)), []);
});

test('packs of one group that wait for the same machines are named in one word to each', (t) => {
  const { placement, shelf } = placementOf();
  for (const fill of [2, 3, 4]) {
    const { owner, drive, placementClass, redundancy } = descriptor;
    const about = { owner, drive, placementClass, redundancy };
    shelf.describe(describePack(new Uint8Array(100).fill(fill), about).descriptor).isInOutbox = true;
  }
  placement.handle({ kind: 'tick', now: startMs });
  const reminders = placement
    .handle({ kind: 'tick', now: unixMs(startMs + minutes(1)) })
    .flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'inventory' ? [effect] : []));
  t.deepEqual(
    reminders.map(({ to }) => to).toSorted(),
    [first, second, third].map(({ peer }) => peer).toSorted(),
  );
  for (const { message } of reminders) t.is(message.kind === 'inventory' && message.held.length, 4);
});

test('a pack that was just staged hastens no word about one that has waited for days', (t) => {
  const { placement, shelf } = placementOf();
  const { owner, drive, placementClass, redundancy } = descriptor;
  const about = { owner, drive, placementClass, redundancy };
  shelf.take(descriptor.pack).isInOutbox = true;
  let now: UnixMs = startMs;
  let words = 0;
  const tick = (): void => {
    now = unixMs(now + minutes(1));
    for (const effect of placement.handle({ kind: 'tick', now }))
      if (effect.kind === 'send' && effect.message.kind === 'inventory')
        words += effect.message.held.filter(({ pack }) => pack === descriptor.pack).length;
  };
  for (let minute = 0; minute < 600; minute++) tick();
  words = 0;
  for (let count = 1; count <= 10; count++) {
    const staged = describePack(new Uint8Array(100).fill(100 + count), about).descriptor;
    shelf.describe(staged).isInOutbox = true;
    placement.handle({ kind: 'packStaged', descriptor: staged, now });
    for (let minute = 0; minute < 20; minute++) tick();
  }
  // 200 minutes, in which a word about it is due at most twice to each of the three.
  t.true(words <= 6, `${words} words`);
});

test('packs that one machine invents end at a limit, take nobody else the room, and go when it says anew what it has', (t) => {
  const { placement, shelf } = placementOf();
  const speak = (from: PeerId, name: string, count: number): void => {
    const packs = Array.from({ length: count }, (_, at) =>
      packId(name.repeat(56) + String(at).padStart(8, '0')),
    );
    const held = packs.map((pack) => ({ pack, indexes: [0] }));
    const message: WireMessage = { kind: 'inventory', group: 'no such group', scope: 'update', held };
    placement.handle({ kind: 'message', from, message, now: startMs });
  };
  speak(first.peer, 'a', heardPacksPerPeerMax + 10);
  t.is(shelf.packs.size, 1 + heardPacksPerPeerMax);
  speak(second.peer, 'b', 10);
  t.is(shelf.packs.size, 11 + heardPacksPerPeerMax);
  placement.handle({ kind: 'connected', peer: first.peer, now: startMs });
  t.is(shelf.packs.size, 11);
  speak(first.peer, 'c', 20);
  t.is(shelf.packs.size, 31);
});

test('a list of all that somebody has of a group ends what it said before, also of a pack of which nothing else is known', (t) => {
  const { placement, shelf } = placementOf();
  const pack = packId('a'.repeat(64));
  const hear = (scope: 'all' | 'update', indexes: readonly number[]): void => {
    const under = { epoch: plan.epoch, author: plan.author, batch: planBatch };
    const held = [{ pack, indexes }];
    const message: WireMessage = { kind: 'inventory', group: 'g', scope, under, held };
    placement.handle({ kind: 'message', from: first.peer, message, now: startMs });
  };
  const group = plan.classes[0]!.groups[0]!;
  shelf.usePlan(
    {
      ...plan,
      classes: [
        {
          ...plan.classes[0]!,
          groups: [{ ...group, members: [first, second, outsider].map(({ peer }) => peer) }],
        },
      ],
    },
    planBatch,
  );
  hear('update', [0, 1, 2]);
  const known = shelf.get(pack)!;
  t.deepEqual(
    known.others.indexesOf(first.peer).toSorted((a, b) => a - b),
    [0, 1, 2],
  );
  // As when it was spoken of under another plan.
  known.heard = { group: 'another', epoch: plan.epoch, author: plan.author };
  known.group = undefined;
  hear('all', [0]);
  t.deepEqual(known.others.indexesOf(first.peer), [0]);
});
