// Which history `drey models` reads: parts of weeks, formats by name, and files that are not there.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import test from 'ava';
import {
  commandOfCard,
  formatOfName,
  readData,
  readNamedData,
  refuseBeyond,
  slotsOf,
  trainingCommand,
} from '../../cli/model-files.ts';
import { DreyError, generateFleet, historyToRows, unixMs, writeRowFile } from '../../datasets/index.ts';

const tenWeeks = { slotCount: 1680, slotMs: 3_600_000 };

test('weeks are the last so many, or from and to, and never more than there are', (t) => {
  t.deepEqual(slotsOf('8', tenWeeks), { fromSlot: 336, toSlot: 1680 });
  t.deepEqual(slotsOf('0-4', tenWeeks), { fromSlot: 0, toSlot: 672 });
  t.deepEqual(slotsOf('9.5-12', tenWeeks), { fromSlot: 1596, toSlot: 1680 });
  t.deepEqual(slotsOf('50', tenWeeks), { fromSlot: 0, toSlot: 1680 });
});

for (const weeks of ['0', '4-2', '11-12', 'all', '-3', '']) {
  test(`"${weeks}" is refused as weeks, with advice`, (t) => {
    const error = t.throws(() => slotsOf(weeks, tenWeeks), { instanceOf: DreyError });
    t.is(error.code, 'models-options');
  });
}

test('the format is told by the name, compressed or not', (t) => {
  t.deepEqual(['a.avt', 'a.avt.gz', 'event_trace.tab.gz', 'rows.ndjson.gz', 'rows'].map(formatOfName), [
    'avt',
    'avt',
    'fta',
    'rows',
    'rows',
  ]);
});

test('weeks by their ends that are not there are refused, with how many there are', (t) => {
  const error = t.throws(() => refuseBeyond('0-99', tenWeeks), { instanceOf: DreyError });
  t.is(error?.code, 'models-options');
  t.regex(error?.message ?? '', /there are 10\.0 weeks, and "0-99" goes beyond them/u);
  for (const weeks of ['0-10', '9.5-10', '8', '50']) t.notThrows(() => refuseBeyond(weeks, tenWeeks));
  t.notThrows(() => refuseBeyond('0-10', { ...tenWeeks, slotCount: tenWeeks.slotCount - 5 }));
});

const options = { draw: '1', weeks: '8' };

test('exported rows come back as the history that they were made of, or a draw of its machines', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drey-model-files-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { history } = generateFleet({ seed: 3, machineCount: 8, weeks: 2, startMs: Date.UTC(2026, 9, 5) });
  const data = join(folder, 'rows.ndjson.gz');
  await writeRowFile(data, historyToRows(history));
  const all = await readData({ ...options, data });
  t.is(all.machines.length, 8);
  t.is(all.slotCount, history.slotCount);
  const drawn = await readData({ ...options, data, machines: '4', block: '2', weeks: '1-2' });
  t.is(drawn.machines.length, 4);
  t.is(drawn.slotCount, 168);
  t.is(drawn.startMs, unixMs(history.startMs + 168 * 3_600_000));
});

test('no file, a missing file and a malformed number are told apart', async (t) => {
  const codeOf = async (wish: Parameters<typeof readNamedData>[0]): Promise<string> =>
    (await t.throwsAsync(readNamedData(wish), { instanceOf: DreyError })).code;
  t.is(await codeOf(options), 'models-options');
  t.is(await codeOf({ ...options, data: '/no/such/rows.ndjson' }), 'dataset-missing');
  t.is(await codeOf({ ...options, data: '/no/such/rows.ndjson', machines: 'many' }), 'models-options');
});

test('a training is typed again with its folder of versions, in words that a shell takes', (t) => {
  const typed = { data: "Anna's rows.csv", seed: '2', weeks: '0-4', draw: '1', registry: 'versions' };
  const command = `drey models train --data 'Anna'\\''s rows.csv' --seed 2 --weeks 0-4`;
  t.is(trainingCommand(typed), `${command} --registry versions`);
  t.is(
    trainingCommand({ ...typed, machines: '10', format: 'rows' }),
    `${command} --machines 10 --block 10 --draw 1 --format rows --registry versions`,
  );
  const { registry: _, ...elsewhere } = typed;
  t.is(trainingCommand(elsewhere), command);
  t.is(trainingCommand({ ...elsewhere, home: '/agent' }), `${command} --home /agent`);
  t.is(commandOfCard(command, { registry: 'moved' }), `${command} --registry moved`);
  t.is(
    commandOfCard(`${command} --registry versions`, { registry: 'moved' }),
    `${command} --registry versions`,
  );
  t.is(commandOfCard(undefined, typed), undefined);
});
