// A promoted version in an agent: it places, it is judged by the hours since its training, and drift turns it back.

import test from 'ava';
import {
  type FleetHistory,
  generateFleet,
  selectMachines,
  sliceHistory,
  unixMs,
  weekMs,
} from '../../datasets/index.ts';
import { baselineForecast, type StoredModels } from '../../models/index.ts';
import { compareHeldOut, computePlan, type Plan } from '../../optimizer/index.ts';
import { promotedTask } from '../../agent/live/promoted-task.ts';

const startMs = Date.UTC(2026, 9, 5);
const { history } = generateFleet({ seed: 8, machineCount: 10, weeks: 4, startMs });
const past = sliceHistory(history, { fromSlot: 0, toSlot: 3 * 168 });

const storedFrom = (known: FleetHistory, historyEndMs: number): StoredModels => ({
  version: 'v1',
  trainedMs: startMs,
  seed: '1',
  fingerprint: 'f'.repeat(64),
  machineCount: known.machines.length,
  slotCount: known.slotCount,
  historyEndMs,
  backend: 'wasm',
  cards: [],
  forecast: { ...baselineForecast(known), source: 'learned elsewhere' },
  weights: {},
});

async function planBy(task: ReturnType<typeof promotedTask>): Promise<Plan> {
  const { heldOut, ...rest } = task;
  const machines = history.machines.map(({ machine }) => ({ machine, quotaBytes: 1 }));
  const scores =
    heldOut === undefined
      ? {}
      : { heldOut: await compareHeldOut({ ...heldOut, redundancy: { k: 1, n: 3 }, seed: 1 }) };
  return computePlan({
    machines,
    author: machines[0]!.machine,
    nowMs: unixMs(startMs + 4 * weekMs),
    seed: 1,
    ...rest,
    ...scores,
  });
}

test('a promoted version is judged by exactly the hours since its training', (t) => {
  const task = promotedTask(storedFrom(past, startMs + 3 * weekMs), history);
  t.is(task.heldOut?.heldOutFromSlot, 3 * 168);
  t.regex(task.forecast.source, /^promoted v1: /u);
  t.is(promotedTask(storedFrom(history, startMs + 4 * weekMs), history).heldOut, undefined);
});

test('where nothing contradicts it, the promoted version places', async (t) => {
  const plan = await planBy(promotedTask(storedFrom(history, startMs + 4 * weekMs), history));
  t.regex(plan.modelSource, /promoted v1/u);
});

test('where the hours since its training contradict it, a baseline places and the plan says so', async (t) => {
  // What it learned belongs to other machines: the best are taken for the worst.
  const order = history.machines
    .map((_, row) => ({
      row,
      up: past.up.subarray(row * past.slotCount, (row + 1) * past.slotCount).filter((state) => state === 1)
        .length,
    }))
    .toSorted((a, b) => a.up - b.up)
    .map(({ row }) => row);
  const sorted = selectMachines(past, order);
  const swapped = { ...sorted, machines: sorted.machines.toReversed() };
  const plan = await planBy(promotedTask(storedFrom(swapped, startMs + 3 * weekMs), history));
  t.notRegex(plan.modelSource, /promoted v1/u);
  t.true(plan.notes.some((note) => note.includes('the baseline serves')));
});
