// Starts a training in a thread of its own, so that nobody else waits, and keeps what came out in the registry.

import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { DreyError, type FleetHistory } from '../datasets/index.ts';
import { type StoredModels, writeModels } from './registry.ts';
import {
  defaultBudget,
  type TrainingBudget,
  type TrainingProgress,
  type TrainingResult,
} from './training.ts';

export interface TrainOptions {
  readonly history: FleetHistory;
  readonly seed: number | string;
  /** Where versions are kept; nothing is kept when absent. */
  readonly registryFolder?: string;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
  readonly budget?: Partial<TrainingBudget>;
  readonly nowMs: number;
  /** What a person typed, for the card. */
  readonly command?: string;
}

export interface TrainedModels extends TrainingResult {
  readonly version: string;
  readonly seconds: number;
}

/** Fewer hours cannot be split into a past and a held-out end that say anything. */
const historySlotsMin = 14 * 24;

/** Whether there is enough to learn from: two weeks of two machines. Below that habits serve (`baselineForecast`). */
export const canTrain = ({ slotCount, machines }: FleetHistory): boolean =>
  slotCount >= historySlotsMin && machines.length >= 2;

type FromWorker =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'result'; readonly result: TrainingResult };

/** SHA-256 over what was trained on: two versions with one fingerprint saw the same machines, hours and reads. */
export function fingerprintOf(history: FleetHistory): string {
  const hash = createHash('sha256').update(`${history.startMs} ${history.slotMs} ${history.slotCount}\n`);
  for (const machine of history.machines) hash.update(`${JSON.stringify(machine)}\n`);
  hash.update(history.up);
  for (const row of [...history.access, ...(history.packReads ?? [])])
    hash.update(`${JSON.stringify(row)}\n`);
  return hash.digest('hex');
}

/** Trains all models. Throws `history-too-short`, `training-cancelled` or `training-failed`. */
export async function trainModels(options: TrainOptions): Promise<TrainedModels> {
  const { history, seed, registryFolder, nowMs, command } = options;
  if (!canTrain(history)) {
    throw new DreyError({
      code: 'history-too-short',
      message: `${history.machines.length === 1 ? '1 machine' : `${history.machines.length} machines`} × ${history.slotCount} hours of history are too little to learn from`,
      advice:
        'Two machines and two weeks are the least: let the agents collect, import older monitoring with `drey telemetry import`, or take in more of a file with --weeks.',
      retry: 'retryable',
    });
  }
  const startedMs = performance.now();
  const result = await runInThread(options);
  const fingerprint = fingerprintOf(history);
  const named = `${new Date(nowMs).toISOString().replaceAll(/[-:]/gu, '').slice(0, 15)}-${fingerprint.slice(0, 8)}`;
  const stored: StoredModels = {
    version: named,
    trainedMs: nowMs,
    seed: String(seed),
    fingerprint,
    ...pick(history),
    ...(command === undefined ? {} : { command }),
    backend: result.backend,
    cards: result.cards,
    forecast: result.forecast,
    weights: result.weights,
  };
  const version = registryFolder === undefined ? named : writeModels(registryFolder, stored);
  return { ...result, version, seconds: (performance.now() - startedMs) / 1000 };
}

const pick = ({
  machines,
  slotCount,
  startMs,
  slotMs,
}: FleetHistory): Pick<StoredModels, 'machineCount' | 'slotCount' | 'historyEndMs'> => ({
  machineCount: machines.length,
  slotCount,
  historyEndMs: startMs + slotCount * slotMs,
});

function runInThread({ history, seed, budget, onProgress, signal }: TrainOptions): Promise<TrainingResult> {
  const worker = new Worker(new URL('worker/training-worker.ts', import.meta.url), {
    name: 'drey training',
    workerData: { history, seed, budget: { ...defaultBudget, ...budget } },
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  });
  return new Promise((resolve, reject) => {
    const cancel = (): void => void worker.terminate();
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted === true) cancel();
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else resolve(message.result);
    });
    worker.on('error', (cause) => reject(failed(cause)));
    worker.on('exit', () => {
      signal?.removeEventListener('abort', cancel);
      reject(signal?.aborted === true ? cancelled() : failed(new Error('its thread ended early')));
    });
  });
}

const cancelled = (): DreyError =>
  new DreyError({
    code: 'training-cancelled',
    message: 'the training was cancelled',
    advice: 'Start it again when you like; the models that served go on.',
    retry: 'retryable',
  });

const failed = (cause: Error): DreyError =>
  new DreyError({
    code: 'training-failed',
    message: `the training failed: ${cause.message}`,
    advice: 'Run `drey doctor` and look at the backend; until then the baseline serves.',
    cause,
  });
