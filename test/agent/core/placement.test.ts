// What is removed, and on whose word: copy, verify, then remove (also as a law over random talk).

import test from 'ava';
import fc from 'fast-check';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { describePack, type WireMessage } from '../../../agent/codec/index.ts';
import { Placement } from '../../../agent/core/placement.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { heardPacksPerPeerMax } from '../../../agent/limits.ts';
import { driveId, packId, type PeerId } from '../../../agent/units.ts';
import { batchOf, certificateOf, machines, membershipOf, planOf, startMs } from './fleet-of-four.ts';

const [first, second, third, outsider] = machines as [
  (typeof machines)[number],
  (typeof machines)[number],
  (typeof machines)[number],
  (typeof machines)[number],
];
const packOf = (owner: PeerId) =>
  describePack(new Uint8Array(100).fill(1), {
    owner,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;
const descriptor = packOf(outsider.peer);
const plan = planOf(first, 5);

/** The outsider holds shard 0 of a pack whose group is the three others, under plan 5. */
function placementOf(held = descriptor) {
  const membership = membershipOf(outsider);
  const shelf = new Shelf();
  const placement = new Placement(membership, shelf);
  const records = machines.map((key) => ({ kind: 'statement', bytes: certificateOf(key) }) as const);
  membership.handle({ kind: 'batchStored', batch: batchOf(first, records), now: startMs });
  for (const { peer } of [first, second, third]) membership.handle({ kind: 'connected', peer, now: startMs });
  shelf.hold(held, 0);
  shelf.usePlan(plan);
  const hear = (from: PeerId, under: { readonly epoch: number }, indexes: readonly number[]): boolean => {
    const message: WireMessage = {
      kind: 'inventory',
      group: 'g',
      scope: 'update',
      under: { author: plan.author, ...under },
      held: [{ pack: held.pack, indexes }],
    };
    const effects = placement.handle({ kind: 'message', from, message, now: startMs });
    return effects.some(({ kind }) => kind === 'removeShard');
  };
  const tell = (kind: 'connected' | 'disconnected', peer: PeerId): void => {
    membership.handle({ kind, peer, now: startMs });
    if (kind === 'connected') placement.handle({ kind, peer, now: startMs });
  };
  return { hear, tell, placement, shelf };
}

test('a shard that belongs elsewhere goes when every slot has said that it has its own', (t) => {
  const { hear } = placementOf();
  t.false(hear(first.peer, { epoch: 5 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.true(hear(third.peer, { epoch: 5 }, [2]));
});

test('the words of machines that went away since are not enough: of those that are there one could be lost as well', (t) => {
  const { hear, tell } = placementOf();
  t.false(hear(first.peer, { epoch: 5 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  tell('disconnected', first.peer);
  tell('disconnected', second.peer);
  t.false(hear(third.peer, { epoch: 5 }, [2]), 'both may have burnt');
  tell('connected', second.peer);
  t.false(hear(third.peer, { epoch: 5 }, [2]), 'it is back, and has not said what it has');
  t.true(hear(second.peer, { epoch: 5 }, [1]));
});

test('a word under an older or a newer plan removes nothing', (t) => {
  const { hear } = placementOf();
  t.false(hear(first.peer, { epoch: 4 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.false(hear(third.peer, { epoch: 5 }, [2]));
  t.false(hear(first.peer, { epoch: 6 }, [0]));
  t.true(hear(first.peer, { epoch: 5 }, [0]));
});

test('a whole pack in its owner’s outbox is no reason to remove a shard: it goes when others have signed', (t) => {
  const { hear } = placementOf(packOf(first.peer));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.false(hear(third.peer, { epoch: 5 }, [2]));
  t.false(hear(first.peer, { epoch: 5 }, [0, 1, 2]));
  t.true(hear(first.peer, { epoch: 5 }, [0]));
});

test('a new plan makes every old word void', (t) => {
  const { hear, shelf } = placementOf();
  hear(first.peer, { epoch: 5 }, [0]);
  hear(second.peer, { epoch: 5 }, [1]);
  shelf.usePlan({ ...plan, epoch: 6 });
  t.false(hear(third.peer, { epoch: 6 }, [2]));
  t.is(shelf.heldShards, 1);
});

test('whatever is said in whatever order, nothing is removed before all three slots are confirmed', (t) => {
  const members = [first, second, third];
  const word = fc.record({
    from: fc.integer({ min: 0, max: 2 }),
    epoch: fc.integer({ min: 4, max: 6 }),
    indexes: fc.uniqueArray(fc.integer({ min: 0, max: 2 })),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const { hear } = placementOf();
      const confirmed = new Set<number>();
      for (const { from, epoch, indexes } of words) {
        if (epoch === 5 && indexes.includes(from)) confirmed.add(from);
        const isRemoved = hear(members[from]!.peer, { epoch }, indexes);
        if (isRemoved) return confirmed.size === 3;
        if (confirmed.size === 3) return false;
      }
      return true;
    }),
    { seed: 7, numRuns: 60 },
  );
  t.pass();
});

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
    const under = { epoch: plan.epoch, author: plan.author };
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
