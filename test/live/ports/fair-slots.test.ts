// Slots that peers share: who waits, who comes next, and who is sent away.

import test from 'ava';
import { createMachineKey } from '../../../agent/codec/index.ts';
import { FairSlots, type FairSlotsLimits } from '../../../agent/live/wire/fair-slots.ts';
import type { PeerId } from '../../../agent/units.ts';
import { minutes } from '../../../datasets/index.ts';

const [greedy, modest] = [createMachineKey().peer, createMachineKey().peer];

/** Work that ends when the test says so, by the names of those who are at it. */
function workshop(limits: Partial<FairSlotsLimits>) {
  const slots = new FairSlots({
    atOnceMax: 3,
    atOncePerPeerMax: 3,
    waitingMax: 100,
    waitingPerPeerMax: 100,
    waitMsMax: minutes(10),
    ...limits,
  });
  const atWork: { readonly name: string; readonly end: () => void }[] = [];
  const run = (peer: PeerId, name: string): Promise<string | undefined> =>
    slots.run(peer, async () => {
      await new Promise<void>((end) => atWork.push({ name, end }));
      return name;
    });
  const names = (): readonly string[] => atWork.map(({ name }) => name);
  /** Ends the oldest work, and waits until it has gone from hand to hand. */
  const endOldest = async (): Promise<void> => {
    atWork.shift()?.end();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { run, names, endOldest };
}

test('a free slot goes to whoever has the fewest, and of those to the oldest', async (t) => {
  const { run, names, endOldest } = workshop({});
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void run(greedy, name);
  for (const name of ['b1', 'b2', 'b3']) void run(modest, name);
  t.deepEqual(names(), ['a1', 'a2', 'a3']);
  await endOldest();
  t.deepEqual(names(), ['a2', 'a3', 'b1']);
  await endOldest();
  t.deepEqual(names(), ['a3', 'b1', 'a4'], 'both have one: the oldest');
  await endOldest();
  t.deepEqual(names(), ['b1', 'a4', 'a5']);
});

test('one peer never has more than its share, whether others wait or not', async (t) => {
  const { run, names, endOldest } = workshop({ atOncePerPeerMax: 2 });
  for (const name of ['a1', 'a2', 'a3']) void run(greedy, name);
  t.deepEqual(names(), ['a1', 'a2']);
  void run(modest, 'b1');
  t.deepEqual(names(), ['a1', 'a2', 'b1']);
  await endOldest();
  t.deepEqual(names(), ['a2', 'b1', 'a3']);
});

test('who waits with too many, or for too long, is sent away and takes no slot', async (t) => {
  const { run, names, endOldest } = workshop({ atOnceMax: 1, waitingPerPeerMax: 1, waitMsMax: 1 });
  void run(greedy, 'a1');
  const waits = run(greedy, 'a2');
  t.is(await run(greedy, 'a3'), undefined, 'too many');
  t.is(await waits, undefined, 'too long');
  await endOldest();
  t.deepEqual(names(), []);
  void run(modest, 'b1');
  t.deepEqual(names(), ['b1']);
});

test('work that fails gives its slot back', async (t) => {
  const { run, names } = workshop({ atOnceMax: 1 });
  const slots = new FairSlots({
    atOnceMax: 1,
    atOncePerPeerMax: 1,
    waitingMax: 0,
    waitingPerPeerMax: 0,
    waitMsMax: 1,
  });
  await t.throwsAsync(slots.run(greedy, () => Promise.reject(new Error('no'))));
  t.is(await slots.run(modest, () => Promise.resolve('yes')), 'yes');
  void run(greedy, 'a1');
  t.deepEqual(names(), ['a1']);
});
