// The closed loop: what policies are told, who is given up, and that the same seed gives the same accounts.

import test from 'ava';
import {
  generateFleet,
  hourMs,
  sliceHistory,
  slotDown,
  slotUnknown,
  slotUp,
  unixMs,
} from '../../../datasets/index.ts';
import {
  departuresOf,
  originsOf,
  policies,
  policiesNamed,
  replayGroups,
  replayOrigin,
  type Scenario,
  summarize,
  usableMachines,
} from '../../../optimizer/replay/index.ts';
import { chooseGroups } from '../../../optimizer/groups.ts';
import { bestKWithSwaps } from '../../../optimizer/replay/policies/best-k.ts';
import { oracle } from '../../../optimizer/replay/policies/oracle.ts';
import type { Lesson, Policy } from '../../../optimizer/replay/policies/policy.ts';
import { mondayMs, rules, scenarioOf } from './traces.ts';
import { takeTime } from '../../helpers/waiting.ts';

const week = 168;
/** The tests do not look at the time. */
const stopwatch = (): number => 0;
const stays = '1'.repeat(2 * week);

function generatedScenario(weeks: number): Scenario {
  const { history } = generateFleet({ seed: 7, machineCount: 14, weeks, startMs: unixMs(mondayMs) });
  const site = Int32Array.from(history.machines, (_, row) => row % 4);
  return {
    history,
    labels: [site],
    rules: { ...rules, trainWeeks: weeks - 1 },
    departures: departuresOf(history),
  };
}

/** Remembers what it was told. */
function listener(lessons: Lesson[], needs: Policy['needs'] = 'past'): Policy {
  return {
    name: 'listener',
    needs,
    learn: (lesson) => {
      lessons.push(lesson);
      return bestKWithSwaps.learn(lesson);
    },
  };
}

test('a policy sees the past only, without machines and hours that nobody knew of', async (t) => {
  const late = `${'0'.repeat(100)}${'1'.repeat(68)}${'0'.repeat(week)}`;
  const never = `${'0'.repeat(week)}${'1'.repeat(week)}`;
  const lessons: Lesson[] = [];
  const scenario = scenarioOf([stays, stays, stays, late, never]);
  const [origin] = originsOf(scenario.history, rules);
  await replayOrigin(scenario, listener(lessons), { origin: origin!, index: 0, stopwatch });
  t.is(lessons.length, 1);
  const { past, future, labels } = lessons[0]!;
  t.is(past.slotCount, week);
  t.deepEqual(
    past.machines.map(({ machine }) => machine as string),
    ['m0', 'm1', 'm2', 'm3'],
  );
  const last = past.up.subarray(3 * week);
  t.true(last.subarray(0, 100).every((state) => state === slotUnknown));
  t.true(last.subarray(100).every((state) => state === slotUp));
  t.false(past.up.includes(slotDown));
  t.is(future, undefined);
  t.is(labels, undefined);
});

test('a policy sees of each machine what it had told by then', async (t) => {
  const scenario = scenarioOf([stays, stays, stays]);
  const at = (hour: number, subnet: string) => ({
    atMs: unixMs(mondayMs + hour * hourMs),
    attributes: { subnet },
    utcOffsetMs: hourMs,
  });
  const told = [[at(0, 'old'), at(week, 'new')], [at(week - 1, 'old')], [at(week, 'new')]];
  const machines = scenario.history.machines.map((profile, row) => ({
    ...profile,
    ...told[row]!.at(-1)!,
    told: told[row]!,
  }));
  const lessons: Lesson[] = [];
  const [origin] = originsOf(scenario.history, rules);
  await replayOrigin({ ...scenario, history: { ...scenario.history, machines } }, listener(lessons), {
    origin: origin!,
    index: 0,
    stopwatch,
  });
  t.deepEqual(
    lessons[0]!.past.machines.map(({ attributes, utcOffsetMs }) => [attributes.subnet, utcOffsetMs]),
    [
      ['old', hourMs],
      ['old', hourMs],
      [undefined, 0],
    ],
  );
});

test('labels go to those that need them, the future to the oracle', async (t) => {
  const scenario = generatedScenario(2);
  const [origin] = originsOf(scenario.history, scenario.rules);
  for (const needs of ['labels', 'future'] as const) {
    const lessons: Lesson[] = [];
    await replayOrigin(scenario, listener(lessons, needs), { origin: origin!, index: 0, stopwatch });
    t.is(lessons[0]!.labels !== undefined, needs === 'labels');
    t.is(lessons[0]!.future !== undefined, needs === 'future');
  }
});

test('the oracle sees until the next plan, and without any until the end', async (t) => {
  for (const [repair, weeks] of [
    ['on', [1, 1]],
    ['off', [2]],
  ] as const) {
    const lessons: Lesson[] = [];
    const scenario = scenarioOf([stays + stays, stays + stays, stays + stays], { repair, testWeeks: 2 });
    const [origin] = originsOf(scenario.history, scenario.rules);
    await replayOrigin(scenario, listener(lessons, 'future'), { origin: origin!, index: 0, stopwatch });
    t.deepEqual(
      lessons.map(({ future }) => future!.slotCount),
      weeks.map((count) => count * week),
    );
  }
});

test('the oracle takes what best-k with swaps would have where that is better than its own', async (t) => {
  const scenario = generatedScenario(3);
  const past = sliceHistory(scenario.history, { fromSlot: 0, toSlot: week });
  const future = sliceHistory(scenario.history, { fromSlot: week, toSlot: 3 * week });
  const lesson = { past, future, redundancy: { k: 1, n: 2 }, seed: 1 };
  const [ofOracle, simple] = [await oracle.learn(lesson), await bestKWithSwaps.learn(lesson)];
  const question = {
    states: ofOracle.states,
    redundancy: lesson.redundancy,
    groupCount: 14,
    capacities: Array.from({ length: 14 }, () => 3),
  };
  const lost = (groups: readonly (readonly number[])[]): number =>
    replayGroups(groups, future, 1).reduce((sum, { all }) => sum + all.lost, 0);
  for (let seed = 1; seed <= 5; seed++) {
    const found = lost(ofOracle.groups!({ ...question, seed }));
    t.true(found <= lost(chooseGroups({ ...question, seed })));
    t.true(found <= lost(chooseGroups({ ...question, states: simple.states, seed })));
  }
});

test('a machine that is silent for too long is replaced from those that are left, with repair on only', async (t) => {
  const leaves = `${'1'.repeat(week)}${'0'.repeat(week)}`;
  const rows = [leaves, stays, stays, stays, stays, stays];
  for (const repair of ['on', 'off'] as const) {
    const scenario = scenarioOf(rows, { repair });
    const [origin] = originsOf(scenario.history, scenario.rules);
    const { account } = await replayOrigin(scenario, bestKWithSwaps, {
      origin: origin!,
      index: 0,
      stopwatch,
    });
    t.is(account.movedBytes > 0, repair === 'on');
    t.is(account.lostFiles, 0);
    t.is(account.unavailableFileSlots, 0);
  }
});

test('slots of six hours say of habits, absences and departures what the same hours say one by one', async (t) => {
  const night = `${'1'.repeat(18)}${'0'.repeat(6)}`;
  const leaves = `${'1'.repeat(week)}${'0'.repeat(week)}`;
  const { history } = scenarioOf([stays, night.repeat(14), leaves, stays]);
  const sixHourly = {
    ...history,
    slotMs: 6 * history.slotMs,
    slotCount: history.slotCount / 6,
    up: history.up.filter((_, at) => at % 6 === 0),
  };
  const lesson = { redundancy: rules.redundancy, seed: 1 };
  for (const policy of policiesNamed(['independence + repair by margin'])) {
    const hourly = await policy.learn({ past: history, ...lesson });
    t.true(hourly.goneOdds![2]! > 0.3);
    t.deepEqual(await policy.learn({ past: sixHourly, ...lesson }), hourly);
  }
});

test('policies with labels keep them apart', async (t) => {
  const scenario = generatedScenario(2);
  const [origin] = originsOf(scenario.history, scenario.rules);
  const blackout = sliceHistory(scenario.history, { fromSlot: 0, toSlot: scenario.history.slotCount });
  // Site 0 is dark for the whole test week: only groups with two machines of one site could feel more of it than one down.
  for (let row = 0; row < blackout.machines.length; row++)
    for (let slot = 0; slot < blackout.slotCount; slot++)
      blackout.up[row * blackout.slotCount + slot] = slot >= week && row % 4 === 0 ? slotDown : slotUp;
  const dark: Scenario = {
    ...scenario,
    history: blackout,
    rules: { ...scenario.rules, repair: 'off', redundancy: { k: 2, n: 3 } },
    departures: new Int32Array(14).fill(1e6),
  };
  for (const name of ['label-distinct random', 'label-distinct best-k with swaps']) {
    const [policy] = policiesNamed([name]);
    const { account } = await replayOrigin(dark, policy!, { origin: origin!, index: 0, stopwatch });
    t.is(account.unavailableFileSlots, 0, name);
  }
  const [random] = policiesNamed(['random']);
  const { account } = await replayOrigin(dark, random!, { origin: origin!, index: 0, stopwatch });
  t.true(account.unavailableFileSlots > 0);
});

test('every policy places, the oracle best, and the same seed gives the same rows', async (t) => {
  takeTime(t);
  const scenario = generatedScenario(3);
  const [origin] = originsOf(scenario.history, scenario.rules);
  const at = { origin: origin!, index: 0, stopwatch };
  const results = [];
  for (const policy of policies) results.push(await replayOrigin(scenario, policy, at));
  const shares = new Map(results.map(({ policy, account }) => [policy, account.unavailableFileSlots]));
  for (const count of shares.values()) t.true(shares.get('oracle')! <= count);
  for (const { account } of results) {
    t.true(account.fileSlots > 0);
    t.is(account.storedBytes, results[0]!.account.storedBytes);
  }
  const [copysets] = policiesNamed(['copysets']);
  t.deepEqual((await replayOrigin(scenario, copysets!, at)).account, results[1]!.account);
  const summary = summarize(results, { bar: 'label-distinct best-k with swaps', slotMs: 3_600_000, seed: 1 });
  t.deepEqual(
    summary.map(({ policy }) => policy),
    policies.map(({ name }) => name),
  );
  for (const { interval, events } of summary) {
    t.is(interval === undefined, events === undefined || events < 2);
    if (interval !== undefined) t.true(interval[0] <= interval[1]);
  }
});

test('machines that were up in the weeks to learn from, and not silent for too long, can be used', async (t) => {
  const silent = `${'1'.repeat(week - 100)}${'0'.repeat(100)}${'1'.repeat(week)}`;
  const later = `${'0'.repeat(week)}${'1'.repeat(week)}`;
  const scenario = scenarioOf([stays, stays, silent, later]);
  const [origin] = originsOf(scenario.history, scenario.rules);
  t.is(usableMachines(scenario, origin!), 2);
  const { account } = await replayOrigin(scenario, bestKWithSwaps, { origin: origin!, index: 0, stopwatch });
  // Two machines, and files of three pieces: nothing is placed.
  t.is(account.livedFileSlots, 2 * 3 * week);
  t.is(account.unavailableFileSlots, account.livedFileSlots);
});

test('origins lie evenly between the first and the last possible, and a trace that is too short is refused', (t) => {
  const { history } = scenarioOf([stays + stays + stays]);
  const origins = originsOf(history, { ...rules, trainWeeks: 2, testWeeks: 1, origins: 4 });
  t.deepEqual(
    origins.map(({ fromSlot }) => fromSlot),
    [2 * week, 3 * week, 4 * week, 5 * week],
  );
  for (const { trainFromSlot, fromSlot, toSlot } of origins)
    t.deepEqual([fromSlot - trainFromSlot, toSlot - fromSlot], [2 * week, week]);
  t.throws(() => originsOf(history, { ...rules, trainWeeks: 6 }), { code: 'trace-too-short' });
  t.throws(() => originsOf(history, { ...rules, testWeeks: 0 }), {
    code: 'trace-too-short',
    message: /and 0 to live through: one of them has no hour$/u,
  });
});

test('policies are named in any of the ways in which people write them, and none stands for another', (t) => {
  const namesOf = (names: readonly string[]) => policiesNamed(names).map(({ name }) => name);
  t.deepEqual(namesOf(['Best-k + swaps without labels', 'label-distinct best-k+swaps']), [
    'label-distinct best-k with swaps',
    'best-k with swaps',
  ]);
  t.deepEqual(namesOf(['best k']), ['best-k']);
  for (const { name } of policies) t.deepEqual(namesOf([name]), [name]);
  t.throws(() => policiesNamed(['best']), { code: 'policy-unknown', message: /"best"/u });
});

test('origins lie where about the whole fleet is looked at, as long as there is time enough', (t) => {
  const late = `${'?'.repeat(3 * week)}1${stays}`;
  const early = `${stays}${'?'.repeat(3 * week)}?`;
  const always = `${stays}${'1'.repeat(3 * week)}1`;
  const { history } = scenarioOf([late, late, late, late, always, early]);
  const [first, last] = originsOf(history, { ...rules, origins: 2 });
  t.deepEqual([first!.trainFromSlot, last!.toSlot], [3 * week, 5 * week + 1]);
  const [whole] = originsOf(history, { ...rules, trainWeeks: 2, testWeeks: 1 });
  t.is(whole!.trainFromSlot, 0);
});
