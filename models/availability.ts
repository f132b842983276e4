// Will machine i be up h hours from now? One small network for all machines and horizons: it learns what to add to the log odds
// of habit, from rows of `availability-examples.ts`. Fitting and predicting only; what rows say is decided there.

import type * as TensorFlow from '@tensorflow/tfjs-core';
import { createRandom, type Random } from '../datasets/index.ts';
import { type Examples, featureCount, habitFeature } from './availability-examples.ts';
import type { Tf } from './backend.ts';

const hiddenUnits = [48, 32] as const;

export interface Weights {
  readonly shapes: readonly (readonly number[])[];
  readonly values: readonly Float32Array[];
}

export interface Fitting {
  readonly tf: Tf;
  readonly seed: number | string;
  readonly epochs: number;
  readonly onEpoch: (epoch: number, loss: number) => Promise<void>;
  /** Weights to go on from, by smaller steps; a seeded start when absent. */
  readonly start?: Weights;
}

const batchRows = 512;
/** Over the number of machines: where there are few to learn from, large weights would learn those by heart. */
const weightDecayOfOne = 0.1;

type Layer = readonly [TensorFlow.Variable, TensorFlow.Variable];

/** Small seeded normal weights (He et al., 2015); biases 0. */
function createLayers(tf: Tf, random: Random, start?: Weights): readonly Layer[] {
  if (start !== undefined) {
    const variables = start.values.map((values, at) =>
      tf.variable(tf.tensor(values, [...start.shapes[at]!])),
    );
    return Array.from(
      { length: variables.length / 2 },
      (_, at) => [variables[2 * at]!, variables[2 * at + 1]!] as const,
    );
  }
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

/** Learning rate of the first epoch: from nothing, and from weights that are good already. */
const rates = { fresh: 1e-3, again: 3e-4 } as const;

/** Fits the network by Adam on shuffled batches; the learning rate falls to a tenth. */
export async function fitAvailability(examples: Examples, fitting: Fitting): Promise<Weights> {
  const { tf, epochs } = fitting;
  const random = createRandom(fitting.seed).fork('availability');
  const layers = createLayers(tf, random, fitting.start);
  const rate = fitting.start === undefined ? rates.fresh : rates.again;
  const variables = layers.flat();
  const decay = weightDecayOfOne / Math.max(1, new Set(examples.machineOf).size);
  const optimizer = tf.train.adam(rate);
  for (let epoch = 0; epoch < epochs; epoch++) {
    Object.assign(optimizer, { learningRate: rate * 0.1 ** (epoch / Math.max(1, epochs - 1)) });
    const order = shuffledIndices(examples.count, random);
    let [loss, batches] = [0, 0];
    for (let at = 0; at + batchRows / 2 <= order.length; at += batchRows) {
      loss += fitBatch(
        { tf, optimizer, layers, variables, decay },
        examples,
        order.subarray(at, at + batchRows),
      );
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
  readonly decay: number;
  readonly tf: Tf;
  readonly optimizer: TensorFlow.Optimizer;
  readonly layers: readonly Layer[];
  readonly variables: TensorFlow.Variable[];
}

function fitBatch(
  { tf, optimizer, layers, variables, decay }: Network,
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
      return tf.add(fit, tf.mul(decay, size)) as TensorFlow.Scalar;
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
