// A machine that fetches a pack: over lines on which a shard takes longer than anybody waits for it, and while it makes a shard of the very same pack.

import test from 'ava';
import { describePack } from '../../../agent/codec/index.ts';
import { AgentCore, type CoreEffect, type CoreEvent } from '../../../agent/core/index.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { hours, minutes, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificatesOf, fleet, machines, planOf, startMs } from './fleet-of-four.ts';

const [a, b, c, other] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];

const descriptorOf = (owner: PeerId, k: number) =>
  describePack(new Uint8Array(1000).fill(7), {
    owner,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k, n: 3 },
  }).descriptor;

type Told = CoreEvent extends infer Event ? (Event extends CoreEvent ? Omit<Event, 'now'> : never) : never;

/** A core to which the three others are connected, under a plan of one group of the first three machines. */
function coreOf(self: PeerId, redundancy: { readonly k: number; readonly n: number }) {
  const core = new AgentCore({ self, fleet, fraction: () => 0.5 });
  let now: UnixMs = startMs;
  const tell = (event: Told): readonly CoreEffect[] => core.handle({ ...event, now });
  const plan = planOf(machines[1], 1);
  const classes = plan.classes.map((one) => ({ ...one, redundancy }));
  tell({ kind: 'started', stored: [], staged: [], heard: [], isFirstLife: true });
  const records = certificatesOf(machines);
  tell({ kind: 'batchStored', batch: batchOf(machines[0], records) });
  tell({ kind: 'batchStored', batch: batchOf(machines[1], [{ kind: 'plan', plan: { ...plan, classes } }]) });
  for (const { peer } of machines) if (peer !== self) tell({ kind: 'connected', peer });
  const wait = (ms: number): void => {
    now = unixMs(now + ms);
  };
  return { core, tell, wait, nowMs: () => now };
}

const pulled = (
  effects: readonly CoreEffect[],
): readonly { readonly from: PeerId; readonly index: number }[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'shardPull'
      ? [{ from: effect.to, index: effect.message.index }]
      : [],
  );

test('a pack whose shards take longer than anybody waits for them is restored from the first that is whole, and nothing is sent twice', (t) => {
  const { core, tell, wait, nowMs } = coreOf(other, { k: 1, n: 3 });
  const descriptor = descriptorOf(other, 1);
  const { pack } = descriptor;
  const flows: { readonly from: PeerId; readonly index: number; readonly endMs: number }[] = [];
  const ended: string[] = [];
  const follow = (effects: readonly CoreEffect[]): void => {
    for (const { from, index } of pulled(effects)) {
      t.is(core.placeFor(from, { descriptor, index }), 'scratch');
      flows.push({ from, index, endMs: nowMs() + minutes(25) });
    }
    for (const effect of effects) {
      if (effect.kind === 'packReady' || effect.kind === 'packLost') ended.push(effect.kind);
      if (effect.kind === 'send' && effect.message.kind === 'shardsAsk') {
        const held = [{ descriptor, indexes: [[a, b, c].indexOf(effect.to)] }];
        follow(tell({ kind: 'message', from: effect.to, message: { kind: 'shardsHeld', held } }));
      }
    }
  };
  follow(tell({ kind: 'packsWanted', packs: [descriptor] }));
  const untilMs = startMs + hours(1);
  while (nowMs() < untilMs) {
    wait(seconds(10));
    for (const { from, index, endMs } of flows)
      if (endMs > nowMs() - seconds(10) && endMs <= nowMs())
        follow(
          tell({
            kind: 'shardArrived',
            from,
            arrival: { descriptor, index, place: 'scratch' },
            outcome: 'stored',
          }),
        );
    follow(tell({ kind: 'tick' }));
  }
  t.deepEqual(ended, ['packReady']);
  t.is(flows.length, 3);
  const cleared = tell({ kind: 'packUsed', pack });
  t.deepEqual(
    cleared
      .flatMap((effect) => (effect.kind === 'removeShard' ? [effect.shard.index] : []))
      .toSorted((x, y) => x - y),
    [0, 1, 2],
  );
});

test('where a machine rests the next one is asked at once', (t) => {
  const { tell } = coreOf(other, { k: 1, n: 3 });
  const descriptor = descriptorOf(other, 1);
  const [first] = pulled(tell({ kind: 'packsWanted', packs: [descriptor] }));
  const { from, index } = first!;
  const message = { kind: 'shardRefused', pack: descriptor.pack, index } as const;
  const [second, ...more] = pulled(tell({ kind: 'message', from, message }));
  t.true(second !== undefined && second.from !== from);
  t.deepEqual(more, []);
});

test('a shard for a restore that is over goes when it comes after all', (t) => {
  const { core, tell, wait } = coreOf(other, { k: 1, n: 3 });
  const descriptor = descriptorOf(other, 1);
  const [first] = pulled(tell({ kind: 'packsWanted', packs: [descriptor] }));
  const arrival = { descriptor, index: first!.index, place: 'scratch' } as const;
  core.placeFor(first!.from, arrival);
  wait(minutes(3));
  const [second] = pulled(tell({ kind: 'tick' }));
  core.placeFor(second!.from, { descriptor, index: second!.index });
  tell({
    kind: 'shardArrived',
    from: second!.from,
    arrival: { descriptor, index: second!.index, place: 'scratch' },
    outcome: 'stored',
  });
  tell({ kind: 'packUsed', pack: descriptor.pack });
  t.like(
    tell({ kind: 'shardArrived', from: first!.from, arrival, outcome: 'stored' }).find(
      ({ kind }) => kind === 'removeShard',
    ),
    { shard: { place: 'scratch', ...(first && { index: first.index }) } },
  );
});

test('what a restore has fetched stays when a shard was made of it meanwhile, and goes when it was read', (t) => {
  const { core, tell, wait } = coreOf(a, { k: 2, n: 3 });
  const descriptor = descriptorOf(other, 2);
  const { pack } = descriptor;
  const slot = [a, b, c].indexOf(a);
  const [one, two] = [0, 1, 2].filter((index) => index !== slot) as [number, number];
  const holders = new Map([
    [one, [a, b, c][one]!],
    [two, [a, b, c][two]!],
  ]);
  const arrive = (index: number): readonly CoreEffect[] => {
    const from = holders.get(index)!;
    core.placeFor(from, { descriptor, index });
    return tell({
      kind: 'shardArrived',
      from,
      arrival: { descriptor, index, place: 'scratch' },
      outcome: 'stored',
    });
  };
  // The restore fetches both, and is ready to read them.
  for (const { index } of pulled(tell({ kind: 'packsWanted', packs: [descriptor] }))) arrive(index);
  // Then the plan's own shard is wanted, of which the same two are parts.
  const under = core.shelf.planName!;
  for (const [index, from] of holders) {
    const held = [{ pack, indexes: [index] }];
    tell({ kind: 'message', from, message: { kind: 'inventory', group: 'g', scope: 'all', under, held } });
  }
  wait(minutes(1));
  const orders: CoreEffect[] = [];
  for (const { index } of pulled(tell({ kind: 'tick' }))) orders.push(...arrive(index));
  t.true(orders.some(({ kind }) => kind === 'rebuildShard'));
  const rebuilt = tell({ kind: 'rebuilt', shard: { pack, index: slot }, outcome: 'stored' });
  const removed = (effects: readonly CoreEffect[]): readonly number[] =>
    effects
      .flatMap((effect) => (effect.kind === 'removeShard' ? [effect.shard.index] : []))
      .toSorted((x, y) => x - y);
  t.deepEqual(removed(rebuilt), []);
  t.deepEqual(removed(tell({ kind: 'packUsed', pack })), [one, two]);
});

/** A machine of the group that has its shard of another's pack, and wants the whole pack. */
function holderThatRestores() {
  const { core, tell, wait } = coreOf(a, { k: 1, n: 3 });
  const descriptor = descriptorOf(other, 1);
  const { pack } = descriptor;
  const held = { place: 'held', pack, index: 0 } as const;
  tell({ kind: 'started', stored: [{ ...held, descriptor }], staged: [], heard: [] });
  const arrive = ({
    from,
    index,
  }: {
    readonly from: PeerId;
    readonly index: number;
  }): readonly CoreEffect[] => {
    core.placeFor(from, { descriptor, index });
    const arrival = { descriptor, index, place: 'scratch' } as const;
    return tell({ kind: 'shardArrived', from, arrival, outcome: 'stored' });
  };
  return { tell, wait, descriptor, pack, held, arrive };
}

const kindsOf = (effects: readonly CoreEffect[]): readonly string[] => effects.map(({ kind }) => kind);

test('where a shard on this disk cannot be read it is looked at, and the pack comes from others', (t) => {
  const { tell, descriptor, pack, held, arrive } = holderThatRestores();
  t.deepEqual(kindsOf(tell({ kind: 'packsWanted', packs: [descriptor] })), ['packReady']);
  const effects = tell({ kind: 'packUnreadable', pack, intact: [] });
  t.deepEqual(effects[0], { kind: 'verifyShard', shard: held });
  const [first] = pulled(effects);
  t.true(kindsOf(arrive(first!)).includes('packReady'));
  t.deepEqual(
    tell({ kind: 'packUsed', pack }).flatMap((effect) =>
      effect.kind === 'removeShard' ? [effect.shard] : [],
    ),
    [{ place: 'scratch', pack, index: first!.index }],
  );
});

test('a trial restore takes nothing from the disk of its own machine', (t) => {
  const { tell, descriptor, arrive } = holderThatRestores();
  const effects = tell({ kind: 'packsWanted', packs: [descriptor], from: 'others' });
  t.false(kindsOf(effects).includes('packReady'));
  const [first] = pulled(effects);
  const [ready] = arrive(first!).flatMap((effect) => (effect.kind === 'packReady' ? [effect.from] : []));
  t.deepEqual(ready, [first!.from]);
});

test('a disk that spoils all that comes is given up by a restore', (t) => {
  const { tell, wait, descriptor, pack, arrive } = holderThatRestores();
  tell({ kind: 'packsWanted', packs: [descriptor] });
  let effects = tell({ kind: 'packUnreadable', pack, intact: [] });
  let rounds = 0;
  for (; rounds < 100 && !kindsOf(effects).includes('packLost'); rounds++) {
    wait(seconds(10));
    const [next] = pulled(effects);
    effects = next === undefined ? tell({ kind: 'tick' }) : arrive(next);
    if (kindsOf(effects).includes('packReady')) {
      effects = tell({ kind: 'packUnreadable', pack, intact: [] });
    }
  }
  t.true(rounds < 100);
  t.deepEqual(tell({ kind: 'packUnreadable', pack, intact: [] }), [
    { kind: 'packLost', pack, foundCount: 0 },
  ]);
});
