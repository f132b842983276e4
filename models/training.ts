// One whole training: judge on the held-out end of the history, decide what serves, then fit again on everything. Runs in a
// worker thread; says how far it is; the same seed, history and backend give the same result.

import {
  accessOfHistory,
  type AccessTrace,
  createRandom,
  dayMs,
  type FleetHistory,
  packAccessOfHistory,
  type Random,
  sliceHistory,
} from '../datasets/index.ts';
import { fitAvailability, predictAvailability, type Weights } from './availability.ts';
import { horizons, takeExamples } from './availability-examples.ts';
import { baselineOdds, calibrated, fitCalibration, judgeAvailability } from './availability-judgement.ts';
import { type BackendName, openBackend, type Tf } from './backend.ts';
import { gate, type ModelCard, packPopularityName } from './card.ts';
import type { FailureForecast } from './forecast.ts';
import {
  betaBinomialLikelihood,
  biExponentialLikelihood,
  independenceLikelihood,
} from './joint-baselines.ts';
import { fitShockMixture, meanLogLikelihood, type ShockMixture, shocksOf } from './joint-failure.ts';
import {
  forecastOf,
  judgeWeekAhead,
  type Network,
  type Serving,
  weekAhead,
  withWeekAhead,
} from './serving-forecast.ts';
import { type TrainedPopularity, trainPopularity } from './popularity.ts';
import { judgeReturn } from './return-judgement.ts';
import { type NamedWeights, nameWeights } from './weights.ts';

export interface TrainingProgress {
  readonly model: string;
  readonly epoch: number;
  readonly epochCount: number;
  readonly loss: number;
  readonly secondsLeft: number;
}

/** How much work at most: the defaults take seconds for ten machines and minutes for a thousand. */
export interface TrainingBudget {
  readonly availabilityEpochs: number;
  readonly availabilityExamples: number;
  readonly mixtureSteps: number;
  readonly popularityEpochs: number;
}

export const defaultBudget: TrainingBudget = {
  availabilityEpochs: 8,
  availabilityExamples: 200_000,
  mixtureSteps: 150,
  popularityEpochs: 200,
};

export interface TrainingTask {
  readonly history: FleetHistory;
  readonly seed: number | string;
  readonly budget: TrainingBudget;
}

export interface TrainingResult {
  readonly backend: BackendName;
  /** What serves, from all of the history. */
  readonly forecast: FailureForecast;
  /** The same, from the history before `heldOutFromSlot`: for honest comparisons of placements. */
  readonly heldOutForecast: FailureForecast;
  readonly heldOutFromSlot: number;
  readonly cards: readonly ModelCard[];
  readonly weights: NamedWeights;
  readonly domains: readonly { readonly name: string; readonly members: readonly number[] }[];
}

/** The last week, or the last quarter of less than four weeks. */
export function heldOutStart(history: FleetHistory): number {
  const week = Math.round((7 * dayMs) / history.slotMs);
  return Math.max(1, history.slotCount - Math.min(week, Math.floor(history.slotCount / 4)));
}

type Report = (progress: TrainingProgress) => Promise<void>;

/** Counts steps of all stages together, for one honest estimate of the time left. */
class Pace {
  readonly #startedMs = performance.now();
  readonly #total: number;
  readonly #report: Report;
  #done = 0;

  constructor(total: number, report: Report) {
    this.#total = total;
    this.#report = report;
  }

  /** A stage that counts as `weight` of the whole. */
  stage(model: string, epochCount: number, weight: number): (epoch: number, loss: number) => Promise<void> {
    const before = this.#done;
    return async (epoch, loss) => {
      this.#done = before + (weight * epoch) / epochCount;
      const elapsed = (performance.now() - this.#startedMs) / 1000;
      const secondsLeft = (elapsed / this.#done) * (this.#total - this.#done);
      await this.#report({ model, epoch, epochCount, loss, secondsLeft: Math.max(0, secondsLeft) });
    };
  }
}

export async function runTraining(task: TrainingTask, report: Report): Promise<TrainingResult> {
  const { tf, report: backend } = await openBackend();
  const { history, budget, seed } = task;
  const heldOutFromSlot = heldOutStart(history);
  const past = sliceHistory(history, { fromSlot: 0, toSlot: heldOutFromSlot });
  const future = sliceHistory(history, { fromSlot: heldOutFromSlot, toSlot: history.slotCount });
  const pace = new Pace(13, report);
  const fitted = await learnAvailability(tf, { history, past, budget, seed }, pace);
  const learned = {
    ...fitted,
    card: withWeekAhead(fitted.card, judgeWeekAhead(tf, fitted, { past, future })),
  };
  const joint = await learnJointFailure(tf, { past, future, budget }, pace);
  const heldOutDay = Math.floor((heldOutFromSlot * history.slotMs) / dayMs);
  const popularity = await learnPopularity(tf, { ...task, heldOutDay }, pace);
  const served = { availability: learned.card.serves === 'model', joint: joint.card.serves === 'model' };
  const mixture = served.joint
    ? await fitShockMixture(history, {
        tf,
        steps: budget.mixtureSteps,
        onStep: pace.stage('joint failure', budget.mixtureSteps, 3),
      })
    : undefined;
  const serving = served.availability
    ? await fitServing(tf, task, { pace, start: learned.weights })
    : learned;
  const returns = judgeReturn(history, past);
  const knowsReturns = returns.serves === 'model';
  const cards = [learned.card, joint.card, returns, ...popularity.cards];
  const source = sourceOf(served);
  const by = (network: Network): Pick<Serving, 'up'> =>
    served.availability ? { up: (seen) => weekAhead(tf, network, seen) } : {};
  const domains = (mixture?.domains ?? joint.mixture.domains)
    .filter(({ origin }) => origin === 'learned')
    .map(({ name, members }) => ({ name, members }));
  return {
    backend: backend.name,
    forecast: forecastOf(history, { source, mixture, knowsReturns, ...by(serving) }),
    heldOutForecast: forecastOf(past, {
      source,
      mixture: served.joint ? joint.mixture : undefined,
      knowsReturns,
      ...by(learned),
    }),
    heldOutFromSlot,
    cards,
    domains,
    weights: learnedWeights(serving, mixture ?? joint.mixture, popularity),
  };
}

/** Judged on the past; what serves has seen everything. */
function fitServing(
  tf: Tf,
  { history, budget, seed }: TrainingTask,
  { pace, start }: { readonly pace: Pace; readonly start: Weights },
): Promise<Network> {
  const epochs = Math.max(1, Math.round(againShare * budget.availabilityEpochs));
  return fitNetwork(
    tf,
    { history, budget, random: createRandom(seed).fork('examples of all') },
    { seed, epochs, onEpoch: pace.stage('availability', epochs, 2), start },
  );
}

const sourceOf = (served: { readonly availability: boolean; readonly joint: boolean }): string => {
  const parts = [served.availability ? 'availability' : '', served.joint ? 'joint failure' : ''].filter(
    (part) => part !== '',
  );
  return parts.length === 0 ? 'hour-of-week baseline' : `learned ${parts.join(' and ')}`;
};

const learnedWeights = (
  { weights: availability, calibration }: Network,
  mixture: ShockMixture,
  { files, packs }: Pick<LearnedPopularity, 'files' | 'packs'>,
): NamedWeights =>
  nameWeights({ availability, calibration, mixture, popularity: files, packPopularity: packs });

interface LearnedAvailability extends Network {
  readonly card: ModelCard;
}

interface AvailabilityTask {
  readonly history: FleetHistory;
  readonly past: FleetHistory;
  readonly budget: TrainingBudget;
  readonly seed: number | string;
}

/** What served before the held-out week came is nearly right: a third of the epochs teach it that week. */
const againShare = 1 / 3;

const warmUpSlots = 72;
/** Examples that a fit takes whatever the fleet, and more for each machine: beyond that it learns the same again. */
const examplesOf = { fleet: 40_000, machine: 160 } as const;

interface NetworkFitting {
  readonly seed: number | string;
  readonly epochs: number;
  readonly onEpoch: (epoch: number, loss: number) => Promise<void>;
  readonly start?: Weights;
}

/** Fits on the first four fifths of a history; the last fifth calibrates. */
async function fitNetwork(
  tf: Tf,
  { history, budget, random }: Pick<AvailabilityTask, 'history' | 'budget'> & { readonly random: Random },
  fitting: NetworkFitting,
): Promise<Network> {
  const split = Math.floor(history.slotCount * 0.8);
  const enough = examplesOf.fleet + examplesOf.machine * history.machines.length;
  const fit = takeExamples(history, {
    random,
    countMax: Math.min(budget.availabilityExamples, enough),
    fromSlot: Math.min(warmUpSlots, split - 1),
    toSlot: split,
    horizons,
    outcomes: 'known',
  });
  const weights = await fitAvailability(fit, { tf, ...fitting });
  const checked = takeExamples(history, {
    random,
    countMax: 20_000,
    fromSlot: split,
    toSlot: history.slotCount,
    horizons: [24],
    outcomes: 'known',
  });
  return {
    weights,
    calibration: fitCalibration(predictAvailability(tf, weights, checked), checked.outcomes),
  };
}

async function learnAvailability(
  tf: Tf,
  { history, past, budget, seed }: AvailabilityTask,
  pace: Pace,
): Promise<LearnedAvailability> {
  const random = createRandom(seed).fork('examples');
  const { weights, calibration } = await fitNetwork(
    tf,
    { history: past, budget, random },
    {
      seed,
      epochs: budget.availabilityEpochs,
      onEpoch: pace.stage('availability', budget.availabilityEpochs, 4),
    },
  );
  const judged = takeExamples(history, {
    random,
    countMax: 40_000,
    fromSlot: past.slotCount - 1,
    toSlot: history.slotCount,
    horizons: [24],
    outcomes: 'known',
  });
  const odds = calibrated(predictAvailability(tf, weights, judged), calibration);
  const { score, details, reliability } = judgeAvailability(
    odds,
    judged,
    baselineOdds(history, past.slotCount, judged),
  );
  const limits =
    'Trained on this fleet only; a machine with less than three days of history gets the mean of its kind of hour.';
  return {
    weights,
    calibration,
    card: { model: 'availability', score, details, reliability, ...gate(score), limits },
  };
}

interface LearnedJoint {
  readonly mixture: ShockMixture;
  readonly card: ModelCard;
}

async function learnJointFailure(
  tf: Tf,
  {
    past,
    future,
    budget,
  }: { readonly past: FleetHistory; readonly future: FleetHistory; readonly budget: TrainingBudget },
  pace: Pace,
): Promise<LearnedJoint> {
  const mixture = await fitShockMixture(past, {
    tf,
    steps: budget.mixtureSteps,
    onStep: pace.stage('joint failure', budget.mixtureSteps, 2),
  });
  const value = meanLogLikelihood(tf, mixture, future);
  const score = {
    metric: 'log likelihood of a held-out hour',
    value,
    better: 'higher',
    baselines: [
      { name: 'independence', value: independenceLikelihood(mixture.marginals, future) },
      { name: 'beta-binomial', value: betaBinomialLikelihood(past, future) },
      { name: 'bi-exponential', value: biExponentialLikelihood(past, future) },
    ],
  } as const;
  const { shocks } = shocksOf(mixture, past.machines.length);
  const details = { 'candidate domains': mixture.domains.length, 'shocks kept': shocks.length };
  const limits =
    'At most one shock an hour; a domain that never failed in the history is not found unless an attribute names it.';
  return { mixture, card: { model: 'joint failure', score, details, ...gate(score), limits } };
}

interface LearnedPopularity {
  /** Layers; empty where there was too little to learn from. */
  readonly files: readonly Float32Array[];
  readonly packs: readonly Float32Array[];
  readonly cards: readonly ModelCard[];
}

/** What people touch, and what they restore: two models of one kind. */
async function learnPopularity(
  tf: Tf,
  { history, seed, budget, heldOutDay }: TrainingTask & { readonly heldOutDay: number },
  pace: Pace,
): Promise<LearnedPopularity> {
  const epochs = budget.popularityEpochs;
  const train = async (
    model: string,
    trace: AccessTrace | undefined,
  ): Promise<TrainedPopularity | undefined> => {
    const onEpoch = pace.stage(model, epochs, 1);
    return trace === undefined
      ? undefined
      : trainPopularity(trace, heldOutDay, { tf, seed, epochs, onEpoch });
  };
  const files = await train('popularity', accessOfHistory(history));
  const packs = await train(packPopularityName, packAccessOfHistory(history));
  const cardOf = (
    model: string,
    found: TrainedPopularity | undefined,
    limits: string,
  ): readonly ModelCard[] =>
    found === undefined
      ? []
      : [{ model, score: found.score, details: found.details, ...gate(found.score), limits }];
  return {
    files: files?.model.weights ?? [],
    packs: packs?.model.weights ?? [],
    cards: [
      ...cardOf(
        'popularity',
        files,
        'Ranks files for the coming week, for people to look at; it places nothing.',
      ),
      ...cardOf(
        packPopularityName,
        packs,
        'Copies of popular packs follow it while it ranks the last week no worse than decayed counts.',
      ),
    ],
  };
}
