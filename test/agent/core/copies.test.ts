// Copies of popular packs on one machine: fetched from the nearest, one pack at a time, behind everything else; and restores that take them.

import test from 'ava';
import { describePack, type PackDescriptor, signBatch, noBatchHash } from '../../../agent/codec/index.ts';
import { Copies } from '../../../agent/core/copies.ts';
import { Election } from '../../../agent/core/election.ts';
import type { CoreEffect } from '../../../agent/core/index.ts';
import { Nearness } from '../../../agent/core/nearness.ts';
import { Pulls } from '../../../agent/core/pulls.ts';
import { Restore } from '../../../agent/core/restore.ts';
import { Serving } from '../../../agent/core/serving.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { hours, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { Plan, PlannedCopy } from '../../../optimizer/index.ts';
import { machines, membershipOf, planBatch, planOf, startMs } from './fleet-of-four.ts';

const [a, b, c, self] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];
const selfKey = machines[3];
const redundancy = { k: 2, n: 3 };
const untilMs = startMs + hours(10);

const descriptorOf = (byte: number): PackDescriptor =>
  describePack(new Uint8Array(1000).fill(byte), {
    owner: self,
    drive: driveId('00'.repeat(16)),
    placementClass: 'small',
    redundancy,
  }).descriptor;
const descriptor = descriptorOf(1);
const { pack } = descriptor;

const copyOn = (machine: PeerId, of = descriptor): PlannedCopy => ({
  pack: of.pack,
  owner: of.owner,
  packClass: 'small',
  redundancy,
  machine,
  bytes: 1000,
  untilMs,
  reason: { site: 'hall', reads: 3, farShare: 1 },
});

function planWith(copies: readonly PlannedCopy[], epoch = 1): Plan {
  const plan = planOf(machines[0], epoch);
  const classes = plan.classes.map((one) => ({ ...one, redundancy }));
  return { ...plan, classes, popular: { copies, rooms: [] } };
}

interface Trial {
  readonly copies: Copies;
  readonly pulls: Pulls;
  readonly shelf: Shelf;
  readonly restore: Restore;
  readonly serving: Serving;
  /** The word of a machine about its place. */
  place(peer: PeerId, site: string, roundTripMs?: Readonly<Record<string, number>>): void;
  plan(copies: readonly PlannedCopy[]): readonly CoreEffect[];
  tick(now: number): readonly CoreEffect[];
  arrive(from: PeerId, index: number, of?: PackDescriptor): readonly CoreEffect[];
}

/** The fourth machine, which is in no group; the other three are up. */
function trial(): Trial {
  const membership = membershipOf(selfKey);
  for (const peer of [a, b, c]) membership.handle({ kind: 'connected', peer, now: startMs });
  const [shelf, pulls, nearness] = [new Shelf(), new Pulls(), new Nearness(self)];
  const election = new Election(membership);
  const copies = new Copies({ membership, shelf, pulls, nearness });
  const restore = new Restore({ membership, shelf, election, pulls, copies, nearness });
  let sequence = 0;
  return {
    copies,
    pulls,
    shelf,
    restore,
    serving: new Serving(shelf, copies),
    place: (peer, site, roundTripMs = {}) => {
      const rows = [
        {
          kind: 'location',
          machine: peer,
          atMs: startMs,
          attributes: { site },
          roundTripMs,
          freeBytes: 0,
          quotaBytes: 0,
        },
      ] as const;
      const key = machines.find((one) => one.peer === peer)!;
      const batch = signBatch({
        key,
        stream: 'telemetry',
        sequence: sequence++,
        previous: noBatchHash,
        atMs: startMs,
        records: [{ kind: 'telemetry', origin: 'collected', rows }],
      });
      nearness.handle({ kind: 'batchStored', batch, now: startMs });
    },
    plan: (wanted) => {
      const plan = planWith(wanted);
      Object.defineProperty(election, 'plan', { value: plan, configurable: true });
      shelf.usePlan(plan, planBatch);
      return copies.planChanged(plan, startMs);
    },
    tick: (now) => copies.handle({ kind: 'tick', now: unixMs(now) }),
    arrive: (from, index, of = descriptor) => {
      const arrival = { descriptor: of, index, place: 'copy' } as const;
      pulls.placeFor(from, arrival);
      return copies.handle({ kind: 'shardArrived', from, arrival, outcome: 'stored', now: startMs });
    },
  };
}

const asked = (effects: readonly CoreEffect[]): readonly string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'shardPull'
      ? [`${nameOf(effect.to)} ${effect.message.index}`]
      : [],
  );
const nameOf = (peer: PeerId): string => ['a', 'b', 'c', 'self'][[a, b, c, self].indexOf(peer)]!;
const removed = (effects: readonly CoreEffect[]): readonly number[] =>
  effects.flatMap((effect) =>
    effect.kind === 'removeShard' && effect.shard.place === 'copy' ? [effect.shard.index] : [],
  );
const want = (now: UnixMs, from?: 'others') =>
  ({ kind: 'packsWanted', packs: [descriptor], ...(from === undefined ? {} : { from }), now }) as const;

test('a copy is k shards, fetched once, and whoever asks for them gets them', (t) => {
  const one = trial();
  t.deepEqual(one.plan([copyOn(self)]), []);
  t.deepEqual(asked(one.tick(startMs)), ['a 0', 'b 1']);
  t.deepEqual(asked(one.tick(startMs)), []);
  one.arrive(a, 0);
  t.is(one.copies.counts.copies, 0);
  one.arrive(b, 1);
  t.deepEqual(asked(one.tick(startMs)), []);
  t.deepEqual(one.copies.counts, { copies: 1, bytes: 2 * descriptor.shardBytes, servedShards: 0 });
  const pull = { kind: 'shardPull', pack, index: 1 } as const;
  t.deepEqual(one.serving.handle({ kind: 'message', from: c, message: pull, now: startMs }), [
    { kind: 'sendShard', to: c, shard: { place: 'copy', pack, index: 1 } },
  ]);
});

test('who asks what is here hears of no copy, and no shelf knows of one', (t) => {
  const one = trial();
  one.plan([copyOn(self)]);
  one.tick(startMs);
  one.arrive(a, 0);
  one.arrive(b, 1);
  const message = { kind: 'shardsAsk', packs: [pack] } as const;
  t.deepEqual(one.serving.handle({ kind: 'message', from: c, message, now: startMs }), [
    { kind: 'send', to: c, message: { kind: 'shardsHeld', held: [] } },
  ]);
  t.is(one.shelf.get(pack), undefined);
  t.is(one.shelf.heldShards, 0);
});

test('the nearest holders are asked: those of the own site, then those that answer soonest', (t) => {
  const one = trial();
  one.place(self, 'hall', { [b]: 9, [c]: 4, [a]: 20 });
  one.place(a, 'hall');
  one.place(b, 'tower');
  one.place(c, 'tower');
  one.plan([copyOn(self)]);
  t.deepEqual(asked(one.tick(startMs)), ['a 0', 'c 2']);
});

test('one pack at a time, and none while a shard for the plan is on its way or the machine rests', (t) => {
  const one = trial();
  const other = descriptorOf(2);
  one.plan([copyOn(self), copyOn(self, other)]);
  one.pulls.start({ pack: other.pack, index: 2, from: c, place: 'held', sinceMs: startMs, purpose: 'slot' });
  t.deepEqual(asked(one.tick(startMs)), []);
  one.pulls.end(other.pack, 2);
  one.copies.handle({ kind: 'powerChanged', source: 'battery', now: startMs });
  t.deepEqual(asked(one.tick(startMs)), []);
  one.copies.handle({ kind: 'powerChanged', source: 'mains', now: startMs });
  t.is(asked(one.tick(startMs)).length, 2);
  one.arrive(a, 0);
  t.deepEqual(asked(one.tick(startMs)), []);
  one.arrive(b, 1);
  t.is(asked(one.tick(startMs)).length, 2);
});

test('a copy goes when its time is over, when the plan drops it, and when the owner gives the pack up', (t) => {
  const filled = (): Trial => {
    const one = trial();
    one.plan([copyOn(self)]);
    one.tick(startMs);
    one.arrive(a, 0);
    one.arrive(b, 1);
    return one;
  };
  const [late, dropped, forgotten] = [filled(), filled(), filled()];
  t.deepEqual(removed(late.tick(untilMs - 1)), []);
  t.deepEqual(removed(late.tick(untilMs)), [0, 1]);
  t.deepEqual(asked(late.tick(untilMs + 1)), []);
  t.deepEqual(removed(dropped.plan([copyOn(c)])), [0, 1]);
  forgotten.shelf.giveUp(pack, descriptor.owner, startMs);
  t.deepEqual(removed(forgotten.tick(startMs + 1)), [0, 1]);
  t.deepEqual(asked(forgotten.tick(startMs + minutes(30))), []);
  t.deepEqual(asked(forgotten.tick(startMs + minutes(60))), []);
});

test('a copy of a drive that admins deleted goes, and nothing of it comes again', (t) => {
  const one = trial();
  one.plan([copyOn(self)]);
  one.tick(startMs);
  one.arrive(a, 0);
  t.true(one.copies.takes(descriptor));
  one.shelf.wipe(new Set([descriptor.drive]));
  t.false(one.copies.takes(descriptor));
  t.deepEqual(removed(one.tick(startMs + 1)), [0]);
});

test('a shard that gave way on a full disk is forgotten, and fetched again later', (t) => {
  const one = trial();
  one.plan([copyOn(self)]);
  one.tick(startMs);
  one.arrive(a, 0);
  one.arrive(b, 1);
  one.copies.handle({ kind: 'shardLost', shard: { place: 'copy', pack, index: 0 }, now: startMs });
  t.deepEqual([...one.copies.indexesOf(pack)], [1]);
  t.deepEqual(asked(one.tick(startMs + 1000)), []);
  // Of those that are not here, one is missing; who was asked before is asked again when nobody else is left.
  t.is(asked(one.tick(startMs + minutes(11))).length, 1);
});

for (const kind of ['shardMissing', 'shardRefused'] as const)
  test(`what a holder does not send takes no place any more, and another one is asked: ${kind}`, (t) => {
    const one = trial();
    one.plan([copyOn(self)]);
    t.deepEqual(asked(one.tick(startMs)), ['a 0', 'b 1']);
    one.copies.handle({ kind: 'message', from: b, message: { kind, pack, index: 0 }, now: startMs });
    t.true(one.pulls.has(pack, 0), 'it was asked of another one');
    one.copies.handle({ kind: 'message', from: a, message: { kind, pack, index: 0 }, now: startMs });
    t.false(one.pulls.has(pack, 0));
    one.arrive(b, 1);
    t.deepEqual(asked(one.tick(startMs + minutes(11))), ['c 2']);
  });

test('a restore takes a whole copy from the own site, not shards from afar', (t) => {
  const one = trial();
  one.place(self, 'hall');
  one.place(a, 'tower');
  one.place(b, 'tower');
  one.place(c, 'hall');
  one.plan([copyOn(c)]);
  t.deepEqual(asked(one.restore.handle(want(startMs))), ['c 0', 'c 1']);
});

test('where the copy is gone a restore goes on with the holders', (t) => {
  const one = trial();
  one.place(self, 'hall');
  one.place(c, 'hall');
  one.plan([copyOn(c)]);
  one.restore.handle(want(startMs));
  const missing = (index: number) =>
    one.restore.handle({
      kind: 'message',
      from: c,
      message: { kind: 'shardMissing', pack, index },
      now: startMs,
    });
  t.deepEqual(asked(missing(0)), ['c 2']);
  t.deepEqual(asked(missing(1)), ['a 0']);
});

test('a trial restore proves what the holders have: it takes no copies', (t) => {
  const one = trial();
  one.place(self, 'hall');
  one.place(c, 'hall');
  one.plan([copyOn(c)]);
  t.deepEqual(asked(one.restore.handle(want(startMs, 'others'))), ['c 2', 'a 0']);
});
