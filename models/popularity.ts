// How often each file will be asked for on each site: a Hawkes process whose rate a small network raises or lowers by age, recency, size,
// sharing and hour, with a negative-binomial loss, beside decayed counts, LRU, LFU and the same process without the network.

import type * as TensorFlow from '@tensorflow/tfjs-core';
import { type AccessTrace, createRandom, dayMs } from '../datasets/index.ts';
import { halfLives, pairFeatureCount, rateCount } from './access-memory.ts';
import type { Tf } from './backend.ts';
import type { Score } from './card.ts';
import { examplesOf, type JudgedRows, type PairRows } from './popularity-examples.ts';
import { rankingArea, rankingGain } from './scores.ts';

/** Of the network's one hidden layer. */
export const hiddenUnits = 24;
const examplesMax = 40_000;
/** Pairs of file and site by whose order forecasts are judged. */
export const rankedPairs = 50;
/** Epochs between two looks at the moments that were held back. */
const checkEvery = 10;
const learningRate = 0.01;
/** The network multiplies the rate by e^−3 to e^3: a forecast never leaves what was seen by more. */
export const correctionMax = 3;
/** Expected demand of a pair of which nothing is known. */
export const rateFloor = 1e-5;

/** What was learned; `layers` are w1, b1, w2, b2, the strengths of the echoes and the base rate. */
export interface PopularityModel {
  readonly weights: readonly Float32Array[];
}

export interface PopularityFitting {
  readonly tf: Tf;
  readonly seed: number | string;
  readonly epochs: number;
  readonly onEpoch: (epoch: number, loss: number) => Promise<void>;
}

const shapes: readonly (readonly number[])[] = [
  [rateCount, 1],
  [1],
  [pairFeatureCount, hiddenUnits],
  [hiddenUnits],
  [hiddenUnits, 1],
  [1],
];
const hawkesLayers = 2;

/** Whether weights fit this version of the network; those of the first versions do not. */
export const fitsPopularity = ({ weights }: PopularityModel): boolean =>
  (weights.length === shapes.length || weights.length === hawkesLayers) &&
  weights.every((values, at) => values.length === shapes[at]!.reduce((product, size) => product * size, 1));

/** λ of each row: (base + echoes · softplus(strengths)) · exp(network); the last factor only with all layers. */
function rateOf(tf: Tf, rows: RowTensors, variables: readonly TensorFlow.Tensor[]): TensorFlow.Tensor2D {
  const [strengths, base, w1, b1, w2, b2] = variables as TensorFlow.Tensor2D[];
  const plain = tf.add(tf.matMul(rows.echoes, tf.softplus(strengths!)), tf.softplus(base!));
  if (variables.length === hawkesLayers) return tf.add(plain, rateFloor) as TensorFlow.Tensor2D;
  const inner = tf.relu(tf.add(tf.matMul(rows.features, w1!), b1!)) as TensorFlow.Tensor2D;
  const correction = tf.mul(
    tf.tanh(tf.div(tf.add(tf.matMul(inner, w2!), b2!), correctionMax)),
    correctionMax,
  );
  return tf.add(tf.mul(plain, tf.exp(correction)), rateFloor) as TensorFlow.Tensor2D;
}

interface RowTensors {
  readonly features: TensorFlow.Tensor2D;
  readonly echoes: TensorFlow.Tensor2D;
}

const tensorsOf = (
  tf: Tf,
  { pairs, features, echoes }: Omit<PairRows, 'totals' | 'idleHours' | 'counts'>,
): RowTensors => ({
  features: tf.tensor2d(features, [pairs.length, pairFeatureCount]),
  echoes: tf.tensor2d(echoes, [pairs.length, rateCount]),
});

/** log Γ(x) for x > 0, by Stirling's series at x + 4; within 1e-6, and with a gradient, which tfjs lacks. */
function logGamma(tf: Tf, x: TensorFlow.Tensor): TensorFlow.Tensor {
  const far = tf.add(x, 4);
  const series = tf.add(
    tf.sub(tf.mul(tf.sub(far, 0.5), tf.log(far)), far),
    tf.add(0.5 * Math.log(2 * Math.PI), tf.div(1 / 12, far)),
  );
  const cube = tf.div(-1 / 360, tf.mul(far, tf.mul(far, far)));
  const steps = tf.log(tf.mul(tf.mul(x, tf.add(x, 1)), tf.mul(tf.add(x, 2), tf.add(x, 3))));
  return tf.sub(tf.add(series, cube), steps);
}

/**
 * Mean negative log likelihood of counts y under a negative binomial with mean λ and dispersion r, log y! left out. The terms of r
 * alone must stay: without them the loss falls for ever as r goes to 0.
 */
export function countLoss(
  tf: Tf,
  rate: TensorFlow.Tensor,
  { counts, dispersion }: { readonly counts: TensorFlow.Tensor; readonly dispersion: TensorFlow.Tensor },
): TensorFlow.Scalar {
  const sum = tf.add(counts, dispersion);
  const ofDispersion = tf.add(
    tf.sub(logGamma(tf, sum), logGamma(tf, dispersion)),
    tf.mul(dispersion, tf.log(dispersion)),
  );
  const ofRate = tf.sub(tf.mul(sum, tf.log(tf.add(rate, dispersion))), tf.mul(counts, tf.log(rate)));
  return tf.mean(tf.sub(ofRate, ofDispersion)) as TensorFlow.Scalar;
}

/** Strengths start at about 0.3 for the site's own counts and 0.02 for those of others; the network at exp(0). */
function startingValues(seed: number | string): readonly Float32Array[] {
  const random = createRandom(seed).fork('popularity');
  return shapes.map((shape, layer) => {
    const size = shape.reduce((product, count) => product * count, 1);
    if (layer === 0) return Float32Array.from({ length: size }, (_, at) => (at < halfLives.length ? -1 : -4));
    if (layer === 1) return Float32Array.of(-4);
    const spread = layer === 2 ? Math.sqrt(1 / pairFeatureCount) : 0;
    return Float32Array.from({ length: size }, () => random.normal() * spread);
  });
}

interface LossTensors extends RowTensors {
  readonly counts: TensorFlow.Tensor2D;
}

const lossTensorsOf = (tf: Tf, examples: readonly JudgedRows[]): LossTensors => {
  const all = joined(examples);
  return { ...tensorsOf(tf, all), counts: tf.tensor2d(all.demands, [all.pairs.length, 1]) };
};

interface Checked {
  readonly loss: number;
  readonly weights: readonly Float32Array[];
}

/** Fits on the first four fifths of the moments and keeps the weights that did best on the last fifth. */
async function fitRates(
  examples: readonly JudgedRows[],
  { tf, epochs, onEpoch }: PopularityFitting,
  start: readonly Float32Array[],
): Promise<readonly Float32Array[]> {
  const split = Math.max(1, Math.floor(0.8 * examples.length));
  const fit = lossTensorsOf(tf, examples.slice(0, split));
  const check = lossTensorsOf(tf, split < examples.length ? examples.slice(split) : examples);
  const variables = start.map((values, at) => tf.variable(tf.tensor(values, [...shapes[at]!])));
  // Counts are far more spread than a Poisson's: start near what was fitted to logs.
  const logDispersion = tf.variable(tf.scalar(-1));
  const loss = (rows: LossTensors): TensorFlow.Scalar =>
    countLoss(tf, rateOf(tf, rows, variables), { counts: rows.counts, dispersion: tf.exp(logDispersion) });
  const optimizer = tf.train.adam(learningRate);
  const look = (): Checked => ({
    loss: tf.tidy(() => loss(check).dataSync()[0]!),
    weights: variables.map((variable) => Float32Array.from(variable.dataSync())),
  });
  let best = look();
  for (let epoch = 0; epoch < epochs; epoch++) {
    optimizer.minimize(() => loss(fit), false, [...variables, logDispersion]);
    if (epoch % checkEvery !== checkEvery - 1 && epoch !== epochs - 1) continue;
    const checked = look();
    if (checked.loss < best.loss) best = checked;
    await onEpoch(epoch + 1, checked.loss);
  }
  tf.dispose([...variables, logDispersion, ...Object.values(fit), ...Object.values(check)]);
  optimizer.dispose();
  return best.weights;
}

function joined(
  examples: readonly JudgedRows[],
): Pick<JudgedRows, 'pairs' | 'features' | 'echoes' | 'demands'> {
  const concat = (parts: readonly Float32Array[]): Float32Array => {
    const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  return {
    pairs: examples.flatMap(({ pairs }) => pairs),
    features: concat(examples.map(({ features }) => features)),
    echoes: concat(examples.map(({ echoes }) => echoes)),
    demands: concat(examples.map(({ demands }) => demands)),
  };
}

/** Expected demand of each pair within the horizon that the model was fitted for, > 0. */
export function predictDemand(tf: Tf, { weights }: PopularityModel, rows: PairRows): Float32Array {
  if (rows.pairs.length === 0) return new Float32Array(0);
  return tf.tidy(() =>
    Float32Array.from(
      rateOf(
        tf,
        tensorsOf(tf, rows),
        weights.map((values, at) => tf.tensor(values, [...shapes[at]!])),
      ).dataSync(),
    ),
  );
}

export interface PopularityWish {
  readonly horizonHours: number;
  readonly stepHours: number;
  /** Only what was known before this hour of the trace is learned from. */
  readonly untilHour: number;
}

/** A fitted network, the Hawkes process alone, and decayed counts scaled to the mean demand. */
export interface FittedPopularity {
  readonly model: PopularityModel;
  readonly hawkes: PopularityModel;
  readonly decayed: DecayedCounts;
  readonly exampleCount: number;
}

/** The fading count of one half-life, and the demand that a count of one stood for. */
export interface DecayedCounts {
  readonly life: number;
  readonly scale: number;
}

export const decayedDemand = ({ life, scale }: DecayedCounts, { pairs, counts }: PairRows): Float32Array =>
  Float32Array.from(pairs, (_, at) => scale * counts[at * halfLives.length + life]!);

const examplesMin = 50;

/** Fits all three to the hours before `untilHour`; undefined when there is too little access. */
export async function fitPopularity(
  trace: AccessTrace,
  { horizonHours, stepHours, untilHour }: PopularityWish,
  fitting: PopularityFitting,
): Promise<FittedPopularity | undefined> {
  const examples = examplesOf(trace, {
    horizonHours,
    stepHours,
    fromHour: Math.min(3 * stepHours, Math.floor(untilHour / 4)),
    toHour: untilHour - horizonHours,
    seed: fitting.seed,
    countMax: examplesMax,
  });
  const exampleCount = examples.reduce((sum, { pairs }) => sum + pairs.length, 0);
  if (exampleCount < examplesMin) return undefined;
  const quiet = { ...fitting, onEpoch: async (): Promise<void> => {} };
  const [strengths, base, ...network] = startingValues(fitting.seed);
  const hawkes = await fitRates(examples, quiet, [strengths!, base!]);
  // The network starts as no correction at all of the fitted process.
  const model = await fitRates(examples, fitting, [...hawkes, ...network]);
  return {
    model: { weights: model },
    hawkes: { weights: hawkes },
    decayed: fitDecayed(examples),
    exampleCount,
  };
}

/** The half-life that ranked best on the examples. */
function fitDecayed(examples: readonly JudgedRows[]): DecayedCounts {
  const gains = [...halfLives.keys()].map((life) =>
    examples.reduce(
      (sum, rows) =>
        sum + rankingGain([...decayedDemand({ life, scale: 1 }, rows)], [...rows.demands], rankedPairs),
      0,
    ),
  );
  const life = gains.indexOf(Math.max(...gains));
  let [counted, came] = [0, 0];
  for (const rows of examples) {
    for (const count of decayedDemand({ life, scale: 1 }, rows)) counted += count;
    for (const demand of rows.demands) came += demand;
  }
  return { life, scale: came / Math.max(1e-9, counted) };
}

export interface PopularityJudgement {
  readonly score: Score;
  readonly details: Readonly<Record<string, number>>;
}

/** Ranks all pairs at each moment, and takes the mean; undefined when nothing was asked for. */
export function judgeDemand(
  tf: Tf,
  { model, hawkes, decayed, exampleCount }: FittedPopularity,
  moments: readonly JudgedRows[],
): PopularityJudgement | undefined {
  const judged = moments.filter(({ demands }) => demands.some((demand) => demand > 0));
  if (judged.length === 0) return undefined;
  const rankers: Readonly<Record<string, (rows: PairRows) => ArrayLike<number>>> = {
    model: (rows) => predictDemand(tf, model, rows),
    'decayed counts': (rows) => decayedDemand(decayed, rows),
    LRU: ({ idleHours }) => idleHours.map((hours) => -hours),
    LFU: ({ totals }) => totals,
    'linear Hawkes': (rows) => predictDemand(tf, hawkes, rows),
  };
  const scores = Object.entries(rankers).map(([name, rank]) => {
    const ranked = judged.map((rows) => ({ scores: Array.from(rank(rows)), gains: [...rows.demands] }));
    const meanOf = (value: (one: (typeof ranked)[number]) => number): number =>
      ranked.reduce((sum, one) => sum + value(one), 0) / ranked.length;
    return {
      name,
      value: meanOf((one) => rankingGain(one.scores, one.gains, rankedPairs)),
      area: meanOf((one) =>
        rankingArea(
          one.scores,
          one.gains.map((gain) => (gain > 0 ? 1 : 0)),
        ),
      ),
    };
  });
  const [own, ...baselines] = scores;
  const metric = `NDCG of the ${rankedPairs} most wanted files and sites`;
  return {
    score: {
      metric,
      value: own!.value,
      better: 'higher',
      baselines: baselines.map(({ name, value }) => ({ name, value })),
    },
    details: {
      moments: judged.length,
      pairs: judged.reduce((sum, { pairs }) => sum + pairs.length, 0) / judged.length,
      examples: exampleCount,
      'AUC of asked for at all': own!.area,
      ...Object.fromEntries(baselines.map(({ name, area }) => [`AUC, ${name}`, area])),
    },
  };
}

const dayHours = 24;
/** Agents plan for a week. */
export const weekHorizonHours = 7 * dayHours;

/** The week from `heldOutDay` on, and what precedes it; undefined when there is no day of either. */
function weekOf(
  trace: AccessTrace,
  heldOutDay: number,
): { readonly wish: PopularityWish; readonly moments: readonly JudgedRows[] } | undefined {
  const untilHour = heldOutDay * dayHours;
  // A history that ends before the week does is judged on what there is of it.
  const horizonHours = Math.min(weekHorizonHours, trace.hourCount - untilHour);
  if (horizonHours < 1 || untilHour * 3_600_000 < dayMs) return undefined;
  const moments = examplesOf(trace, {
    horizonHours,
    stepHours: dayHours,
    fromHour: untilHour,
    toHour: untilHour,
    seed: 'judged',
    countMax: Number.POSITIVE_INFINITY,
  });
  return { wish: { horizonHours, stepHours: dayHours, untilHour }, moments };
}

export interface TrainedPopularity extends PopularityJudgement {
  readonly model: PopularityModel;
}

/** Trains on the days before `heldOutDay` and ranks files and sites for the week from it on. Undefined when there is too little access. */
export async function trainPopularity(
  trace: AccessTrace,
  heldOutDay: number,
  fitting: PopularityFitting,
): Promise<TrainedPopularity | undefined> {
  const week = weekOf(trace, heldOutDay);
  const fitted = week === undefined ? undefined : await fitPopularity(trace, week.wish, fitting);
  if (week === undefined || fitted === undefined) return undefined;
  const judgement = judgeDemand(fitting.tf, fitted, week.moments);
  return judgement === undefined ? undefined : { ...judgement, model: fitted.model };
}

/** Ranks by a model that is there already, beside baselines fitted now. Undefined when there is too little access, or the model is of an older kind. */
export async function judgePopularity(
  model: PopularityModel,
  { trace, heldOutDay }: { readonly trace: AccessTrace; readonly heldOutDay: number },
  fitting: PopularityFitting,
): Promise<PopularityJudgement | undefined> {
  const week = fitsPopularity(model) ? weekOf(trace, heldOutDay) : undefined;
  const fitted = week === undefined ? undefined : await fitPopularity(trace, week.wish, fitting);
  return week === undefined || fitted === undefined
    ? undefined
    : judgeDemand(fitting.tf, { ...fitted, model }, week.moments);
}
