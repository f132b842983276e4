// A stored version beside the baselines on a history that may be newer than its training: no fit of its own weights, and every
// baseline knows exactly what came before the judged hours. It says when the version has seen those hours; it never hides them.

import {
  accessOfHistory,
  type AccessTrace,
  createRandom,
  dayMs,
  DreyError,
  type FleetHistory,
  packAccessOfHistory,
  selectMachines,
  sliceHistory,
} from '../datasets/index.ts';
import { predictAvailability } from './availability.ts';
import { takeExamples } from './availability-examples.ts';
import { baselineOdds, calibrated, judgeAvailability } from './availability-judgement.ts';
import { openBackend, type Tf } from './backend.ts';
import { gate, type ModelCard, packPopularityName } from './card.ts';
import { forecastLikelihoods, withoutCommonCauses } from './forecast-likelihood.ts';
import {
  betaBinomialLikelihood,
  biExponentialLikelihood,
  independenceLikelihood,
} from './joint-baselines.ts';
import { downByKind } from './marginals.ts';
import { judgePopularity } from './popularity.ts';
import { selectForecast } from './promoted-forecast.ts';
import type { StoredModels } from './registry.ts';
import { judgeReturn } from './return-judgement.ts';
import { judgeWeekAhead, withWeekAhead } from './serving-forecast.ts';
import { heldOutStart } from './training.ts';
import { availabilityOf, popularityOf } from './weights.ts';

/** One day of a score that is a mean: Σ and count, so that two versions can be compared day by day. */
export interface JudgedDay {
  readonly day: number;
  readonly sum: number;
  readonly count: number;
}

export interface EvaluatedModel extends Omit<ModelCard, 'limits'> {
  /** Whether it passes the gate on these hours; `reason` says why, and `serves` what serves since its training. */
  readonly isBetter: boolean;
  /** Empty where the score is no mean over hours. */
  readonly days: readonly JudgedDay[];
}

export interface Evaluation {
  readonly version: string;
  /** The judged hours, half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Machines of the data, and how many of them the version's forecast knows. */
  readonly machineCount: number;
  readonly knownMachineCount: number;
  /** True when the version was trained on some of these very hours: its scores flatter it. */
  readonly hasSeen: boolean;
  readonly models: readonly EvaluatedModel[];
}

/** Fewer judged hours say nothing about nights and days. */
const judgedSlotsMin = 24;

/** First judged slot: right after the end of the version's training where the data go on for a day or more, else the last week. */
export function judgedFrom(history: FleetHistory, historyEndMs: number): number {
  const after = Math.ceil((historyEndMs - history.startMs) / history.slotMs);
  const isInside = after >= judgedSlotsMin && after <= history.slotCount - judgedSlotsMin;
  return isInside ? after : heldOutStart(history);
}

/** Judges a version on the slots from `fromSlot` on (default: `judgedFrom`). Throws `history-too-short`. */
export async function evaluateModels(
  stored: StoredModels,
  history: FleetHistory,
  fromSlot = judgedFrom(history, stored.historyEndMs),
): Promise<Evaluation> {
  if (fromSlot < judgedSlotsMin || history.slotCount - fromSlot < judgedSlotsMin) {
    throw new DreyError({
      code: 'history-too-short',
      message: `${history.slotCount} hours are too little to judge a version on`,
      advice: 'Give at least two days: the earlier for the baselines to learn from, the later to be judged.',
    });
  }
  const { tf } = await openBackend();
  const { machines } = stored.forecast;
  const known = new Set<string>(machines);
  const shared = history.machines.flatMap(({ machine }, row) => (known.has(machine) ? [row] : []));
  const fromMs = history.startMs + fromSlot * history.slotMs;
  const task: Task = { tf, stored, history, fromSlot, shared };
  return {
    version: stored.version,
    fromMs,
    toMs: history.startMs + history.slotCount * history.slotMs,
    machineCount: history.machines.length,
    knownMachineCount: shared.length,
    hasSeen: shared.length > 0 && fromMs < stored.historyEndMs,
    models: [
      evaluateAvailability(task),
      evaluateJoint(task),
      evaluateReturn(task),
      await evaluatePopularity(task, ofFiles),
      await evaluatePopularity(task, ofPacks),
    ]
      .filter((model) => model !== undefined)
      .map((model) => asTrained(stored, model)),
  };
}

interface Task {
  readonly tf: Tf;
  readonly stored: StoredModels;
  readonly history: FleetHistory;
  readonly fromSlot: number;
  /** Rows of the history that the version's forecast knows. */
  readonly shared: readonly number[];
}

/** `serves` as the gate says it of these hours. */
type Judged = Omit<EvaluatedModel, 'isBetter'>;

/** What serves was decided when it was trained: other hours change nothing of that. */
const asTrained = ({ cards }: StoredModels, judged: Judged): EvaluatedModel => ({
  ...judged,
  isBetter: judged.serves === 'model',
  serves: cards.find(({ model }) => model === judged.model)?.serves ?? 'baseline',
});

/** The network needs no machine's name: it serves machines that it never saw. */
function evaluateAvailability({ tf, stored, history, fromSlot }: Task): Judged {
  const { weights, calibration } = availabilityOf(stored.weights);
  const examples = takeExamples(history, {
    // The same moments for every version, so that they can be compared.
    random: createRandom('evaluation'),
    countMax: 40_000,
    fromSlot: fromSlot - 1,
    toSlot: history.slotCount,
    horizons: [24],
    outcomes: 'known',
  });
  const odds = calibrated(predictAvailability(tf, weights, examples), calibration);
  const judgement = judgeAvailability(odds, examples, baselineOdds(history, fromSlot, examples));
  const days = new DaySums(history);
  for (const [index, p] of odds.entries())
    days.add(examples.slotOf[index]! + 24, (p - examples.outcomes[index]!) ** 2);
  const ahead = judgeWeekAhead(
    tf,
    { weights, calibration },
    {
      past: sliceHistory(history, { fromSlot: 0, toSlot: fromSlot }),
      future: sliceHistory(history, { fromSlot, toSlot: history.slotCount }),
    },
  );
  const judged = { model: 'availability', ...judgement, ...gate(judgement.score), days: days.all };
  return withWeekAhead(judged, ahead);
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What the optimizer got of this version: its kinds of hour and its shocks, for the machines that both know. */
function evaluateJoint({ stored, history, fromSlot, shared }: Task): Judged | undefined {
  if (shared.length < 2) return undefined;
  const part = selectMachines(history, shared);
  const past = sliceHistory(part, { fromSlot: 0, toSlot: fromSlot });
  const future = sliceHistory(part, { fromSlot, toSlot: part.slotCount });
  const forecast = selectForecast(
    stored.forecast,
    part.machines.map(({ machine }) => machine),
  );
  const likelihoods = forecastLikelihoods(forecast, future);
  const days = new DaySums(future);
  for (const [slot, value] of likelihoods.entries()) days.add(slot, value);
  const score = {
    metric: 'log likelihood of a judged hour',
    value: mean(likelihoods),
    better: 'higher',
    baselines: [
      {
        name: 'the same without shocks',
        value: mean(forecastLikelihoods(withoutCommonCauses(forecast), future)),
      },
      { name: 'independence', value: independenceLikelihood(downByKind(past), future) },
      { name: 'beta-binomial', value: betaBinomialLikelihood(past, future) },
      { name: 'bi-exponential', value: biExponentialLikelihood(past, future) },
    ],
  } as const;
  const details = { machines: shared.length, shocks: forecast.shocks.length };
  return { model: 'joint failure', score, details, ...gate(score), days: days.all };
}

/** It keeps no weights: as in a training it is fitted on the hours before those that judge it. */
function evaluateReturn({ history, fromSlot }: Task): Judged {
  const past = sliceHistory(history, { fromSlot: 0, toSlot: fromSlot });
  const { limits: _, ...judged } = judgeReturn(history, past);
  return { ...judged, days: [] };
}

interface PopularityOf {
  readonly model: string;
  readonly weights: 'popularity' | 'packPopularity';
  readonly traceOf: (history: FleetHistory) => AccessTrace | undefined;
}

const ofFiles: PopularityOf = { model: 'popularity', weights: 'popularity', traceOf: accessOfHistory };
const ofPacks: PopularityOf = {
  model: packPopularityName,
  weights: 'packPopularity',
  traceOf: packAccessOfHistory,
};

async function evaluatePopularity(
  { tf, stored, history, fromSlot }: Task,
  of: PopularityOf,
): Promise<Judged | undefined> {
  const weights = popularityOf(stored.weights, of.weights);
  const trace = of.traceOf(history);
  if (weights === undefined || trace === undefined) return undefined;
  const heldOutDay = Math.floor((fromSlot * history.slotMs) / dayMs);
  const judgement = await judgePopularity(
    { weights },
    { trace, heldOutDay },
    { tf, seed: 1, epochs: 200, onEpoch: async () => {} },
  );
  return judgement === undefined
    ? undefined
    : { model: of.model, ...judgement, ...gate(judgement.score), days: [] };
}

/** Sums by day since the unix epoch. */
class DaySums {
  readonly #history: FleetHistory;
  readonly #days = new Map<number, { sum: number; count: number }>();

  constructor(history: FleetHistory) {
    this.#history = history;
  }

  add(slot: number, value: number): void {
    const day = Math.floor((this.#history.startMs + slot * this.#history.slotMs) / dayMs);
    const sums = this.#days.get(day) ?? { sum: 0, count: 0 };
    this.#days.set(day, sums);
    sums.sum += value;
    sums.count++;
  }

  get all(): readonly JudgedDay[] {
    return [...this.#days].map(([day, sums]) => ({ day, ...sums }));
  }
}
