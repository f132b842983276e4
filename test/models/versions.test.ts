// Versions after their training: judged on other history, compared, promoted, rolled back, shown. Cards made by hand where a
// gate's answer must be known; a real small training where numbers must be real.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { DreyError, hourMs, machineId, selectMachines, sliceHistory, weekMs } from '../../datasets/index.ts';
import {
  baselineForecast,
  cardHtml,
  compareEvaluations,
  evaluateModels,
  type Evaluation,
  judgedFrom,
  type ModelCard,
  promote,
  promotedForecast,
  readModels,
  readPromoted,
  rollBack,
  type Score,
  servingEntries,
  servingVersion,
  trainModels,
} from '../../models/index.ts';
import { forecastLikelihoods, withoutCommonCauses } from '../../models/forecast-likelihood.ts';
import { writeModels } from '../../models/registry.ts';
import { cardOf, codeOf, folderFor, history, past, startMs, storedOf } from './stored-versions.ts';

const budget = { availabilityEpochs: 2, availabilityExamples: 4000, mixtureSteps: 20, popularityEpochs: 20 };

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

test('a return that these hours cannot judge speaks neither for a version nor against it', (t) => {
  const folder = folderFor(t);
  const stored = storedOf('v1', 'model');
  writeModels(folder, { ...stored, cards: [...stored.cards, cardOf('return', 'model')] });
  const card = cardOf('return', 'model');
  const models = [
    { ...cardOf('availability', 'model'), isBetter: true, days: [] },
    { ...card, score: { ...card.score, value: Number.NaN }, isBetter: false, days: [] },
  ];
  const judged = { fromMs: 0, toMs: 1, machineCount: 6, knownMachineCount: 6, hasSeen: false, models };
  promote(folder, { version: 'v1', nowMs: 1, evaluation: { version: 'v1', ...judged } });
  t.is(servingVersion(folder), 'v1');
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
      { ...cardOf('availability', 'model'), isBetter: serves === 'model', days: [] },
      { ...cardOf('joint failure', 'baseline'), isBetter: false, days: [] },
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
  const [won] = evaluation('model', false).models;
  const nothing = { ...won!.score, value: Number.NaN };
  const unjudged = { ...won!, score: nothing, isBetter: false };
  t.is(
    codeOf(t, () => attempt({ ...evaluation('model', false), models: [unjudged] })),
    'model-not-better',
  );
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

test('a promoted forecast keeps what was learned, gives newcomers their habit, and only what was not seen yet strikes them', (t) => {
  const learnedFrom = selectMachines(past, [0, 1, 2]);
  const base = baselineForecast(learnedFrom);
  const shock = { name: 'd', origin: 'learned', probability: 0.01, strike: Float64Array.of(0.9, 0.8, 0) };
  const unseen = { ...shock, origin: 'unseen', strike: Float64Array.of(0.5, 0.5, 0.5) };
  const forecast = { ...base, shocks: [shock, unseen], domainOfMachine: Int32Array.of(0, 0, -1) };
  const today = selectMachines(history, [4, 1, 0]);
  const served = promotedForecast({ ...storedOf('v1', 'model'), forecast }, today);
  t.deepEqual(
    served.machines,
    today.machines.map(({ machine }) => machine),
  );
  t.deepEqual([...served.shocks[0]!.strike], [0, 0.8, 0.9]);
  t.deepEqual([...served.shocks[1]!.strike], [0.5, 0.5, 0.5]);
  const page = cardHtml({ ...storedOf('v1', 'model'), forecast });
  t.regex(page, /1 groups of machines/u);
  t.regex(
    page,
    /not seen yet are expected to take down anybody: 87\.7 hours a year with 50 % of the machines/u,
  );
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
  const seen = await evaluateModels(stored, past);
  t.true(seen.hasSeen);
  for (const { model, serves, isBetter } of [...later.models, ...seen.models]) {
    const card = stored.cards.find((one) => one.model === model);
    t.true(serves === card?.serves, `${model} serves as its training recorded`);
    t.is(typeof isBetter, 'boolean');
  }
  const returnOf = ({ models }: { readonly models: readonly { model: string; score: Score }[] }) =>
    models.find(({ model }) => model === 'return')?.score;
  t.deepEqual(returnOf(seen), returnOf({ models: stored.cards }), 'the hours of its training judge it alike');
  t.true('log loss a week ahead' in later.models[0]!.details);

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

test('two days are the least to judge on', async (t) => {
  const short = sliceHistory(history, { fromSlot: 0, toSlot: 40 });
  const error = await t.throwsAsync(evaluateModels(storedOf('v1', 'model'), short), {
    instanceOf: DreyError,
  });
  t.is(error.code, 'history-too-short');
});
