// Where the planner's thread starts: compares the policies on held-out hours where there are some, and computes one plan; or fills the
// open slots of one; or says who is back when.

import { parentPort, workerData } from 'node:worker_threads';
import {
  DreyError,
  type DreyErrorParts,
  type FleetHistory,
  type MachineId,
  siteNameOf,
} from '../../datasets/index.ts';
import { baselineForecast, type FailureForecast, type PresenceForecast } from '../../models/index.ts';
import {
  compareHeldOut,
  computePlan,
  type HeldOut,
  loadSolver,
  movedBefore,
  noLimits,
  type PackDemand,
  type Plan,
  type PlanQuestion,
  planWithCopies,
  repairPlan,
  type RepairPlanQuestion,
  statesFromForecast,
  trafficOfWeek,
} from '../../optimizer/index.ts';

export interface PlanTask extends Pick<
  PlanQuestion,
  'machines' | 'forecast' | 'habits' | 'author' | 'nowMs' | 'target' | 'limits' | 'bytesPerSlot'
> {
  readonly kind: 'plan';
  readonly previous: Plan | undefined;
  readonly baseline?: FailureForecast;
  readonly heldOut?: Omit<HeldOut, 'redundancy' | 'seed'>;
  readonly demands: readonly PackDemand[];
  /** What they come from and why. */
  readonly demandSource: string;
}

/** Only the copies of popular packs. */
export interface CopiesTask extends Pick<
  PlanTask,
  'machines' | 'forecast' | 'author' | 'nowMs' | 'limits' | 'demands' | 'demandSource'
> {
  readonly kind: 'copies';
  readonly previous: Plan;
}

export type WorkerTask =
  | PlanTask
  | CopiesTask
  | ({ readonly kind: 'repair' } & Omit<RepairPlanQuestion, 'seed'>)
  | { readonly kind: 'presence'; readonly history: FleetHistory };

/** What the planner refuses: errors lose their codes on the way between threads. */
export interface RefusedTask {
  readonly refused: DreyErrorParts;
}

const seed = 1;

/** Policies are compared on groups of such copies, whatever the plan's are: the dashboard and `drey plan show` say so. */
const judgedRedundancy = { k: 1, n: 3 } as const;

async function planFor(task: PlanTask): Promise<Plan> {
  const { kind: _, previous, baseline, heldOut, demands: _reads, demandSource: _why, ...question } = task;
  const plan = computePlan({
    ...question,
    seed,
    solver: await loadSolver(),
    ...(previous === undefined ? {} : { previous }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(heldOut === undefined
      ? {}
      : { heldOut: await compareHeldOut({ ...heldOut, redundancy: judgedRedundancy, seed }) }),
  });
  return withCopies(plan, task);
}

/** Machines that admins let hold nothing hold no copies either. */
function withCopies(plan: Plan, task: Omit<PlanTask, 'kind'> | Omit<CopiesTask, 'kind'>): Plan {
  const { previous, demands, demandSource, author, nowMs, forecast, limits = noLimits } = task;
  const { takenBytesPerWeek, givenBytesPerWeek, movedBytesPerWeek } = limits;
  const traffic = trafficOfWeek(plan, nowMs);
  const left = (most: number, machine: MachineId, of: 'takenBytes' | 'givenBytes'): number =>
    Math.max(0, most - (traffic.get(machine)?.[of] ?? 0));
  const places = task.machines
    .filter(({ machine }) => !limits.vetoes.includes(machine))
    .map(({ machine, quotaBytes, freeBytes, attributes = {} }) => ({
      machine,
      site: siteNameOf(attributes),
      quotaBytes,
      ...(freeBytes === undefined ? {} : { freeBytes }),
      ...(takenBytesPerWeek === undefined
        ? {}
        : { takenBytesMax: left(takenBytesPerWeek, machine, 'takenBytes') }),
      ...(givenBytesPerWeek === undefined
        ? {}
        : { givenBytesMax: left(givenBytesPerWeek, machine, 'givenBytes') }),
    }));
  const states = statesFromForecast(
    forecast,
    places.map(({ machine }) => machine),
  );
  return planWithCopies({
    plan,
    previous,
    demands,
    demandSource,
    places,
    states,
    author,
    nowMs,
    limits,
    ...(movedBytesPerWeek === undefined
      ? {}
      : { movedBytesMax: Math.max(0, movedBytesPerWeek - movedBefore(plan, nowMs).bytes) }),
  });
}

function answer(task: WorkerTask): Plan | Promise<Plan> | PresenceForecast | undefined {
  switch (task.kind) {
    case 'plan':
      return planFor(task);
    case 'copies':
      return withCopies(task.previous, task);
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
