// The planner's thread as agents start it: copies of popular packs are weighed alone, and with a whole plan.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import type { WorkerTask } from '../../agent/live/planner-worker.ts';
import { days } from '../../datasets/index.ts';
import {
  computePlan,
  groupOfPack,
  noLimits,
  type PackDemand,
  type Plan,
  planProblems,
} from '../../optimizer/index.ts';
import { fleetForecast } from '../optimizer/fleet-forecast.ts';

const forecast = fleetForecast({ machineCount: 12, stratumCount: 4, seed: 3 });
const author = forecast.machines[0]!;
const nowMs = days(200);
const given = forecast.machines.map((machine) => ({ machine, quotaBytes: 1e9, freeBytes: 1e10 }));
const previous = computePlan({ machines: given, forecast, author, nowMs, seed: 1 });
const bulk = previous.classes.find(({ name }) => name === 'bulk')!;
const demand: PackDemand = {
  pack: '5a'.repeat(32),
  owner: author,
  packClass: 'bulk',
  redundancy: bulk.redundancy,
  packBytes: 5_000_000,
  site: 'branch',
  reads: 6,
};
const members = new Set(groupOfPack(previous, demand)!.members);
/** No member of the pack's group stands in the branch. */
const machines = given.map((one) => ({
  ...one,
  attributes: { site: members.has(one.machine) ? 'main' : 'branch' },
}));

async function planOf(task: WorkerTask): Promise<Plan> {
  const worker = new Worker(new URL('../../agent/live/planner-worker.ts', import.meta.url), {
    workerData: task,
  });
  const [answer] = (await once(worker, 'message')) as [Plan];
  return answer;
}

const copiesTask = {
  kind: 'copies',
  previous,
  machines,
  forecast,
  author,
  nowMs,
  limits: noLimits,
  demands: [demand],
  demandSource: 'decayed counts of reads, as the test says',
} as const;

test('weighed alone, copies come into the plan of before, and nothing else changes', async (t) => {
  const plan = await planOf(copiesTask);
  t.is(plan.epoch, previous.epoch + 1);
  t.deepEqual(plan.classes, previous.classes);
  t.is(plan.notes.at(-1), 'Popular copies follow decayed counts of reads, as the test says.');
  t.true(plan.popular!.copies.every(({ pack, reason }) => pack === demand.pack && reason.site === 'branch'));
  t.deepEqual(planProblems(plan), []);
  t.is((await planOf({ ...copiesTask, previous: plan })).epoch, plan.epoch);
});

test('a whole plan brings copies too, and none on machines that may hold nothing', async (t) => {
  const vetoes = machines
    .filter(({ attributes }) => attributes.site === 'branch')
    .map(({ machine }) => machine);
  const task = { ...copiesTask, kind: 'plan', nowMs: nowMs + 1 } as const;
  const plan = await planOf({ ...task, previous: undefined });
  t.is(plan.epoch, 1);
  t.true((plan.popular?.copies.length ?? 0) > 0);
  const vetoed = await planOf({ ...copiesTask, limits: { ...noLimits, vetoes } });
  t.is(vetoed.popular, undefined);
});
