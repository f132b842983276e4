// A whole training in its thread, with a small budget: what comes out, what is kept, and how it is ended.

import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DreyError, generateFleet, sliceHistory } from '../../datasets/index.ts';
import {
  baselineForecast,
  fingerprintOf,
  listModels,
  readModels,
  trainModels,
  type TrainOptions,
} from '../../models/index.ts';
import { gate } from '../../models/card.ts';

const startMs = Date.UTC(2026, 9, 5);
const { history } = generateFleet({ seed: 5, machineCount: 6, weeks: 3, startMs });
const budget = { availabilityEpochs: 2, availabilityExamples: 4000, mixtureSteps: 20, popularityEpochs: 20 };
const options: TrainOptions = { history, seed: 1, budget, nowMs: startMs };

test.serial('the same history, seed and backend give the same forecast and the same scores', async (t) => {
  const registryFolder = mkdtempSync(join(tmpdir(), 'drey-models-'));
  t.teardown(() => rmSync(registryFolder, { recursive: true }));
  const heard: string[] = [];
  const first = await trainModels({
    ...options,
    registryFolder,
    onProgress: ({ model }) => heard.push(model),
  });
  const second = await trainModels(options);
  t.deepEqual(first.forecast, second.forecast);
  t.deepEqual(first.cards, second.cards);
  t.true(heard.includes('availability') && heard.includes('joint failure'));
  t.true(first.cards.every(({ score }) => score.baselines.length >= 3));

  t.deepEqual(listModels(registryFolder), [first.version]);
  // Who is back when is of that day: a stored version does not have it.
  const { presence, ...stored } = first.forecast;
  t.not(presence, undefined);
  t.deepEqual(readModels(registryFolder, first.version).forecast, stored);
  t.regex(readFileSync(join(registryFolder, first.version, 'card.md'), 'utf8'), /serves:/u);
  truncateSync(join(registryFolder, first.version, 'weights.bin'), 3);
  t.throws(() => readModels(registryFolder, first.version), {
    instanceOf: DreyError,
    message: /cannot be read/u,
  });
});

test.serial('a training can be cancelled', async (t) => {
  const ended = new AbortController();
  const error = await t.throwsAsync(
    trainModels({ ...options, signal: ended.signal, onProgress: () => ended.abort() }),
    { instanceOf: DreyError },
  );
  t.is(error.code, 'training-cancelled');
});

test('too short a history is refused with advice', async (t) => {
  const short = sliceHistory(history, { fromSlot: 0, toSlot: 100 });
  const error = await t.throwsAsync(trainModels({ ...options, history: short }), { instanceOf: DreyError });
  t.is(error.code, 'history-too-short');
});

test('the baseline forecast covers the week, and its odds are odds', (t) => {
  const { strata, shocks } = baselineForecast(history);
  t.true(Math.abs(strata.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-9);
  t.true(strata.every(({ downProbability }) => downProbability.every((p) => p > 0 && p < 1)));
  t.true(strata.some(({ name }) => name === 'workday 03:00'));
  t.deepEqual(shocks, []);
});

test('the gate opens only to a model that beats every baseline', (t) => {
  const baselines = [
    { name: 'a', value: 0.2 },
    { name: 'b', value: 0.1 },
  ];
  t.is(gate({ metric: 'm', better: 'lower', value: 0.09, baselines }).serves, 'model');
  t.is(gate({ metric: 'm', better: 'lower', value: 0.1, baselines }).serves, 'baseline');
  const even = gate({ metric: 'm', better: 'lower', value: 0.100001, baselines });
  t.regex(even.reason, /^the model is at 0\.1000, as good as /u, 'no "only" between equal numbers');
  const nothing = gate({ metric: 'm', better: 'lower', value: 0.099999, baselines });
  t.like(nothing, { serves: 'baseline', reason: 'the model is at 0.1000, as good as b' });
  const likelihoods = [{ name: 'independence', value: -1.3322 }];
  t.like(gate({ metric: 'm', better: 'higher', value: -1.3319, baselines: likelihoods }), {
    serves: 'model',
    reason: '-1.3319 beats the best baseline, independence, at -1.3322',
  });
  t.is(gate({ metric: 'm', better: 'higher', value: 0.15, baselines }).serves, 'baseline');
  t.is(gate({ metric: 'm', better: 'higher', value: Number.NaN, baselines }).serves, 'baseline');
  const unscored = [baselines[0]!, { name: 'c', value: Number.NaN }, baselines[1]!];
  t.is(gate({ metric: 'm', better: 'lower', value: 0.15, baselines: unscored }).serves, 'baseline');
});

test('a fingerprint differs as soon as an hour, an attribute or a read differs', (t) => {
  const up = history.up.slice();
  up[0] = up[0] === 0 ? 1 : 0;
  const machines = history.machines.map((machine, row) =>
    row === 0 ? { ...machine, utcOffsetMs: machine.utcOffsetMs + 3_600_000 } : machine,
  );
  const access = history.access.map((row, index) => (index === 0 ? { ...row, reads: row.reads + 1 } : row));
  const others = [
    { ...history, up },
    { ...history, machines },
    { ...history, access },
  ];
  t.is(new Set([history, ...others].map(fingerprintOf)).size, 4);
  t.is(fingerprintOf({ ...history }), fingerprintOf(history));
});
