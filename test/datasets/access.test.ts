// Logs of accesses as rows per client and hour: what is counted, what is refused by file and line, and what no row ever holds.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  accessOfHistory,
  generateFleet,
  openAccess,
  openRowTable,
  readAccess,
  sliceAccess,
} from '../../datasets/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const options = { file: 'some.log', siteCount: 3 };
const hour = 3_600_000;

test('a history of changes becomes writes: equal hours are added up, a deleted file has no bytes', (t) => {
  const lines = [
    'unix_time,user,op,path,size_after',
    '3600,u0,A,"a, ""b"".md",10',
    '3700,u0,M,"a, ""b"".md",12',
    '7300,u1,D,"a, ""b"".md",0',
    '7400,u1,M,picture.svg,',
  ];
  const trace = readAccess(lines, options);
  t.is(trace.demand, 'writes');
  t.true(trace.startMs === hour);
  t.is(trace.hourCount, 2);
  t.deepEqual(
    trace.rows.map(({ machine, reads, writes, byteCount }) => [machine, reads, writes, byteCount]),
    [
      ['u0', 0, 2, 12],
      ['u1', 0, 1, 0],
      ['u1', 0, 1, 0],
    ] as unknown[],
  );
  t.is(trace.rows[0]!.file, trace.rows[1]!.file);
  t.regex(trace.rows[0]!.file, /^[0-9a-f]{32}$/u);
  t.false(JSON.stringify(trace.rows).includes('.md'));
});

const webHead = 'host\tlogname\ttime\tmethod\turl\tresponse\tbytes\treferer\tuseragent';

test('a web log becomes reads: answers of 200 and 304 count, a copy that was still good has its last size', (t) => {
  const lines = [
    webHead,
    'h0\t-\t3600\tGET\t/a\t200\t500\t\t',
    'h0\t-\t3601\tGET\t/a\t304\t0\t\t',
    'h1\t-\t3602\tGET\t/b\t404\t\t\t',
    'h1\t-\t3603\tHEAD\t/a\t200\t0\t\t',
  ];
  const trace = readAccess(lines, options);
  t.is(trace.demand, 'reads');
  t.deepEqual(
    trace.rows.map(({ machine, reads, byteCount }) => [machine, reads, byteCount]),
    [['h0', 2, 500]] as unknown[],
  );
});

const fourChanges = [
  'unix_time,user,op,path,size_after',
  ...[1, 2, 3, 4].map((day) => `${1_600_000_000 + day * 86_400},u0,M,a,1`),
] as const;

for (const [what, lines, place] of [
  ['a field too few', ['unix_time,user,op,path,size_after', '1,u0,A,a'], 'line 2'],
  ['an op that nobody knows', ['unix_time,user,op,path,size_after', '1,u0,A,a,1', '1,u0,X,a,1'], 'line 3'],
  ['a time that is none', [webHead, '', 'h0\t-\tnoon\tGET\t/a\t200\t5\t\t'], 'line 3'],
  ['a header that nobody knows', ['time,what'], 'line 1'],
  ['a quote that stays open', ['unix_time,user,op,path,size_after', '1,u0,A,"a,1'], 'line 2'],
  ['a time of the year 5138', [...fourChanges, '99999999999,u0,M,a,1'], 'line 6'],
  ['a time of 1970 in a log of today', [fourChanges[0], '0,u0,M,a,1', ...fourChanges.slice(1)], 'line 2'],
] as const) {
  test(`${what} is named by file and line`, (t) => {
    const error = t.throws(() => readAccess(lines, options), { code: 'access-malformed' });
    t.regex(error.message, new RegExp(`some\\.log, ${place}`, 'u'));
  });
}

test('forty years of changes are a log', (t) => {
  const { hourCount } = readAccess([...fourChanges, `${1_600_000_000 - 40 * 31_557_600},u0,M,a,1`], options);
  t.true(hourCount > 40 * 8760);
});

test('an export is read as accesses in each of its formats', async (t) => {
  const { rows } = generateFleet({ seed: 4, machineCount: 4, weeks: 1, startMs: Date.UTC(2026, 0, 5) });
  const folder = temporaryFolder(t, 'accesses');
  const [lines, ...tables] = await Promise.all(
    (['ndjson', 'csv', 'parquet'] as const).map(async (format) => {
      const file = join(folder, `rows.${format}`);
      const table = await openRowTable(file, format);
      for (const row of [...rows.values()].flat()) table.add(row);
      await table.close();
      return openAccess(file, { siteCount: 4 });
    }),
  );
  t.true(lines!.rows.length > 0);
  for (const table of tables) t.deepEqual(table, lines);
});

test('a log without a single access is refused', (t) => {
  t.throws(() => readAccess([webHead], options), { code: 'access-empty' });
});

test('machines of a fleet stand on their sites, and a slice holds only its hours', (t) => {
  const { history, truth } = generateFleet({
    seed: 4,
    machineCount: 12,
    weeks: 1,
    startMs: Date.UTC(2026, 0, 5),
    siteCount: 3,
    siteLabels: 'present',
  });
  const trace = accessOfHistory(history)!;
  t.is(trace.sites.length, 3);
  const together = (a: number, b: number): boolean =>
    trace.siteOf.get(history.machines[a]!.machine) === trace.siteOf.get(history.machines[b]!.machine);
  for (let machine = 1; machine < 12; machine++)
    t.is(together(0, machine), truth.siteOfMachine[0] === truth.siteOfMachine[machine]);
  const part = sliceAccess(trace, { fromHour: 24, toHour: 48 });
  t.true(part.rows.length > 0);
  t.true(part.rows.every(({ hourMs }) => hourMs >= part.startMs && hourMs < part.startMs + 24 * hour));
  t.is(accessOfHistory({ ...history, access: [] }), undefined);
});

test('the public logs read as their description says', async (t) => {
  const folder = fileURLToPath(new URL('../../../shared/traces/', import.meta.url));
  if (!existsSync(folder)) {
    t.log('skipped: ../shared/traces is not there');
    t.pass();
    return;
  }
  const web = await openAccess(`${folder}weblog/nasa_19950801.tsv.gz`, { siteCount: 4 });
  t.is(web.hourCount, 13);
  // 27,972 answers of 200 and 2,421 of 304, less the 96 that were no GET.
  t.is(
    web.rows.reduce((sum, { reads }) => sum + reads, 0),
    30_297,
  );
  const changes = await openAccess(`${folder}git-history/syncthing.events.csv.gz`, { siteCount: 4 });
  t.is(
    changes.rows.reduce((sum, { writes }) => sum + writes, 0),
    50_186,
  );
});
