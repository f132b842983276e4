// How a trace and its labels come in: which machines are drawn, which week it is, and what is refused by file and line.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {
  generateFleet,
  hourMs,
  hourOfWeek,
  machineId,
  slotDown,
  slotUnknown,
  slotUp,
  unixMs,
  writeRowFile,
  historyToRows,
} from '../../../datasets/index.ts';
import { likelyStartHour, startingAt } from '../../../optimizer/replay/calendar.ts';
import { loadLabels } from '../../../optimizer/replay/labels.ts';
import { drawRuns, loadTrace, type TraceWish } from '../../../optimizer/replay/load.ts';
import { unseenShare } from '../../../optimizer/replay/index.ts';
import { temporaryFolder } from '../../helpers/agents.ts';
import { mondayMs } from './traces.ts';

const wish: Omit<TraceWish, 'file' | 'format'> = { block: 1, seed: 1, stepMs: 3_600_000, trainWeeks: 1 };

test('machines are drawn as runs of neighbours, each once, in order', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 90 }),
      fc.nat(),
      (all, block, seed) => {
        const machineCount = 1 + (seed % all);
        const drawn = drawRuns(all, { machineCount, block, seed });
        t.is(drawn.length, machineCount);
        t.is(new Set(drawn).size, machineCount);
        t.deepEqual(
          drawn,
          drawn.toSorted((a, b) => a - b),
        );
        t.true(drawn.every((position) => position >= 0 && position < all));
        const begins = drawn.filter((position, at) => drawn[at - 1] !== position - 1);
        t.true(begins.every((position) => position % block === 0));
      },
    ),
  );
  t.deepEqual(drawRuns(5, { block: 2, seed: 1 }), [0, 1, 2, 3, 4]);
  t.throws(() => drawRuns(5, { machineCount: 6, block: 1, seed: 1 }), { code: 'trace-too-small' });
});

test('a trace without a date gets the week that its office hours fit', (t) => {
  const { history } = generateFleet({
    seed: 3,
    machineCount: 40,
    weeks: 2,
    startMs: unixMs(mondayMs),
    habitShares: { alwaysOn: 0.1, office: 0.9, laptop: 0 },
  });
  const days = [0, 3, 5].map((day) => {
    const moved = { ...history, startMs: unixMs(day * 86_400_000) };
    return startingAt(moved, likelyStartHour(moved)).startMs;
  });
  for (const startMs of days) {
    const hour = hourOfWeek(startMs, 0);
    t.true(hour <= 2 || hour >= 166, `it begins at hour ${hour} of the week`);
  }
});

test('slots of several hours lie in all of their hours: the week begins about where that of single hours does', (t) => {
  const { history } = generateFleet({
    seed: 3,
    machineCount: 40,
    weeks: 2,
    startMs: unixMs(mondayMs + 3 * 86_400_000),
    habitShares: { alwaysOn: 0.1, office: 0.9, laptop: 0 },
  });
  for (const count of [2, 3, 4]) {
    const slots = { ...history, slotMs: count * hourMs, slotCount: history.slotCount / count };
    const up = history.up.filter((_, at) => at % count === 0);
    const apart = likelyStartHour({ ...slots, up }) - likelyStartHour(history);
    t.true(Math.abs(apart) < count, `slots of ${count} hours: ${apart} hours apart`);
  }
});

test('an .avt trace is read, and hours in which nobody of ten or more was up are not known', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'some.avt');
  const others = (count: number): string =>
    Array.from({ length: count }, (_, at) => `b${at} 1 0 3600\n`).join('');
  for (const [count, nobody] of [
    [9, slotUnknown],
    [8, slotDown],
  ] as const) {
    writeFileSync(file, `# comment\na 2 0 7200 14400 36000\n${others(count)}`);
    const history = await loadTrace({ ...wish, file, format: 'avt' });
    t.deepEqual([...history.up.subarray(0, 10)], [1, 1, nobody, nobody, 1, 1, 1, 1, 1, 1]);
    t.is(unseenShare(history), nobody === slotUnknown ? 2 / history.slotCount : 0);
  }
  writeFileSync(file, 'a 1 0 7200\nb 1 zero 3600\n');
  const error = await t.throwsAsync(loadTrace({ ...wish, file, format: 'avt' }), { code: 'trace-malformed' });
  t.regex(error.message, /some\.avt, line 2/u);
});

test('telemetry rows are a trace as well', async (t) => {
  const { history } = generateFleet({ seed: 5, machineCount: 6, weeks: 1, startMs: unixMs(mondayMs) });
  const file = join(temporaryFolder(t, 'trace'), 'rows.ndjson');
  await writeRowFile(file, historyToRows(history));
  const read = await loadTrace({ ...wish, file, format: 'rows', machineCount: 4, block: 2 });
  t.is(read.machines.length, 4);
  const row = history.machines.findIndex(({ machine }) => machine === read.machines[0]!.machine);
  const seen = read.up.subarray(0, 160);
  t.deepEqual([...seen], [...history.up.subarray(row * history.slotCount, row * history.slotCount + 160)]);
});

test('the order of rows says nothing, but where runs of machines are drawn', async (t) => {
  const { history } = generateFleet({ seed: 5, machineCount: 6, weeks: 1, startMs: unixMs(mondayMs) });
  const file = join(temporaryFolder(t, 'trace'), 'rows.ndjson');
  const rows = [...historyToRows(history)];
  const machinesOf = async (change: Partial<TraceWish>): Promise<readonly string[]> => {
    const { machines } = await loadTrace({ ...wish, file, format: 'rows', ...change });
    return machines.map(({ machine }) => machine);
  };
  await writeRowFile(file, rows);
  const [all, run] = [await machinesOf({}), await machinesOf({ machineCount: 3, block: 3 })];
  await writeRowFile(file, rows.toReversed());
  t.deepEqual(await machinesOf({}), all);
  t.notDeepEqual(await machinesOf({ machineCount: 3, block: 3 }), run);
});

test('the clocks of an event table, which knows unix seconds only, are told from its office hours', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'event_trace.tab');
  for (const zone of [-8, 0, 9]) {
    const days = Array.from({ length: 7 }, (_, day) => mondayMs / 1000 + day * 86_400 - zone * 3600);
    const events = [1, 2, 3].flatMap((node) => [
      ...days.slice(0, 5).map((day) => [node, 1, day + 8 * 3600, day + 18 * 3600]),
      ...days.map((day) => [node, 0, day, day + 8 * 3600]),
      ...days.map((day, at) => [node, 0, day + (at < 5 ? 18 : 8) * 3600, day + 86_400]),
    ]);
    const lines = events.map(([node, type, from, to]) => `0\t0\t${node}\t1\tn\t${type}\t${from}\t${to}\t0\n`);
    writeFileSync(file, lines.join(''));
    const { machines } = await loadTrace({ ...wish, file, format: 'fta' });
    t.deepEqual(
      machines.map(({ utcOffsetMs }) => utcOffsetMs),
      machines.map(() => zone * hourMs),
    );
  }
});

test('machines that say themselves that they were off were off, all of them together as well', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'rows.ndjson');
  const rows = Array.from({ length: 12 }, (_, at) => [
    { kind: 'uptime', machine: `m${at}`, fromMs: mondayMs, toMs: mondayMs + 2 * hourMs, state: 'up' },
    {
      kind: 'uptime',
      machine: `m${at}`,
      fromMs: mondayMs + 2 * hourMs,
      toMs: mondayMs + 3 * hourMs,
      state: 'off',
    },
  ]).flat();
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { up } = await loadTrace({ ...wish, file, format: 'rows' });
  t.deepEqual([...up.subarray(0, 3)], [slotUp, slotUp, slotDown]);
});

test('until it is back, who comes back looks like who does not', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'rows.ndjson');
  const row = (machine: string, fromHour: number, toHour: number, state: string) => ({
    kind: 'uptime',
    machine,
    fromMs: mondayMs + fromHour * hourMs,
    toMs: mondayMs + toHour * hourMs,
    state,
  });
  const stays = row('stays', 0, 10, 'up');
  const leaves = row('leaves', 0, 3, 'up');
  const beginningOf = async (...returns: readonly unknown[]): Promise<readonly number[]> => {
    writeFileSync(file, [stays, leaves, ...returns].map((one) => `${JSON.stringify(one)}\n`).join(''));
    const { up, slotCount } = await loadTrace({ ...wish, file, format: 'rows' });
    t.is(slotCount, 10);
    return [...up.subarray(0, 8)];
  };
  const gone = await beginningOf();
  t.deepEqual(gone, [slotUp, slotUp, slotUp, ...Array.from({ length: 5 }, () => slotDown)]);
  t.deepEqual(await beginningOf(row('leaves', 3, 8, 'off'), row('leaves', 8, 10, 'up')), gone);
});

test('rows of a fleet that has just begun are too few, in words', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'rows.ndjson');
  const [fromMs, toMs] = [mondayMs + hourMs / 2, mondayMs + hourMs / 2 + 1000];
  writeFileSync(file, `${JSON.stringify({ kind: 'uptime', machine: 'm0', fromMs, toMs, state: 'up' })}\n`);
  const error = await t.throwsAsync(loadTrace({ ...wish, file, format: 'rows' }), {
    code: 'trace-too-small',
  });
  t.regex(error.message, /spans no whole hour$/u);
});

test('of rows that span too many years the one with the wrong time is named, and seconds are told', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'rows.ndjson');
  const line = (fromMs: number, toMs: number): string =>
    `${JSON.stringify({ kind: 'uptime', machine: 'm0', fromMs, toMs, state: 'up' })}\n`;
  const good = [0, 1, 2].map((hour) => line(mondayMs + hour * hourMs, mondayMs + (hour + 1) * hourMs));
  for (const [wrong, why] of [
    [line(1, hourMs), /rows\.ndjson, line 3 lies 5\d years before/u],
    [line(2 * mondayMs, 2 * mondayMs + hourMs), /rows\.ndjson, line 3 lies 5\d years after/u],
  ] as const) {
    // The line of the file, with the empty one before it.
    writeFileSync(file, [good[0], '\n', wrong, ...good.slice(1)].join(''));
    const error = await t.throwsAsync(loadTrace({ ...wish, file, format: 'rows' }), {
      code: 'trace-too-long',
    });
    t.regex(error.message, why);
  }
  writeFileSync(file, line(mondayMs / 1000, mondayMs / 1000 + 10 * 7 * 86_400));
  const error = await t.throwsAsync(loadTrace({ ...wish, file, format: 'rows' }), {
    code: 'trace-too-small',
  });
  t.regex(error.message, /as if its times were in seconds/u);
});

test('labels keep apart what they can; a broken line is named', async (t) => {
  const file = join(temporaryFolder(t, 'labels'), 'labels.csv');
  const machines = ['a', 'b', 'c', 'd', 'e'].map(machineId);
  writeFileSync(file, 'id,site,floor,country\na,x,1,de\nb,"y",1,de\nc,z,2,de\nd,,2,de\n');
  const { columns, leftOut, partly } = await loadLabels(file, machines, 3);
  // Two floors keep no three apart, and one country is everywhere.
  t.deepEqual(
    columns.map((column) => [...column]),
    [[0, 1, 2, -1, -1]],
  );
  t.deepEqual(partly, [{ name: 'site', missingCount: 2 }]);
  t.deepEqual(leftOut, [
    { name: 'floor', reason: '2 different labels cannot keep 3 pieces of a file apart' },
    { name: 'country', reason: '1 different label cannot keep 3 pieces of a file apart' },
  ]);
  const [most] = (await loadLabels(file, machines.slice(0, 2), 1)).leftOut.slice(-1);
  t.deepEqual(most, { name: 'country', reason: '2 of 2 machines have the same one' });
  writeFileSync(file, 'id,site\na,x\nb\n');
  const error = await t.throwsAsync(loadLabels(file, machines, 3), { code: 'labels-malformed' });
  t.regex(error.message, /labels\.csv, line 3/u);
});

test('labels in quotes keep their commas and quotes', async (t) => {
  const file = join(temporaryFolder(t, 'labels'), 'labels.csv');
  const machines = ['a', 'b', 'c', 'd'].map(machineId);
  const lines = ['\uFEFFid,site', '"a", "x, 1"', 'b,"x, 1"', 'c,"y ""2"""', 'd,', 'else,z'];
  writeFileSync(file, lines.join('\r\n'));
  const [sites] = (await loadLabels(file, machines, 2)).columns;
  t.deepEqual([...sites!], [0, 0, 1, -1]);
});

test('a file that is not about these machines, or says two things of one, is refused', async (t) => {
  const file = join(temporaryFolder(t, 'labels'), 'labels.csv');
  const machines = ['a', 'b'].map(machineId);
  for (const [text, why] of [
    ['', /none of the machines/u],
    ['id,site\nq,x\n', /none of the machines/u],
    ['a,x\nb,y\n', /begins with the machine a and not with a header/u],
    ['id\na\nb\n', /no column of labels/u],
    ['site,ID\nx,a\n', /line 1 has the column "ID" in place 2, and it belongs first/u],
    ['id,site\na,"x\n', /line 2 has a quote/u],
    ['id,site\na,x"y\n', /line 2 has a quote/u],
    ['\nid;site\na;x\n', /line 2 has semicolons where commas should be/u],
    ['"id"\t"site"\na\tx\n', /line 1 has tabs where commas should be/u],
    ['id,site\na,x\na,y\n', /line 3 is about a machine that had a line/u],
  ] as const) {
    writeFileSync(file, text);
    const error = await t.throwsAsync(loadLabels(file, machines, 2), { code: 'labels-malformed' });
    t.regex(error.message, why);
  }
});

test('a trace that is read for no week of learning is still read', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'some.avt');
  writeFileSync(file, 'a 1 0 36000\nb 1 0 3600\n');
  const history = await loadTrace({ ...wish, file, format: 'avt', trainWeeks: 0 });
  t.is(history.machines.length, 2);
});
