// A plan that only repairs: open slots get machines that are up, and every other slot stays as it was.

import test from 'ava';
import { generateFleet, machineId, unixMs } from '../../datasets/index.ts';
import { baselineForecast } from '../../models/index.ts';
import {
  computePlan,
  type Plan,
  planProblems,
  repairPlan,
  statesFromForecast,
} from '../../optimizer/index.ts';
import { unavailability } from '../../optimizer/survival.ts';
import { mondayMs } from './replay/traces.ts';

const { history } = generateFleet({ seed: 5, machineCount: 14, weeks: 3, startMs: unixMs(mondayMs) });
const forecast = baselineForecast(history);
const machines = history.machines.map(({ machine }) => ({ machine, quotaBytes: 1e9 }));
const author = machineId('author');
const previous = computePlan({ machines, forecast, author, nowMs: mondayMs, seed: 1 });
const [first] = previous.classes[0]!.groups;
const question = {
  previous,
  machines,
  forecast,
  author,
  nowMs: mondayMs + 1000,
  weekHour: 10,
  seed: 1,
  notes: ['why'],
};

test('only the open slots change, to machines that are up', (t) => {
  const hoursAway = machines.map(({ machine }, at) => (at < 2 || machine === first!.members[0] ? 30 : 0));
  const plan = repairPlan({
    ...question,
    open: [{ group: first!.id, slot: 0, reason: 'gone', gainHours: 0 }],
    hoursAway,
  });
  t.deepEqual(planProblems(plan), []);
  t.is(plan.epoch, previous.epoch + 1);
  t.is(plan.computedMs, previous.computedMs);
  for (const [at, { groups }] of plan.classes.entries()) {
    for (const [index, { id, members }] of groups.entries()) {
      const before = previous.classes[at]!.groups[index]!.members;
      const changed = members.filter((member, slot) => member !== before[slot]);
      if (id !== first!.id) t.deepEqual(changed, []);
      else {
        t.is(changed.length, 1);
        t.is(changed[0], members[0]);
        t.is(hoursAway[machines.findIndex(({ machine }) => machine === changed[0])], 0);
      }
    }
  }
  t.is(plan.notes[0], 'why');
});

test('dates that no clock can show yet go no further: neither that of the plan nor that of the week that it counts', (t) => {
  const { nowMs } = question;
  const open = [{ group: first!.id, slot: 0, reason: 'gone', gainHours: 0 }] as const;
  const hoursAway = machines.map(({ machine }) => (machine === first!.members[0] ? 30 : 0));
  const datedAt = (atMs: number): Plan => {
    const dated = { ...previous, computedMs: atMs, weekMoved: { fromMs: atMs, bytes: 1e15 } };
    return repairPlan({ ...question, previous: dated, open, hoursAway });
  };
  const daysMs = (count: number): number => count * 24 * 3_600_000;
  t.is(datedAt(nowMs + daysMs(400)).computedMs, nowMs);
  t.is(datedAt(nowMs + daysMs(400)).weekMoved, undefined);
  t.deepEqual(datedAt(nowMs + daysMs(1)).weekMoved, { fromMs: nowMs, bytes: 1e15 });
  t.deepEqual(datedAt(nowMs - daysMs(2)).weekMoved, { fromMs: nowMs - daysMs(2), bytes: 1e15 });
});

test('nothing to fill, or nobody to fill it with: the plan stays the same object', (t) => {
  t.is(repairPlan({ ...question, open: [], hoursAway: machines.map(() => 0) }), previous);
});

test('members of whom nothing is known any more keep their slots until these are opened', (t) => {
  const gone = first!.members[1]!;
  const left = machines.filter(({ machine }) => machine !== gone);
  const plan = repairPlan({
    ...question,
    machines: left,
    open: [{ group: first!.id, slot: 0, reason: 'thin', gainHours: 24 }],
    hoursAway: left.map(({ machine }) => (machine === first!.members[0] ? 30 : 0)),
  });
  const after = plan.classes[0]!.groups[0]!;
  t.is(after.members[1], gone);
  t.not(after.members[0], first!.members[0]);
});

test('who is hardly ever there helps only for more than its stay will cost, but takes the place of who is gone', (t) => {
  const helper = machines.findIndex(({ machine }) => !first!.members.includes(machine));
  const strata = forecast.strata.map((stratum) => ({
    ...stratum,
    downProbability: stratum.downProbability.map((odds, row) =>
      row === helper ? 0.97 : Math.min(odds, 0.3),
    ),
  }));
  const asked = {
    ...question,
    forecast: { ...forecast, strata },
    hoursAway: machines.map((_, row) => (row === helper ? 0 : 30)),
  };
  const states = statesFromForecast(asked.forecast);
  const rows = first!.members.map((member) => machines.findIndex(({ machine }) => machine === member));
  const { k } = previous.classes[0]!.redundancy;
  const worse =
    unavailability(states, { members: rows.with(0, helper), k }) -
    unavailability(states, { members: rows, k });
  // Two weeks of being less often in reach, or half a week and one more shard.
  const costHours = Math.min(336 * worse, 84 * worse + 0.5);
  t.true(costHours > 0);
  const filled = (reason: 'thin' | 'gone', gainHours: number) =>
    repairPlan({ ...asked, open: [{ group: first!.id, slot: 0, reason, gainHours }] });
  t.is(filled('thin', 0.99 * costHours), previous);
  const { machine } = machines[helper]!;
  t.is(filled('thin', 1.01 * costHours).classes[0]!.groups[0]!.members[0], machine);
  t.is(filled('gone', 0).classes[0]!.groups[0]!.members[0], machine);
});
