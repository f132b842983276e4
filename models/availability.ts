// Will machine i be up h hours from now? One small network for all machines and horizons: what the machine did lately and in
// such hours before, where the clock stands, how its site does. Point in time: no feature looks past its moment.

import type * as TensorFlow from '@tensorflow/tfjs-core';
import { createRandom, type FleetHistory, type Random, slotUp } from '../datasets/index.ts';
import type { Tf } from './backend.ts';
import { kindOf, weekHours } from './hours.ts';

export const horizons = [1, 4, 12, 24, 48, 72, 168] as const;
const featureCount = 23;
/** The last feature: log odds by habit. The network learns what to add to it, so it starts as good as the habit. */
const habitFeature = featureCount - 1;
const hiddenUnits = [48, 32] as const;

/** Rows of features with what came of them. */
export interface Examples {
  readonly count: number;
  /** count × featureCount. */
  readonly features: Float32Array;
  /** 1 up, 0 down. */
  readonly outcomes: Float32Array;
  readonly horizonOf: Int32Array;
  readonly machineOf: Int32Array;
  readonly slotOf: Int32Array;
}

const averages = [4, 24, 168, 672] as const;

/** Running knowledge of one machine: everything that features need, slot by slot. */
class Memory {
  readonly #ewma = new Float64Array(averages.length).fill(0.5);
  readonly #byHour = { up: new Float64Array(168), known: new Float64Array(168) };
  readonly #byKind = { up: new Float64Array(16), known: new Float64Array(16) };
  #state = 0.5;
  #since = 0;
  #up = 1;
  #known = 2;

  see(state: number, weekHour: number): void {
    if (state > slotUp) return;
    this.#since = state === this.#state ? this.#since + 1 : 0;
    this.#state = state;
    for (const [index, hours] of averages.entries())
      this.#ewma[index]! += (state - this.#ewma[index]!) / Math.min(hours, this.#known);
    this.#byHour.up[weekHour]! += state;
    this.#byHour.known[weekHour]!++;
    this.#byKind.up[kindOf(weekHour)]! += state;
    this.#byKind.known[kindOf(weekHour)]!++;
    this.#up += state;
    this.#known++;
  }

  get isUp(): number {
    return this.#state;
  }

  /** Share of such hours in which it was up, drawn to the share of the kind of hour, and that to its mean. */
  seasonal(weekHour: number): { readonly hour: number; readonly kind: number; readonly mean: number } {
    const mean = this.#up / this.#known;
    const kind =
      (this.#byKind.up[kindOf(weekHour)]! + 6 * mean) / (this.#byKind.known[kindOf(weekHour)]! + 6);
    const hour = (this.#byHour.up[weekHour]! + 2 * kind) / (this.#byHour.known[weekHour]! + 2);
    return { hour, kind, mean };
  }

  write(
    into: Float32Array,
    at: number,
    moment: {
      readonly weekHour: number;
      readonly targetHour: number;
      readonly horizon: number;
      readonly siteUp: number;
    },
  ): void {
    const { weekHour, targetHour, horizon, siteUp } = moment;
    const { hour, kind, mean } = this.seasonal(targetHour);
    const angle = (2 * Math.PI * (targetHour % 24)) / 24;
    const weekAngle = (2 * Math.PI * targetHour) / 168;
    const decay = Math.exp(-horizon / 12);
    into.set(
      [
        this.#state * 2 - 1,
        (this.#state * 2 - 1) * decay,
        Math.log1p(this.#since) / 5,
        (this.#state * 2 - 1) * (Math.log1p(this.#since) / 5) * decay,
        ...this.#ewma.map((value) => value * 2 - 1),
        hour * 2 - 1,
        kind * 2 - 1,
        mean * 2 - 1,
        siteUp * 2 - 1,
        logit(hour) / 4,
        Math.sin(angle),
        Math.cos(angle),
        Math.sin(2 * angle),
        Math.sin(weekAngle),
        Math.cos(weekAngle),
        targetHour >= 120 ? 1 : 0,
        weekHour >= 120 ? 1 : 0,
        Math.log(horizon) / 5,
        decay,
        logit(Math.min(0.995, Math.max(0.005, kind))),
      ],
      at,
    );
  }
}

const logit = (p: number): number => Math.log(p / (1 - p));

export interface Sampling {
  readonly random: Random;
  /** Keep about this many examples. */
  readonly countMax: number;
  /** Moments from which forecasts are made: [fromSlot, toSlot). */
  readonly fromSlot: number;
  readonly toSlot: number;
  /** Only these horizons. */
  readonly horizons: readonly number[];
  /** `known`: only where the outcome is in the history. `all`: outcomes beyond its end are left at 0. */
  readonly outcomes: 'known' | 'all';
}

/** Walks through the history once and takes examples at random moments, each with what was known then. */
export function takeExamples(history: FleetHistory, sampling: Sampling): Examples {
  const { slotCount } = history;
  const N = history.machines.length;
  const hours = weekHours(history, 200);
  const memories = Array.from({ length: N }, () => new Memory());
  const possible = N * (sampling.toSlot - sampling.fromSlot) * sampling.horizons.length;
  const share = Math.min(1, sampling.countMax / Math.max(1, possible));
  const features = new Float32Array(
    Math.ceil(Math.min(possible, sampling.countMax * 1.1 + 1000)) * featureCount,
  );
  const [outcomes, horizonOf, machineOf, slotOf]: number[][] = [[], [], [], []];
  let count = 0;
  const isSkipped = (): boolean =>
    (share < 1 && sampling.random.fraction() >= share) || (count + 1) * featureCount > features.length;
  const take = (moment: {
    readonly machine: number;
    readonly slot: number;
    readonly horizon: number;
    readonly siteUp: number;
  }): void => {
    const { machine, slot, horizon, siteUp } = moment;
    const outcome = history.up[machine * slotCount + slot + horizon];
    const isKnown = slot + horizon < slotCount && outcome! <= slotUp;
    if (!isKnown && sampling.outcomes === 'known') return;
    const at = { weekHour: hours[slot]!, targetHour: hours[slot + horizon]!, horizon, siteUp };
    memories[machine]!.write(features, count * featureCount, at);
    outcomes!.push(isKnown ? outcome! : 0);
    horizonOf!.push(horizon);
    machineOf!.push(machine);
    slotOf!.push(slot);
    count++;
  };
  for (let slot = 0; slot < sampling.toSlot; slot++) {
    for (let machine = 0; machine < N; machine++)
      memories[machine]!.see(history.up[machine * slotCount + slot]!, hours[slot]!);
    if (slot < sampling.fromSlot) continue;
    const siteUp = memories.reduce((sum, memory) => sum + memory.isUp, 0) / N;
    const pairs = history.machines.flatMap((_, machine) =>
      sampling.horizons.map((horizon) => ({ machine, slot, horizon, siteUp })),
    );
    for (const pair of pairs) if (!isSkipped()) take(pair);
  }
  return {
    count,
    features: features.subarray(0, count * featureCount),
    outcomes: Float32Array.from(outcomes!),
    horizonOf: Int32Array.from(horizonOf!),
    machineOf: Int32Array.from(machineOf!),
    slotOf: Int32Array.from(slotOf!),
  };
}

export interface Weights {
  readonly shapes: readonly (readonly number[])[];
  readonly values: readonly Float32Array[];
}

export interface Fitting {
  readonly tf: Tf;
  readonly seed: number | string;
  readonly epochs: number;
  readonly onEpoch: (epoch: number, loss: number) => Promise<void>;
}

const batchRows = 512;
/** Small fleets have few machines to learn from: large weights would learn those by heart. */
const weightDecay = 3e-4;

type Layer = readonly [TensorFlow.Variable, TensorFlow.Variable];

/** Small seeded normal weights (He et al., 2015); biases 0. */
function createLayers(tf: Tf, random: Random): readonly Layer[] {
  const sizes = [featureCount, ...hiddenUnits, 1];
  return sizes.slice(1).map((units, index) => {
    const inputs = sizes[index]!;
    const values = Float32Array.from(
      { length: inputs * units },
      () => random.normal() * Math.sqrt(2 / inputs),
    );
    return [tf.variable(tf.tensor2d(values, [inputs, units])), tf.variable(tf.zeros([units]))] as const;
  });
}

/** Log odds of being up for rows of features. */
function applyLayers(
  tf: Tf,
  layers: readonly (readonly [TensorFlow.Tensor, TensorFlow.Tensor])[],
  rows: TensorFlow.Tensor2D,
): TensorFlow.Tensor2D {
  let out: TensorFlow.Tensor = rows;
  for (const [index, [weights, bias]] of layers.entries()) {
    out = tf.add(tf.matMul(out as TensorFlow.Tensor2D, weights as TensorFlow.Tensor2D), bias);
    if (index < layers.length - 1) out = tf.relu(out);
  }
  return tf.add(out, tf.slice(rows, [0, habitFeature], [-1, 1])) as TensorFlow.Tensor2D;
}

/** Fits the network by Adam on shuffled batches; the learning rate falls to a tenth. */
export async function fitAvailability(examples: Examples, fitting: Fitting): Promise<Weights> {
  const { tf, epochs } = fitting;
  const random = createRandom(fitting.seed).fork('availability');
  const layers = createLayers(tf, random);
  const variables = layers.flat();
  const optimizer = tf.train.adam(1e-3);
  for (let epoch = 0; epoch < epochs; epoch++) {
    Object.assign(optimizer, { learningRate: 1e-3 * 0.1 ** (epoch / Math.max(1, epochs - 1)) });
    const order = shuffledIndices(examples.count, random);
    let [loss, batches] = [0, 0];
    for (let at = 0; at + batchRows / 2 <= order.length; at += batchRows) {
      loss += fitBatch({ tf, optimizer, layers, variables }, examples, order.subarray(at, at + batchRows));
      batches++;
    }
    await fitting.onEpoch(epoch + 1, loss / Math.max(1, batches));
  }
  const weights = {
    shapes: variables.map(({ shape }) => shape),
    values: variables.map((variable) => variable.dataSync() as Float32Array),
  };
  tf.dispose(variables);
  optimizer.dispose();
  return weights;
}

function shuffledIndices(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    const other = random.below(index + 1);
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  return order;
}

interface Network {
  readonly tf: Tf;
  readonly optimizer: TensorFlow.Optimizer;
  readonly layers: readonly Layer[];
  readonly variables: TensorFlow.Variable[];
}

function fitBatch(
  { tf, optimizer, layers, variables }: Network,
  examples: Examples,
  rows: Int32Array,
): number {
  const features = new Float32Array(rows.length * featureCount);
  const outcomes = new Float32Array(rows.length);
  for (const [index, row] of rows.entries()) {
    features.set(
      examples.features.subarray(row * featureCount, (row + 1) * featureCount),
      index * featureCount,
    );
    outcomes[index] = examples.outcomes[row]!;
  }
  const x = tf.tensor2d(features, [rows.length, featureCount]);
  const y = tf.tensor2d(outcomes, [rows.length, 1]);
  const cost = optimizer.minimize(
    () => {
      const z = applyLayers(tf, layers, x);
      const fit = tf.mean(tf.sub(tf.softplus(z), tf.mul(y, z)));
      const size = layers.reduce<TensorFlow.Tensor>(
        (sum, [weights]) => tf.add(sum, tf.sum(tf.square(weights))),
        tf.scalar(0),
      );
      return tf.add(fit, tf.mul(weightDecay, size)) as TensorFlow.Scalar;
    },
    true,
    variables,
  );
  const loss = cost?.dataSync()[0] ?? Number.NaN;
  tf.dispose([x, y, cost!]);
  return loss;
}

/** Log odds of being up, one per example. */
export function predictAvailability(tf: Tf, weights: Weights, examples: Examples): Float32Array {
  const odds = new Float32Array(examples.count);
  const tensors = weights.values.map((values, index) => tf.tensor(values, [...weights.shapes[index]!]));
  const layers = Array.from(
    { length: tensors.length / 2 },
    (_, index) => [tensors[2 * index]!, tensors[2 * index + 1]!] as const,
  );
  const step = 8192;
  for (let at = 0; at < examples.count; at += step) {
    const rows = Math.min(step, examples.count - at);
    const out = tf.tidy(() =>
      applyLayers(
        tf,
        layers,
        tf.tensor2d(examples.features.slice(at * featureCount, (at + rows) * featureCount), [
          rows,
          featureCount,
        ]),
      ),
    );
    odds.set(out.dataSync(), at);
    out.dispose();
  }
  tf.dispose(tensors);
  return odds;
}
