// The one door to TensorFlow.js: takes the fastest backend that works and that agrees with a reference on a tiny fit.
// Loaded on demand only: importing the models' door must not cost a command half a second.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as TensorFlow from '@tensorflow/tfjs-core';

export type Tf = typeof TensorFlow;
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

export interface BackendReport {
  readonly name: BackendName;
  /** Largest relative difference of the self-check's weights from the reference. */
  readonly deviation: number;
  /** Backends that were tried before, with the reason for passing them over. */
  readonly passedOver: readonly { readonly name: BackendName; readonly reason: string }[];
}

export interface OpenBackend {
  readonly tf: Tf;
  readonly report: BackendReport;
}

/** A backend whose tiny fit differs by more is not used. */
export const deviationMax = 1e-4;

/** By a variable: types and bundlers must not look for a package that may not be there. */
const nativePackage: string = '@tensorflow/tfjs-node';

const registered: Readonly<Record<BackendName, (tf: Tf) => Promise<void>>> = {
  tensorflow: async () => {
    // An optional dependency: where its native library could not be fetched, this import fails.
    await import(nativePackage);
  },
  wasm: async () => {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${join(dirname(entry))}/`);
  },
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
  },
};

/** Gradient descent on a 2 × 2 logistic regression in plain numbers: what every backend must come to. */
export function referenceFit(): readonly number[] {
  const weights = [0.1, -0.2];
  for (let step = 0; step < 20; step++) {
    const gradient = [0, 0];
    for (const [row, label] of selfCheckRows) {
      const error = 1 / (1 + Math.exp(-(row[0] * weights[0]! + row[1] * weights[1]!))) - label;
      gradient[0]! += (error * row[0]) / selfCheckRows.length;
      gradient[1]! += (error * row[1]) / selfCheckRows.length;
    }
    weights[0]! -= 0.5 * gradient[0]!;
    weights[1]! -= 0.5 * gradient[1]!;
  }
  return weights;
}

const selfCheckRows: readonly (readonly [readonly [number, number], number])[] = [
  [[1, 0.5], 1],
  [[-0.3, 1], 0],
  [[0.2, -1.2], 1],
  [[-1, -0.4], 0],
];

/** The same fit by a backend; the largest relative difference from the reference. */
function selfCheck(tf: Tf): number {
  const rows = tf.tensor2d(selfCheckRows.map(([row]) => [...row]));
  const labels = tf.tensor2d(selfCheckRows.map(([, label]) => [label]));
  const weights = tf.variable(tf.tensor2d([[0.1], [-0.2]]));
  const optimizer = tf.train.sgd(0.5);
  for (let step = 0; step < 20; step++) {
    optimizer.minimize(() => {
      const odds = tf.sigmoid(tf.matMul(rows, weights));
      const loss = tf.add(tf.mul(labels, tf.log(odds)), tf.mul(tf.sub(1, labels), tf.log(tf.sub(1, odds))));
      return tf.neg(tf.mean(loss)) as TensorFlow.Scalar;
    });
  }
  const fitted = weights.dataSync();
  tf.dispose([rows, labels, weights]);
  return Math.max(
    ...referenceFit().map((value, index) => Math.abs(fitted[index]! - value) / Math.abs(value)),
  );
}

let opened: Promise<OpenBackend> | undefined;

/** Opens the best backend that works, once in a thread. Throws only when not even plain JavaScript works. */
export function openBackend(): Promise<OpenBackend> {
  opened ??= open();
  return opened;
}

async function open(): Promise<OpenBackend> {
  const tf = await import('@tensorflow/tfjs-core');
  // The layers package is what registers the gradients; the core alone can only predict.
  await import('@tensorflow/tfjs-layers');
  tf.enableProdMode();
  const passedOver: { readonly name: BackendName; readonly reason: string }[] = [];
  for (const name of ['tensorflow', 'wasm', 'cpu'] as const) {
    try {
      await registered[name](tf);
      if (!(await tf.setBackend(name))) throw new Error('it does not start');
      const deviation = selfCheck(tf);
      if (!(deviation <= deviationMax))
        throw new Error(`its self-check is ${deviation.toExponential(1)} off`);
      return { tf, report: { name, deviation, passedOver } };
    } catch (error) {
      passedOver.push({
        name,
        reason: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '',
      });
    }
  }
  throw new Error(`no TensorFlow backend works: ${JSON.stringify(passedOver)}`);
}
