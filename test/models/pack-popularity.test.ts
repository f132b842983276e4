// Which forecast of reads of packs serves: the model, where it won and goes on winning; else decayed counts, and why.

import test from 'ava';
import {
  createRandom,
  dayMs,
  fileOfPack,
  generateFleet,
  historyFromRows,
  historyToRows,
  hourMs,
  machineId,
  packAccessOfHistory,
  type PackReadRow,
  unixMs,
} from '../../datasets/index.ts';
import { AccessMemory, packDemandFrom, pairRowsAt, predictDemand, trainModels } from '../../models/index.ts';
import { openBackend } from '../../models/backend.ts';
import { pairFeatureCount, rateCount } from '../../models/access-memory.ts';
import { demandByWeights } from '../../models/popularity-arithmetic.ts';
import { nameWeights } from '../../models/weights.ts';

const startMs = unixMs(Date.UTC(2026, 9, 5));
const packOf = (number: number): string =>
  number.toString(16).padStart(64, '0').split('').toReversed().join('');

const rowOf = (day: number, number: number, parts: Partial<PackReadRow> = {}): PackReadRow => ({
  kind: 'packRead',
  machine: machineId('reader'),
  hourMs: unixMs(startMs + day * dayMs + (number < 1000 ? 9 : 10) * hourMs),
  pack: packOf(number),
  owner: machineId('owner'),
  packClass: 'bulk',
  k: 4,
  n: 6,
  packBytes: 16_000_000,
  reads: 1,
  ...parts,
});

/**
 * Every third day two large packs begin to be read, and go on for ever; ten small ones are read often an hour later and never again. What
 * tells them apart on their first day is their size alone: counts and recency do not.
 */
function largeGoOn(days: number): readonly PackReadRow[] {
  const rows: PackReadRow[] = [];
  for (let day = 0; day < days; day++) {
    for (let pack = 0; pack < 2 * Math.floor(day / 3); pack++) rows.push(rowOf(day, pack));
    for (let small = 0; small < 10; small++)
      rows.push(rowOf(day, 1000 + 10 * day + small, { packBytes: 4000, reads: 4 }));
  }
  return rows.toSorted((a, b) => a.hourMs - b.hourMs || (a.pack < b.pack ? -1 : 1));
}

const days = 35;
const nowMs = unixMs(startMs + days * dayMs);
const siteOf = (machine: string): string | undefined => (machine === 'reader' ? 'hall' : undefined);
const names = (reads: readonly { readonly pack: string }[], count: number): readonly string[] =>
  reads.slice(0, count).map(({ pack }) => pack);

test.serial(
  'telemetry of restores is learned from, and what won its gate says which packs will be wanted',
  async (t) => {
    const rows = largeGoOn(days);
    const { history: fleet } = generateFleet({ seed: 5, machineCount: 4, weeks: 5, startMs });
    const reader = { machine: machineId('reader'), attributes: {}, utcOffsetMs: 0 };
    const withReader = { ...fleet, access: [], machines: fleet.machines.with(0, reader), packReads: rows };
    const history = historyFromRows(historyToRows(withReader), { fromMs: startMs, toMs: nowMs });
    t.deepEqual(history.packReads, rows);
    const budget = {
      availabilityEpochs: 1,
      availabilityExamples: 2000,
      mixtureSteps: 5,
      popularityEpochs: 80,
    };
    const trained = await trainModels({ history, seed: 1, budget, nowMs });
    const card = trained.cards.find(({ model }) => model === 'pack popularity')!;
    t.is(card.serves, 'model', card.reason);

    const { reads, source } = packDemandFrom(rows, { siteOf, nowMs }, trained);
    t.is(source, `the model of version ${trained.version}: ${card.reason}`);
    const wanted = reads.toSorted((a, b) => b.reads - a.reads);
    const largeCount = 2 * Math.floor((days - 1) / 3);
    t.deepEqual(
      names(wanted, largeCount).toSorted(),
      Array.from({ length: largeCount }, (_, pack) => packOf(pack)).toSorted(),
    );
    t.deepEqual(wanted[0]!.redundancy, { k: 4, n: 6 });
    t.is(wanted[0]!.site, 'hall');
    // About one read a day of each of them.
    t.true(wanted[0]!.reads > 2 && wanted[0]!.reads < 20, `${wanted[0]!.reads}`);

    // The small ones are now what goes on: the model is wrong about the last week, and counts serve.
    const turned = rows.filter((row) => row.packBytes === 4000 || row.hourMs < nowMs - 7 * dayMs);
    const again = Array.from({ length: 70 }, (_, at) =>
      rowOf(28 + Math.floor(at / 10), 1270 + (at % 10), { packBytes: 4000, reads: 4 }),
    );
    const drifted = packDemandFrom([...turned, ...again], { siteOf, nowMs }, trained);
    t.regex(drifted.source, /^decayed counts of reads, as they ranked the reads of the last week better/u);

    const baseline = {
      ...trained,
      cards: [{ ...card, serves: 'baseline' as const, reason: 'LFU is better' }],
    };
    t.is(
      packDemandFrom(rows, { siteOf, nowMs }, baseline).source,
      'decayed counts of reads, as LFU is better',
    );
    const older = {
      ...trained,
      weights: nameWeights({ ...noWeights, packPopularity: [Float32Array.of(1)] }),
    };
    t.regex(packDemandFrom(rows, { siteOf, nowMs }, older).source, /is of an older kind$/u);
    t.is(
      packDemandFrom([], { siteOf, nowMs }, trained).source,
      'decayed counts of reads, as nothing was read',
    );
  },
);

const noWeights = {
  availability: { shapes: [], values: [] },
  calibration: { scale: 1, shift: 0 },
  mixture: {
    logRates: new Float32Array(0),
    strikes: new Float32Array(0),
    shifts: new Float32Array(0),
  },
  popularity: [],
  packPopularity: [],
};

test('without a model decayed counts serve, and say so', (t) => {
  const { reads, source } = packDemandFrom([rowOf(34, 1)], { siteOf, nowMs }, undefined);
  t.is(reads.length, 1);
  t.is(source, 'decayed counts of reads, as no model of restores could be trained yet');
});

test('plain arithmetic says what TensorFlow says', async (t) => {
  const { tf } = await openBackend();
  const random = createRandom(7);
  const sizes = [rateCount, 1, pairFeatureCount * 24, 24, 24, 1];
  const model = {
    weights: sizes.map((size) => Float32Array.from({ length: size }, () => 0.4 * random.normal())),
  };
  const { history } = generateFleet({ seed: 5, machineCount: 4, weeks: 2, startMs });
  const trace = packAccessOfHistory({
    ...history,
    packReads: largeGoOn(10).map((row) => ({ ...row, machine: history.machines[0]!.machine })),
  })!;
  const memory = new AccessMemory(trace);
  for (const row of trace.rows) memory.add(row);
  const hour = startMs / hourMs + 10 * 24;
  const rows = pairRowsAt(memory, memory.pairs(hour), { hour, horizonHours: 168 });
  t.true(rows.pairs.length > 20);
  t.true(rows.pairs.some(({ file }) => file === fileOfPack(packOf(1))));
  for (const weights of [model.weights, model.weights.slice(0, 2)]) {
    const plain = demandByWeights({ weights }, rows);
    for (const [at, rate] of predictDemand(tf, { weights }, rows).entries())
      t.true(Math.abs(plain[at]! / rate - 1) < 1e-3, `${plain[at]} : ${rate}`);
  }
});
