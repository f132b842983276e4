// Where the planner's thread starts: compares the policies on held-out hours where there are some, and computes one plan.

import { parentPort, workerData } from 'node:worker_threads';
import { type FleetHistory, sliceHistory } from '../../datasets/index.ts';
import type { FailureForecast } from '../../models/index.ts';
import {
  comparePolicies,
  computePlan,
  type Plan,
  type PlanQuestion,
  type PolicyScore,
} from '../../optimizer/index.ts';

export interface HeldOut {
  readonly history: FleetHistory;
  readonly heldOutForecast: FailureForecast;
  readonly heldOutFromSlot: number;
}

export interface PlanTask extends Pick<PlanQuestion, 'machines' | 'forecast' | 'author' | 'nowMs'> {
  readonly previous: Plan | undefined;
  readonly baseline?: FailureForecast;
  readonly heldOut?: HeldOut;
}

const seed = 1;

function compareHeldOut({ history, heldOutForecast, heldOutFromSlot }: HeldOut): readonly PolicyScore[] {
  const past = sliceHistory(history, { fromSlot: 0, toSlot: heldOutFromSlot });
  const future = sliceHistory(history, { fromSlot: heldOutFromSlot, toSlot: history.slotCount });
  return comparePolicies({ past, future, forecast: heldOutForecast, redundancy: { k: 1, n: 3 }, seed });
}

function planFor(task: PlanTask): Plan {
  const { previous, baseline, heldOut, ...question } = task;
  return computePlan({
    ...question,
    seed,
    ...(previous === undefined ? {} : { previous }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(heldOut === undefined ? {} : { heldOut: compareHeldOut(heldOut) }),
  });
}

parentPort?.postMessage(planFor(workerData as PlanTask));
