// Where the planner's thread starts: compares the policies on held-out hours where there are some, and computes one plan; or fills the
// open slots of one; or says who is back when.

import { parentPort, workerData } from 'node:worker_threads';
import { DreyError, type DreyErrorParts, type FleetHistory } from '../../datasets/index.ts';
import { baselineForecast, type FailureForecast, type PresenceForecast } from '../../models/index.ts';
import {
  compareHeldOut,
  computePlan,
  type HeldOut,
  loadSolver,
  type Plan,
  type PlanQuestion,
  repairPlan,
  type RepairPlanQuestion,
} from '../../optimizer/index.ts';

export interface PlanTask extends Pick<
  PlanQuestion,
  'machines' | 'forecast' | 'author' | 'nowMs' | 'target' | 'limits' | 'bytesPerSlot'
> {
  readonly kind: 'plan';
  readonly previous: Plan | undefined;
  readonly baseline?: FailureForecast;
  readonly heldOut?: Omit<HeldOut, 'redundancy' | 'seed'>;
}

export type WorkerTask =
  | PlanTask
  | ({ readonly kind: 'repair' } & Omit<RepairPlanQuestion, 'seed'>)
  | { readonly kind: 'presence'; readonly history: FleetHistory };

/** What the planner refuses: errors lose their codes on the way between threads. */
export interface RefusedTask {
  readonly refused: DreyErrorParts;
}

const seed = 1;

async function planFor(task: PlanTask): Promise<Plan> {
  const { kind: _, previous, baseline, heldOut, ...question } = task;
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

function answer(task: WorkerTask): Plan | Promise<Plan> | PresenceForecast | undefined {
  switch (task.kind) {
    case 'plan':
      return planFor(task);
    case 'repair':
      return repairPlan({ ...task, seed });
    case 'presence':
      return baselineForecast(task.history).presence;
  }
}

async function answerOrRefusal(task: WorkerTask): Promise<Awaited<ReturnType<typeof answer>> | RefusedTask> {
  try {
    return await answer(task);
  } catch (error) {
    if (!(error instanceof DreyError)) throw error;
    const { code, message, advice, retry } = error;
    return { refused: { code, message, advice, retry } };
  }
}

parentPort?.postMessage(await answerOrRefusal(workerData as WorkerTask));
