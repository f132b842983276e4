// Popularity: counts per file and site, the likelihood of counts, and a fit that finds what made them.

import test from 'ava';
import {
  type AccessRow,
  type AccessTrace,
  createRandom,
  fileId,
  machineId,
  unixMs,
} from '../../datasets/index.ts';
import { AccessMemory, examplesOf, fitPopularity, judgeDemand } from '../../models/index.ts';
import { openBackend } from '../../models/backend.ts';
import { countLoss } from '../../models/popularity.ts';
import { rankingArea } from '../../models/scores.ts';

const hour = 3_600_000;
const siteOf = new Map([
  [machineId('m0'), 0],
  [machineId('m1'), 1],
]);
const idOf = (file: number): ReturnType<typeof fileId> => fileId(String(file).padStart(32, '0'));

const rowOf = (atHour: number, file: number, machine: 0 | 1, reads = 1): AccessRow => ({
  kind: 'access',
  machine: machineId(`m${machine}`),
  hourMs: unixMs(atHour * hour),
  file: idOf(file),
  reads,
  writes: 0,
  byteCount: 100,
});

/** Steady files that are read daily by one site, and others that are read for one day only. */
function steadyAndShort(days: number): AccessTrace {
  const random = createRandom(3);
  const rows: AccessRow[] = [];
  for (let day = 0; day < days; day++) {
    for (let file = 0; file < 20; file++)
      if (random.fraction() < 0.8) rows.push(rowOf(24 * day + 9, file, (file % 2) as 0 | 1));
    for (let file = 0; file < 6; file++) rows.push(rowOf(24 * day + 10, 1000 + 6 * day + file, 0, 2));
  }
  return { startMs: unixMs(0), hourCount: 24 * days, demand: 'reads', sites: ['a', 'b'], siteOf, rows };
}

test('counts fade by half in each half-life, and those of other sites are kept apart', (t) => {
  const memory = new AccessMemory({ demand: 'reads', sites: ['a', 'b'], siteOf });
  memory.add(rowOf(0, 1, 0, 8));
  memory.add(rowOf(24, 1, 1, 4));
  const counts = new Float32Array(12);
  const pair = memory.pairs(24).find(({ site }) => site === 0);
  memory.writeCounts(pair!, 24, counts);
  // One day is one half-life of the third count, and a seventh of the fourth.
  t.true(Math.abs(counts[2]! - 4) < 1e-5);
  t.true(Math.abs(counts[3]! - 8 * 0.5 ** (1 / 7)) < 1e-5);
  t.true(Math.abs(counts[8]! - 4) < 1e-5);
  t.is(memory.total(pair!), 8);
  t.is(memory.idleHours(pair!, 24), 24);
});

test('a deleted file is no candidate', (t) => {
  const memory = new AccessMemory({ demand: 'reads', sites: ['a', 'b'], siteOf });
  memory.add(rowOf(0, 1, 0, 3));
  t.is(memory.pairs(1).length, 2);
  memory.add({ ...rowOf(1, 1, 0), byteCount: 0 });
  t.deepEqual(memory.pairs(2), []);
});

test('what comes after a moment changes nothing of what is known at it', (t) => {
  const trace = steadyAndShort(14);
  const wish = {
    horizonHours: 24,
    stepHours: 24,
    fromHour: 72,
    toHour: 168,
    seed: 1,
    countMax: Number.POSITIVE_INFINITY,
  };
  const later = { ...trace, rows: trace.rows.filter(({ hourMs }) => hourMs < 168 * hour) };
  const [all, cut] = [examplesOf(trace, wish), examplesOf(later, wish)];
  t.is(all.length, 5);
  t.deepEqual(
    all.map(({ features, echoes, pairs }) => ({ features, echoes, pairs })),
    cut.map(({ features, echoes, pairs }) => ({ features, echoes, pairs })),
  );
  t.true(cut.at(-1)!.demands.every((demand) => demand === 0));
});

test('the loss of counts is the likelihood of a negative binomial', async (t) => {
  const { tf } = await openBackend();
  const [rate, spread] = [2.5, 0.7];
  for (const count of [0, 1, 4]) {
    const loss = countLoss(tf, tf.tensor([rate]), {
      counts: tf.tensor([count]),
      dispersion: tf.scalar(spread),
    });
    // P(y) y! = Π_{j<y} (r + j) · (r / (r + λ))^r · (λ / (r + λ))^y
    let likelihood = (spread / (spread + rate)) ** spread * (rate / (spread + rate)) ** count;
    for (let j = 0; j < count; j++) likelihood *= spread + j;
    t.true(Math.abs(loss.dataSync()[0]! + Math.log(likelihood)) < 1e-4, `${count}`);
  }
});

test('the area under the curve is the share of pairs that are in the right order', (t) => {
  t.is(rankingArea([3, 2, 1], [1, 0, 0]), 1);
  t.is(rankingArea([1, 2, 3], [1, 0, 0]), 0);
  t.is(rankingArea([1, 1, 1, 1], [1, 0, 1, 0]), 0.5);
  t.is(rankingArea([4, 3, 2, 1], [1, 0, 1, 0]), 0.75);
  t.is(rankingArea([1, 2], [1, 1]), 0.5);
});

test.serial('a fit tells steady files from those of one day, the same each time', async (t) => {
  const trace = steadyAndShort(42);
  const { tf } = await openBackend();
  const wish = { horizonHours: 168, stepHours: 24, untilHour: 28 * 24 };
  const fitting = { tf, seed: 1, epochs: 60, onEpoch: async (): Promise<void> => {} };
  const first = (await fitPopularity(trace, wish, fitting))!;
  const second = await fitPopularity(trace, wish, fitting);
  t.deepEqual(first, second);
  const moments = examplesOf(trace, {
    ...wish,
    fromHour: wish.untilHour,
    toHour: trace.hourCount,
    seed: 1,
    countMax: Number.POSITIVE_INFINITY,
  });
  const { score } = judgeDemand(tf, first, moments)!;
  const recency = score.baselines.find(({ name }) => name === 'LRU')!.value;
  t.true(score.value > recency + 0.2, `${score.value} : ${recency}`);
  t.deepEqual(
    score.baselines.map(({ name }) => name),
    ['decayed counts', 'LRU', 'LFU', 'linear Hawkes'],
  );
});

test('too little access is no fit', async (t) => {
  const { tf } = await openBackend();
  const trace = { ...steadyAndShort(14), rows: [rowOf(0, 1, 0)] };
  const fitting = { tf, seed: 1, epochs: 1, onEpoch: async (): Promise<void> => {} };
  const wish = { horizonHours: 24, stepHours: 24, untilHour: 168 };
  t.is(await fitPopularity(trace, wish, fitting), undefined);
});
