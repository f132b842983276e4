// Which files will be read in the coming week: a small network on fading counts, age, size and sharing, with a
// negative-binomial loss, beside decayed counts, LRU, LFU and a linear model of the same counts (a discrete Hawkes process).

import type * as TensorFlow from '@tensorflow/tfjs-core';
import { createRandom, dayMs, type FileId, type FleetHistory, type MachineId } from '../datasets/index.ts';
import type { Tf } from './backend.ts';
import type { Score } from './card.ts';
import { rankingGain } from './scores.ts';

const featureCount = 9;
const hiddenUnits = 24;
const horizonDays = 7;
/** Half-lives of the fading counts, in days. */
const halfLives = [1, 7, 30] as const;
const filesMax = 20_000;
const rankedFiles = 50;

interface FileStory {
  readonly file: FileId;
  /** Reads per day. */
  readonly reads: Float64Array;
  readonly writes: Float64Array;
  readonly readers: readonly Set<MachineId>[];
  firstDay: number;
  byteCount: number;
}

/** Daily stories of the most touched files. */
function storiesOf(history: FleetHistory): readonly FileStory[] {
  const days = Math.max(1, Math.floor((history.slotCount * history.slotMs) / dayMs));
  const stories = new Map<FileId, FileStory>();
  for (const row of history.access) {
    const day = Math.floor((row.hourMs - history.startMs) / dayMs);
    if (day < 0 || day >= days) continue;
    const story: FileStory = stories.get(row.file) ?? {
      file: row.file,
      reads: new Float64Array(days),
      writes: new Float64Array(days),
      readers: Array.from({ length: days }, () => new Set<MachineId>()),
      firstDay: day,
      byteCount: row.byteCount,
    };
    story.reads[day]! += row.reads;
    story.writes[day]! += row.writes;
    story.readers[day]!.add(row.machine);
    story.firstDay = Math.min(story.firstDay, day);
    story.byteCount = row.byteCount;
    stories.set(row.file, story);
  }
  const total = ({ reads }: FileStory): number => reads.reduce((sum, count) => sum + count, 0);
  return [...stories.values()]
    .toSorted((a, b) => total(b) - total(a) || (a.file < b.file ? -1 : 1))
    .slice(0, filesMax);
}

interface Rows {
  readonly features: number[][];
  /** Reads in the seven days after. */
  readonly counts: number[];
  readonly files: FileStory[];
}

function faded(values: Float64Array, day: number, halfLife: number): number {
  let sum = 0;
  for (let back = 0; back <= day && back < 6 * halfLife; back++)
    sum += values[day - back]! * 0.5 ** (back / halfLife);
  return sum;
}

function recency(story: FileStory, day: number): number {
  for (let back = 0; back <= day; back++)
    if (story.reads[day - back]! + story.writes[day - back]! > 0) return back;
  return day + 1;
}

function featuresAt(story: FileStory, day: number): number[] {
  const readers = new Set<MachineId>();
  for (let back = 0; back < 7 && back <= day; back++)
    for (const machine of story.readers[day - back]!) readers.add(machine);
  return [
    ...halfLives.map((halfLife) => Math.log1p(faded(story.reads, day, halfLife))),
    ...halfLives.slice(1).map((halfLife) => Math.log1p(faded(story.writes, day, halfLife))),
    Math.log1p(recency(story, day)),
    Math.log1p(day - story.firstDay),
    Math.log1p(story.byteCount) / 20,
    Math.log1p(readers.size),
  ];
}

function rowsAt(stories: readonly FileStory[], days: readonly number[]): Rows {
  const rows: Rows = { features: [], counts: [], files: [] };
  for (const day of days) {
    for (const story of stories) {
      if (story.firstDay > day) continue;
      rows.features.push(featuresAt(story, day));
      rows.counts.push(
        story.reads.slice(day + 1, day + 1 + horizonDays).reduce((sum, count) => sum + count, 0),
      );
      rows.files.push(story);
    }
  }
  return rows;
}

export interface PopularityModel {
  readonly weights: readonly Float32Array[];
}

export interface PopularityFitting {
  readonly tf: Tf;
  readonly seed: number | string;
  readonly epochs: number;
  readonly onEpoch: (epoch: number, loss: number) => Promise<void>;
}

/** Mean negative log likelihood of counts under a negative binomial with mean λ and dispersion r (constants left out). */
function countLoss(
  tf: Tf,
  rate: TensorFlow.Tensor,
  { counts, dispersion }: { readonly counts: TensorFlow.Tensor; readonly dispersion: TensorFlow.Tensor },
): TensorFlow.Scalar {
  const sum = tf.add(rate, dispersion);
  return tf.mean(
    tf.sub(
      tf.mul(tf.add(counts, dispersion), tf.log(sum)),
      tf.add(tf.mul(counts, tf.log(rate)), tf.mul(dispersion, tf.log(dispersion))),
    ),
  ) as TensorFlow.Scalar;
}

/** λ = softplus(…), one per row; a linear model has no hidden layer. */
function rateOf(
  tf: Tf,
  x: TensorFlow.Tensor2D,
  variables: readonly TensorFlow.Tensor[],
): TensorFlow.Tensor2D {
  const [w1, b1, w2, b2] = variables as TensorFlow.Tensor2D[];
  const inner = variables.length === 2 ? x : (tf.relu(tf.add(tf.matMul(x, w1!), b1!)) as TensorFlow.Tensor2D);
  const [w, b] = variables.length === 2 ? [w1!, b1!] : [w2!, b2!];
  return tf.add(tf.softplus(tf.add(tf.matMul(inner, w), b)), 1e-4) as TensorFlow.Tensor2D;
}

async function fitRates(rows: Rows, fitting: PopularityFitting, hidden: number): Promise<Float32Array[]> {
  const { tf, epochs } = fitting;
  const random = createRandom(fitting.seed).fork(`popularity ${hidden}`);
  const normal = (inputs: number, units: number): TensorFlow.Variable =>
    tf.variable(
      tf.tensor2d(
        Float32Array.from({ length: inputs * units }, () => random.normal() * Math.sqrt(1 / inputs)),
        [inputs, units],
      ),
    );
  const variables =
    hidden === 0
      ? [normal(featureCount, 1), tf.variable(tf.zeros([1]))]
      : [
          normal(featureCount, hidden),
          tf.variable(tf.zeros([hidden])),
          normal(hidden, 1),
          tf.variable(tf.zeros([1])),
        ];
  const logDispersion = tf.variable(tf.scalar(0));
  const optimizer = tf.train.adam(0.02);
  const x = tf.tensor2d(rows.features, [rows.counts.length, featureCount]);
  const y = tf.tensor2d(rows.counts, [rows.counts.length, 1]);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const cost = optimizer.minimize(
      () => countLoss(tf, rateOf(tf, x, variables), { counts: y, dispersion: tf.exp(logDispersion) }),
      true,
      [...variables, logDispersion],
    );
    const loss = cost?.dataSync()[0] ?? Number.NaN;
    cost?.dispose();
    if (epoch % 20 === 19 || epoch === epochs - 1) await fitting.onEpoch(epoch + 1, loss);
  }
  const weights = variables.map((variable) => variable.dataSync() as Float32Array);
  tf.dispose([...variables, logDispersion, x, y]);
  optimizer.dispose();
  return weights;
}

function predictRates(tf: Tf, weights: readonly Float32Array[], features: readonly number[][]): number[] {
  return tf.tidy(() => {
    const shapes =
      weights.length === 2
        ? [[featureCount, 1], [1]]
        : [[featureCount, hiddenUnits], [hiddenUnits], [hiddenUnits, 1], [1]];
    const variables = weights.map((values, index) => tf.tensor(values, shapes[index]));
    return [
      ...(rateOf(
        tf,
        tf.tensor2d(features as number[][], [features.length, featureCount]),
        variables,
      ).dataSync() as Float32Array),
    ];
  });
}

export interface PopularityJudgement {
  readonly score: Score;
  readonly details: Readonly<Record<string, number>>;
  readonly model: PopularityModel;
}

const noScore: Score = {
  metric: 'NDCG of the 50 most read files of the held-out week',
  value: Number.NaN,
  better: 'higher',
  baselines: [],
};

/** What can be learned before `heldOutDay`, and the week from it on; undefined when there is too little access. */
function splitAt(
  history: FleetHistory,
  heldOutDay: number,
): { readonly rows: Rows; readonly test: Rows } | undefined {
  const stories = storiesOf(history);
  const days = Array.from({ length: Math.max(0, heldOutDay - horizonDays - 3) }, (_, index) => index + 3);
  const rows = rowsAt(
    stories,
    days.filter((_, index) => stories.length * days.length < 40_000 || index % 3 === 0),
  );
  const test = rowsAt(stories, [heldOutDay - 1]);
  return rows.counts.length < 50 || test.counts.length < 10 ? undefined : { rows, test };
}

/** Trains on the days before `heldOutDay` and ranks files for the week from it on. Undefined when there is too little access. */
export async function trainPopularity(
  history: FleetHistory,
  heldOutDay: number,
  fitting: PopularityFitting,
): Promise<PopularityJudgement | undefined> {
  const split = splitAt(history, heldOutDay);
  if (split === undefined) return undefined;
  const model = { weights: await fitRates(split.rows, fitting, hiddenUnits) };
  return { ...(await judgeRates(model, split, { heldOutDay, fitting })), model };
}

/** Ranks files for the week from `heldOutDay` on by a model that is there already. Undefined when there is too little access. */
export async function judgePopularity(
  model: PopularityModel,
  { history, heldOutDay }: { readonly history: FleetHistory; readonly heldOutDay: number },
  fitting: PopularityFitting,
): Promise<Omit<PopularityJudgement, 'model'> | undefined> {
  const split = splitAt(history, heldOutDay);
  return split === undefined ? undefined : judgeRates(model, split, { heldOutDay, fitting });
}

async function judgeRates(
  model: PopularityModel,
  { rows, test }: { readonly rows: Rows; readonly test: Rows },
  { heldOutDay, fitting }: { readonly heldOutDay: number; readonly fitting: PopularityFitting },
): Promise<Omit<PopularityJudgement, 'model'>> {
  const linear = await fitRates(rows, { ...fitting, onEpoch: async () => {} }, 0);
  const { tf } = fitting;
  const gain = (scores: readonly number[]): number => rankingGain(scores, test.counts, rankedFiles);
  const column = (index: number, sign: 1 | -1): number[] => test.features.map((row) => sign * row[index]!);
  const baselines = [
    { name: 'decayed counts', value: gain(column(1, 1)) },
    { name: 'LRU', value: gain(column(5, -1)) },
    {
      name: 'LFU',
      value: gain(
        test.files.map((story) => story.reads.slice(0, heldOutDay).reduce((sum, count) => sum + count, 0)),
      ),
    },
    { name: 'linear Hawkes', value: gain(predictRates(tf, linear, test.features)) },
  ];
  const value = gain(predictRates(tf, model.weights, test.features));
  return {
    score: { ...noScore, value, baselines },
    details: { files: test.counts.length, examples: rows.counts.length },
  };
}
