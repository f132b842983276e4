// One thread of a swarm: takes seeds, runs them, makes a failure smaller, and answers with what came of it.

import { parentPort } from 'node:worker_threads';
import {
  drawOptions,
  type FaultName,
  type Report,
  shrink,
  simulate,
  type SimulationOptions,
} from '../agent/simulation/index.ts';

export interface SwarmTask {
  readonly seed: string;
  readonly faults: readonly FaultName[];
  /** A failure is made smaller for at most this long. */
  readonly shrinkMs: number;
}

export interface SwarmAnswer {
  readonly seed: string;
  readonly tookMs: number;
  /** Machines times days of the run. */
  readonly machineDays: number;
  readonly report: Report;
  readonly failed?: {
    readonly options: SimulationOptions;
    readonly report: Report;
    readonly runs: number;
  };
}

function answerTo({ seed, faults, shrinkMs }: SwarmTask): SwarmAnswer {
  const startedMs = performance.now();
  const options = drawOptions(seed, faults);
  const report = simulate(options);
  const tookMs = performance.now() - startedMs;
  const machineDays = options.agentCount * options.days;
  if (report.violations.length === 0) return { seed, tookMs, machineDays, report };
  const untilMs = performance.now() + shrinkMs;
  const failed = shrink({ options, report }, { run: simulate, isOver: () => performance.now() > untilMs });
  return { seed, tookMs, machineDays, report, failed };
}

parentPort?.on('message', (task: SwarmTask) => parentPort?.postMessage(answerTo(task)));
