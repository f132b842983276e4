// Versions after their training: judged on other history, compared, promoted, rolled back, shown. Cards made by hand where a
// gate's answer must be known; a real small training where numbers must be real.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import {
  DreyError,
  generateFleet,
  hourMs,
  machineId,
  selectMachines,
  sliceHistory,
  weekMs,
} from '../../datasets/index.ts';
import {
  baselineForecast,
  cardHtml,
  cardPage,
  compareEvaluations,
  evaluateModels,
  type Evaluation,
  judgedFrom,
  listModels,
  type ModelCard,
  promote,
  promotedForecast,
  readModels,
  readPromoted,
  resolveVersion,
  rollBack,
  servingEntries,
  servingVersion,
  type StoredModels,
  trainModels,
} from '../../models/index.ts';
import { forecastLikelihoods, withoutCommonCauses } from '../../models/forecast-likelihood.ts';
import { writeModels } from '../../models/registry.ts';

const startMs = Date.UTC(2026, 9, 5);
const { history } = generateFleet({ seed: 6, machineCount: 6, weeks: 4, startMs });
const past = sliceHistory(history, { fromSlot: 0, toSlot: 3 * 168 });
const budget = { availabilityEpochs: 2, availabilityExamples: 4000, mixtureSteps: 20, popularityEpochs: 20 };

function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drey-versions-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

const cardOf = (model: string, serves: ModelCard['serves']): ModelCard => ({
  model,
  score: { metric: 'm', value: 1, better: 'lower', baselines: [{ name: 'b', value: 2 }] },
  details: {},
  serves,
  reason: `the ${serves} was better`,
  limits: 'none',
});

const storedOf = (version: string, serves: ModelCard['serves']): StoredModels => ({
  version,
  trainedMs: startMs,
  seed: '1',
  fingerprint: 'f'.repeat(64),
  machineCount: 6,
  slotCount: past.slotCount,
  historyEndMs: startMs + 3 * weekMs,
  backend: 'wasm',
  cards: [cardOf('availability', serves), cardOf('joint failure', 'baseline'), cardOf('popularity', 'model')],
  forecast: baselineForecast(past),
  weights: {},
});

const codeOf = (t: ExecutionContext, act: () => unknown): string =>
  t.throws(() => void act(), { instanceOf: DreyError }).code;

test('promotions stack: each roll-back takes one away, and the first version needs one only', (t) => {
  const folder = folderFor(t);
  for (const version of ['v1', 'v2']) writeModels(folder, storedOf(version, 'model'));
  t.is(readPromoted(folder), undefined);
  for (const version of ['v1', 'v2', 'v2']) promote(folder, { version, nowMs: 1 });
  t.is(servingVersion(folder), 'v2');
  t.is(rollBack(folder, 2).version, 'v1');
  t.is(readPromoted(folder)?.version, 'v1');
  t.is(rollBack(folder, 3).version, undefined);
  t.is(readPromoted(folder), undefined);
  t.is(
    codeOf(t, () => rollBack(folder, 4)),
    'nothing-promoted',
  );
  t.is(servingEntries(folder).length, 5);
});

test('a version whose forecast has nothing learned in it is not promoted, whatever its popularity model did', (t) => {
  const folder = folderFor(t);
  writeModels(folder, storedOf('v1', 'baseline'));
  t.is(
    codeOf(t, () => promote(folder, { version: 'v1', nowMs: 1 })),
    'model-not-better',
  );
  t.is(servingVersion(folder), undefined);
});

test('newer history decides over the card, and seen history decides nothing', (t) => {
  const folder = folderFor(t);
  writeModels(folder, storedOf('v1', 'model'));
  const evaluation = (serves: ModelCard['serves'], hasSeen: boolean): Evaluation => ({
    version: 'v1',
    fromMs: 0,
    toMs: 1,
    machineCount: 6,
    knownMachineCount: 6,
    hasSeen,
    models: [
      { ...cardOf('availability', serves), days: [] },
      { ...cardOf('joint failure', 'baseline'), days: [] },
    ],
  });
  const attempt = (newer: Evaluation): unknown =>
    promote(folder, { version: 'v1', nowMs: 1, evaluation: newer });
  t.is(
    codeOf(t, () => attempt(evaluation('baseline', false))),
    'model-not-better',
  );
  t.is(
    codeOf(t, () => attempt(evaluation('model', true))),
    'history-seen',
  );
  const ofOthers = { ...evaluation('model', false), models: [] };
  const error = t.throws(() => attempt(ofOthers), { code: 'model-not-better' });
  t.regex(error.message, /says nothing of what is learned in version v1 \(availability/u);
  attempt(evaluation('model', false));
  t.is(servingVersion(folder), 'v1');
});

test('a damaged list of promotions is said, not guessed', (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'serving.json'), '[{"action":"promoted"');
  t.is(
    codeOf(t, () => readPromoted(folder)),
    'model-damaged',
  );
});

test('one changed bit of a version is found, and a version of before hashes were kept is read', (t) => {
  const folder = folderFor(t);
  const weights = { layer: { shape: [2], values: Float32Array.of(0.5, -0.25) } };
  const write = (): void => {
    rmSync(join(folder, 'v1'), { recursive: true, force: true });
    writeModels(folder, { ...storedOf('v1', 'model'), weights });
  };
  const change = (name: string, of: (bytes: Buffer) => Buffer): void => {
    const path = join(folder, 'v1', name);
    writeFileSync(path, of(readFileSync(path)));
  };
  const replaced =
    (from: RegExp, to: string) =>
    (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString().replace(from, to));
  write();
  t.deepEqual(readModels(folder, 'v1').weights, weights);
  change('models.json', replaced(/,"hash":"[0-9a-f]{64}"/u, ''));
  t.deepEqual(readModels(folder, 'v1').weights, weights);
  write();
  change('weights.bin', (bytes) => bytes.map((byte, at) => (at === 3 ? byte ^ 1 : byte)) as Buffer);
  t.is(
    codeOf(t, () => readModels(folder, 'v1')),
    'model-damaged',
  );
  write();
  change('models.json', replaced(/"slotCount":\d/u, '"slotCount":7'));
  t.is(
    codeOf(t, () => readModels(folder, 'v1')),
    'model-damaged',
  );
});

test('versions of one name are all kept, also those that are written at once', async (t) => {
  const folder = folderFor(t);
  t.is(writeModels(folder, storedOf('v1', 'model')), 'v1');
  t.is(writeModels(folder, storedOf('v1', 'baseline')), 'v1-2');
  t.is(resolveVersion(folder, 'latest'), 'v1-2');
  t.is(readModels(folder, 'v1').cards[0]?.serves, 'model');
  t.is(readModels(folder, 'v1-2').cards[0]?.serves, 'baseline');
  t.is(readModels(folder, 'v1-2').version, 'v1-2');
  const door = new URL('../../models/registry.ts', import.meta.url).href;
  const writers = Array.from(
    { length: 4 },
    (_, writer) =>
      new Worker(
        `const { parentPort } = await import('node:worker_threads');
        const { readModels, writeModels } = await import(${JSON.stringify(door)});
        const stored = { ...readModels(${JSON.stringify(folder)}, 'v1'), version: 'v2' };
        for (let seed = 0; seed < 5; seed++)
          parentPort.postMessage(writeModels(${JSON.stringify(folder)}, { ...stored, seed: '${writer} ' + seed }));`,
        { eval: true },
      ),
  );
  const names: string[] = [];
  for (const writer of writers) writer.on('message', (name: string) => names.push(name));
  await Promise.all(writers.map((writer) => once(writer, 'exit')));
  t.is(new Set(names).size, 20);
  t.is(new Set(names.map((name) => readModels(folder, name).seed)).size, 20);
  t.is(listModels(folder).length, 22);
});

test('a version is found by its beginning, or as the latest', (t) => {
  const folder = folderFor(t);
  for (const version of ['20261101-a', '20261108-b', '20261108-c'])
    writeModels(folder, storedOf(version, 'model'));
  t.is(resolveVersion(folder, '20261101'), '20261101-a');
  t.is(resolveVersion(folder, 'latest'), '20261108-c');
  t.is(
    codeOf(t, () => resolveVersion(folder, '20261108')),
    'model-unknown',
  );
  t.is(
    codeOf(t, () => resolveVersion(folder, 'x')),
    'model-unknown',
  );
});

test('a promoted forecast keeps what was learned, gives newcomers their habit, and no shock strikes them', (t) => {
  const learnedFrom = selectMachines(past, [0, 1, 2]);
  const base = baselineForecast(learnedFrom);
  const shock = { name: 'd', origin: 'learned', probability: 0.01, strike: Float64Array.of(0.9, 0.8, 0) };
  const forecast = { ...base, shocks: [shock], domainOfMachine: Int32Array.of(0, 0, -1) };
  const today = selectMachines(history, [4, 1, 0]);
  const served = promotedForecast({ ...storedOf('v1', 'model'), forecast }, today);
  t.deepEqual(
    served.machines,
    today.machines.map(({ machine }) => machine),
  );
  t.deepEqual([...served.shocks[0]!.strike], [0, 0.8, 0.9]);
  t.deepEqual([...served.domainOfMachine], [-1, 0, 0]);
  const habit = baselineForecast(today);
  for (const [index, { downProbability }] of served.strata.entries()) {
    t.is(downProbability[0], habit.strata[index]!.downProbability[0]);
    t.is(downProbability[1], base.strata[index]!.downProbability[1]);
  }
  t.deepEqual(served.goneProbability, habit.goneProbability);
});

test('the likelihoods of all outcomes of an hour sum to 1, and shocks explain what fell together', (t) => {
  const three = selectMachines(sliceHistory(history, { fromSlot: 0, toSlot: 8 }), [0, 1, 2]);
  // Each slot one of the eight outcomes; all in one kind of hour, so that the odds are the same.
  const up = Uint8Array.from({ length: 24 }, (_, at) => ((at % 8) >> Math.floor(at / 8)) & 1);
  const base = baselineForecast(three);
  const strata = base.strata.map((stratum) => ({
    ...stratum,
    downProbability: Float64Array.of(0.1, 0.2, 0.3),
  }));
  const shocks = [
    { name: 'a', origin: 'learned', probability: 0.05, strike: Float64Array.of(0.9, 0.9, 0) },
    { name: 'b', origin: 'learned', probability: 0.02, strike: Float64Array.of(0, 0.5, 0.7) },
  ];
  const likelihoods = forecastLikelihoods({ ...base, strata, shocks }, { ...three, up });
  const total = likelihoods.reduce((sum, value) => sum + Math.exp(value), 0);
  t.true(Math.abs(total - 1) < 1e-9);
  // All down, by hand: quiet 0.93 · 0.006, a 0.05 · 0.91 · 0.92 · 0.3, b 0.02 · 0.1 · 0.6 · 0.79.
  const byHand = 0.93 * 0.006 + 0.05 * 0.91 * 0.92 * 0.3 + 0.02 * 0.1 * 0.6 * 0.79;
  t.true(Math.abs(Math.exp(likelihoods[0]!) - byHand) < 1e-12);
  // Taken apart, each machine is down as often as before: sums over the outcomes in which the first one is.
  const apart = forecastLikelihoods(withoutCommonCauses({ ...base, strata, shocks }), { ...three, up });
  const downOf = (values: Float64Array): number =>
    values.reduce((sum, value, slot) => sum + (up[slot] === 0 ? Math.exp(value) : 0), 0);
  t.true(Math.abs(downOf(apart) - downOf(likelihoods)) < 1e-9);
});

test('judged are the hours after the training where there is a day of them, else the last week', (t) => {
  const endMs = history.startMs + history.slotCount * hourMs;
  t.is(judgedFrom(history, history.startMs + 3 * weekMs), 3 * 168);
  t.is(judgedFrom(history, endMs - hourMs), 3 * 168);
  t.is(judgedFrom(history, history.startMs - weekMs), 3 * 168);
  t.is(judgedFrom(history, history.startMs + 2 * weekMs), 2 * 168);
});

test.serial('a version is judged on hours that it never saw, and says so when it saw them', async (t) => {
  const folder = folderFor(t);
  const { version } = await trainModels({
    history: past,
    seed: 1,
    budget,
    nowMs: startMs,
    registryFolder: folder,
    command: 'drey models train --data <rows>',
  });
  const stored = readModels(folder, version);
  t.is(stored.historyEndMs, startMs + 3 * weekMs);

  const later = await evaluateModels(stored, history);
  t.false(later.hasSeen);
  t.is(later.fromMs, stored.historyEndMs);
  t.is(later.knownMachineCount, 6);
  t.true(later.models.every(({ score }) => Number.isFinite(score.value) && score.baselines.length >= 3));
  t.true((await evaluateModels(stored, past)).hasSeen);

  const [availability] = later.models;
  const sums = availability!.days.reduce(
    (all, { sum, count }) => ({ sum: all.sum + sum, count: all.count + count }),
    {
      sum: 0,
      count: 0,
    },
  );
  t.true(Math.abs(sums.sum / sums.count - availability!.score.value) < 1e-9);

  const strangers = {
    ...history,
    machines: history.machines.map((profile, row) => ({ ...profile, machine: machineId(`other ${row}`) })),
  };
  const elsewhere = await evaluateModels(stored, strangers);
  t.is(elsewhere.knownMachineCount, 0);
  t.false(elsewhere.models.some(({ model }) => model === 'joint failure'));

  const against = compareEvaluations(later, later);
  t.true(against.every(({ winner }) => winner === 'undecided'));
  const worse: Evaluation = {
    ...later,
    models: later.models.map((model) => ({
      ...model,
      days: model.days.map((day) => ({
        ...day,
        sum: day.sum + (model.score.better === 'lower' ? 0.1 : -0.1) * day.count,
      })),
    })),
  };
  const decided = compareEvaluations(worse, later).filter(({ interval }) => interval !== undefined);
  t.deepEqual(
    decided.map(({ model, winner }) => [model, winner]),
    [
      ['availability', 'second'],
      ['joint failure', 'second'],
    ],
  );

  const page = cardHtml(stored);
  t.true(page.includes('drey models train --data &lt;rows&gt;'));
  t.true(page.includes('<svg') && page.includes('Calibration'));
  for (const meaning of ['0 is a perfect forecast', 'is twice as probable', 'stand first in the ranking'])
    t.true(page.includes(meaning), `the card says what its scores mean: ${meaning}`);
  t.regex(page, /<th scope="col">best baseline<\/th>/u);
  const { score } = stored.cards.find(({ model }) => model === 'availability')!;
  const best = Math.min(...score.baselines.map(({ value }) => value));
  const gain = `${Math.abs(100 * (1 - score.value / best)).toFixed(1)} % ${score.value <= best ? 'lower' : 'higher'}`;
  t.true(page.includes(gain), `the card says that it is ${gain}`);
  t.true(stored.forecast.shocks.length === 0 || page.includes('<details>'));
  t.notRegex(page, /<script|NaN|undefined|https?:/u);
});

test('a week without absences judges no return: the card says so, also where the folder holds null', (t) => {
  const folder = folderFor(t);
  const stored = storedOf('v1', 'baseline');
  const none = { name: 'always back', value: Number.NaN };
  const score = { metric: 'Brier score', value: Number.NaN, better: 'lower' as const, baselines: [none] };
  const details = { 'hours away': 0, 'log loss': Number.NaN };
  const unjudged: ModelCard = { ...cardOf('return', 'baseline'), score, details };
  const better = { ...cardOf('joint failure', 'model') };
  const partly: ModelCard = {
    ...better,
    score: { ...better.score, baselines: [none, { name: 'b', value: 2 }] },
  };
  writeModels(folder, { ...stored, cards: [unjudged, partly] });
  t.regex(readFileSync(join(folder, 'v1', 'models.json'), 'utf8'), /"value":null/u);
  const read = readModels(folder, 'v1');
  t.deepEqual(read.cards, [unjudged, partly]);
  for (const page of [cardPage(read), cardHtml(read), readFileSync(join(folder, 'v1', 'card.md'), 'utf8')]) {
    t.regex(page, /not judged/u);
    t.notRegex(page, /NaN|null|undefined|Infinity/u);
  }
  t.regex(cardHtml(read), /<td>2\.000, b<\/td>/u, 'the best baseline is the one that has a score');
});

test('two days are the least to judge on', async (t) => {
  const short = sliceHistory(history, { fromSlot: 0, toSlot: 40 });
  const error = await t.throwsAsync(evaluateModels(storedOf('v1', 'model'), short), {
    instanceOf: DreyError,
  });
  t.is(error.code, 'history-too-short');
});
