// One thread of a swarm: takes seeds and runs them. Of a failure it tells at once, then of every smaller run that breaks the same
// promise: whoever ends this thread in the middle loses only what had not been found yet.

import { threadCpuUsage } from 'node:process';
import { parentPort } from 'node:worker_threads';
import {
  drawShaped,
  type FaultName,
  type Report,
  shrink,
  simulate,
  type SimulationOptions,
  type SwarmShape,
} from '../agent/simulation/index.ts';

export interface SwarmTask {
  readonly seed: string;
  readonly faults: readonly FaultName[];
  readonly shape: SwarmShape;
}

/** A run that broke a promise. */
export interface Failed {
  readonly options: SimulationOptions;
  readonly report: Report;
  /** Runs tried so far to make it smaller. */
  readonly runs: number;
}

export type SwarmWord =
  | {
      readonly kind: 'ran';
      readonly seed: string;
      readonly options: SimulationOptions;
      readonly report: Report;
      /** Of the processor. */
      readonly tookMs: number;
    }
  | { readonly kind: 'smaller'; readonly failed: Failed }
  /** Nothing more comes for this task. */
  | { readonly kind: 'done' };

const tell = (word: SwarmWord): void => parentPort?.postMessage(word);

function work({ seed, faults, shape }: SwarmTask): void {
  const before = threadCpuUsage();
  const options = drawShaped(seed, { allowed: faults, shape });
  const report = simulate(options);
  const { user, system } = threadCpuUsage(before);
  tell({ kind: 'ran', seed, options, report, tookMs: (user + system) / 1000 });
  if (report.violations.length > 0) {
    const found = (failed: Failed): void => tell({ kind: 'smaller', failed });
    found(shrink({ options, report }, { run: simulate, isOver: () => false, found }));
  }
  tell({ kind: 'done' });
}

parentPort?.on('message', work);
