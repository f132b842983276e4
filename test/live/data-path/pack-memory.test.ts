import test from 'ava';
import { PackMemory } from '../../../agent/live/data-path/pack-memory.ts';

test('memory of a few packs is made and used again, and whoever wants more waits for what is given back', async (t) => {
  const memory = new PackMemory();
  const taken = [await memory.take(), await memory.take(), await memory.take()] as const;
  t.is(new Set(taken.map(({ buffer }) => buffer)).size, 3);
  const order: string[] = [];
  const waiting = ['first', 'second'].map((name) => memory.take().then((bytes) => (order.push(name), bytes)));
  await new Promise(setImmediate);
  t.deepEqual(order, []);
  memory.give(taken[1]);
  t.is(await waiting[0], taken[1]);
  memory.give(taken[0]);
  t.is(await waiting[1], taken[0]);
  t.deepEqual(order, ['first', 'second']);
  memory.give(taken[2]);
  t.is(await memory.take(), taken[2]);
});
