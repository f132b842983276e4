// Where the planner's thread starts: compares the policies on held-out hours where there are some, and computes one plan.

import { parentPort, workerData } from 'node:worker_threads';
import type { FailureForecast } from '../../models/index.ts';
import {
  compareHeldOut,
  computePlan,
  type HeldOut,
  loadSolver,
  type Plan,
  type PlanQuestion,
} from '../../optimizer/index.ts';

export interface PlanTask extends Pick<
  PlanQuestion,
  'machines' | 'forecast' | 'author' | 'nowMs' | 'target'
> {
  readonly previous: Plan | undefined;
  readonly baseline?: FailureForecast;
  readonly heldOut?: Omit<HeldOut, 'redundancy' | 'seed'>;
}

const seed = 1;

async function planFor(task: PlanTask): Promise<Plan> {
  const { previous, baseline, heldOut, ...question } = task;
  return computePlan({
    ...question,
    seed,
    solver: await loadSolver(),
    ...(previous === undefined ? {} : { previous }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(heldOut === undefined
      ? {}
      : { heldOut: await compareHeldOut({ ...heldOut, redundancy: { k: 1, n: 3 }, seed }) }),
  });
}

parentPort?.postMessage(await planFor(workerData as PlanTask));
