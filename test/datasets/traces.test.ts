import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import {
  DreyError,
  type FleetHistory,
  hourMs,
  openTrace,
  readAvt,
  readFailureTrace,
  slotDown,
  slotUnknown,
  slotUp,
  unixMs,
} from '../../datasets/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const traces = join(import.meta.dirname, '../../../shared/traces');

function traceFile(t: ExecutionContext, path: string): string | undefined {
  const found = join(traces, path);
  if (existsSync(found)) return found;
  t.log(`skipped: the public trace ${path} is not beside the project`);
  t.pass();
  return undefined;
}

function share(history: FleetHistory): { readonly available: number; readonly unknown: number } {
  const counts = [0, 0, 0];
  for (const value of history.up) counts[value]!++;
  const known = counts[slotUp]! + counts[slotDown]!;
  return { available: counts[slotUp]! / known, unknown: counts[slotUnknown]! / history.up.length };
}

test('an .avt line is up in its sessions and down between them, to the end of the trace', (t) => {
  const history = readAvt('# a comment\nx 2 0 3600 7200 10800\ny 1 0 14400\r\nz 0\n', { file: 'f.avt' });
  t.deepEqual(
    history.machines.map((profile) => profile.machine as string),
    ['x', 'y', 'z'],
  );
  t.is(history.slotCount, 4);
  t.deepEqual([...history.up], [1, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0]);
});

test('an origin off the hour, unknown outsides and blind spans are honoured', (t) => {
  const half = hourMs / 2;
  const history = readAvt(['x 1 3600 10800', 'y 1 0 14400'], {
    file: 'f',
    originMs: 7 * hourMs + half,
    outside: 'unknown',
    blindSpans: [{ fromMs: 10 * hourMs, toMs: 11 * hourMs }],
  });
  t.is(history.startMs, unixMs(7 * hourMs));
  t.deepEqual([...history.up], [2, 1, 1, 2, 2, 1, 1, 1, 2, 1]);
});

test('a window and a choice of machines cut out a part, and longer steps make fewer slots', (t) => {
  const lines = ['x 1 0 36000', 'y 2 0 7200 14400 36000', 'z 1 0 36000'];
  const window = { fromMs: hourMs, toMs: 5 * hourMs };
  const part = readAvt(lines, { file: 'f', window, pick: (machineCount) => [machineCount - 2] });
  t.deepEqual([...part.up], [slotUp, slotDown, slotDown, slotUp]);
  const coarse = readAvt(lines, { file: 'f', stepMs: 2 * hourMs });
  t.is(coarse.slotCount, 5);
  t.deepEqual([...coarse.up.subarray(5, 10)], [1, 0, 1, 1, 1]);
});

const badLines: readonly [string, RegExp][] = [
  ['x 2 0 10', /2 sessions and has 2 times/],
  ['x', /how many sessions/],
  ['x -1', /sessions/],
  ['x 1 0 ten', /seconds/],
  ['x 1 10 0', /session 1 is backwards/],
  ['x 2 0 10 5 20', /session 2 .* overlaps/],
  ['ok 1 0 5', /already/],
  [`${'x'.repeat(129)} 1 0 5`, /128/],
];

for (const [line, reason] of badLines) {
  test(`an .avt file with "${line.slice(0, 20)}" is refused by file and line`, (t) => {
    t.throws(() => readAvt(['# c', 'ok 1 0 7200', line], { file: 'bad.avt' }), {
      code: 'trace-malformed',
      message: new RegExp(`^bad\\.avt, line 3 .*${reason.source}`),
    });
  });
}

test('one time that is decades from all others is named, and makes no history of empty years', (t) => {
  const usual = ['a 1 0 7200', 'b 2 0 3600 7200 9000', 'c 1 3600 9000'];
  const wild = 'd 1 3600 94000000000';
  t.throws(() => readAvt([...usual, wild, 'e 1 0 60'], { file: 'f' }), {
    code: 'trace-malformed',
    message:
      /^f, line 4 .*one of its times is 2979 years after most machines begin, if times are in seconds/u,
  });
  t.is(readAvt([...usual, wild], { file: 'f', window: { fromMs: 0, toMs: 7_200_000 } }).slotCount, 2);
  const events = [1, 2, 3].map((node) => `${node}\t0\t${node}\t1\tn\t1\t1100000000\t1100007200\t0`);
  const early = '9\t0\t2\t1\tn\t1\t0\t1100000000\t0';
  t.throws(() => readFailureTrace([...events, early], { file: 'g' }), {
    message: /^g, line 4 .* 35 years before/u,
  });
});

test('a trace without any span has no window', (t) => {
  t.throws(() => readAvt('# nothing\n', { file: 'f' }), { code: 'trace-malformed' });
});

const header = '# event_id component_id node_id platform_id node_name event_type start stop reason';

test('a Failure Trace Archive table says up and down, and what it does not cover is unknown', (t) => {
  const lines = [
    header,
    ' 0\t 0\t 655\t 3\t 10.0\t 0\t 3600\t 7200\t NULL',
    ' 1\t 0\t 655\t 3\t 10.0\t 1\t 7200\t 14400\t 22',
    ' 0\t 0\t 656\t 3\t 10.1\t 1\t 0\t 3600\t 22',
  ];
  const history = readFailureTrace(lines, { file: 'f.tab' });
  t.deepEqual(
    history.machines.map((profile) => profile.machine as string),
    ['655', '656'],
  );
  t.deepEqual([...history.up], [2, 0, 1, 1, 1, 2, 2, 2]);
});

for (const [said, type, other] of [
  ['failures', '0', slotUp],
  ['sessions', '1', slotDown],
] as const) {
  test(`a table of nothing but ${said} leaves the other kind unsaid: from its first on a machine is that`, (t) => {
    const event = (node: string, fromHour: number): string =>
      ['7', '0', node, '1', '', type, String(3600 * fromHour), String(3600 * (fromHour + 1)), 'x'].join('\t');
    const history = readFailureTrace([event('1', 0), event('1', 2), event('2', 1)], { file: 'f' });
    const own = type === '0' ? slotDown : slotUp;
    t.deepEqual([...history.up], [own, other, own, slotUnknown, own, other]);
  });
}

test('what a table says of hours that are past does not depend on later events', (t) => {
  const event = (node: string, fromHour: number): string =>
    ['7', '0', node, '1', '', '1', String(3600 * fromHour), String(3600 * (fromHour + 1)), 'x'].join('\t');
  const past = ['1', '2'].flatMap((node) => [event(node, 0), event(node, 2)]);
  const until = (later: readonly string[]): readonly number[] => {
    const { up, slotCount } = readFailureTrace([...past, ...later], { file: 'f' });
    return [0, 1].flatMap((row) => [...up.subarray(row * slotCount, row * slotCount + 6)]);
  };
  t.deepEqual(until([event('1', 9), event('2', 8)]), until([event('1', 9)]));
});

for (const [line, reason] of [
  ['1 0 655 3 10.0 2 0 3600 x', /neither 0 nor 1/],
  ['1 0 655 3', /4 columns/],
  ['1 0 655 3 10.0 1 3600 0 x', /stops before/],
  ['1 0 655 3 10.0 1 NULL 0 x', /seconds/],
  ['1\t0\t\t3\t10.0\t1\t0\t3600\tx', /no id/],
] as const) {
  test(`an event table with "${line}" is refused by file and line`, (t) => {
    t.throws(() => readFailureTrace(`${header}\n${line}`, { file: 'bad.tab' }), {
      code: 'trace-malformed',
      message: new RegExp(`^bad\\.tab, line 2 .*${reason.source}`),
    });
  });
}

test('microsoft99 reads as 41,500 machines that are up for 81 % of 840 hours, as plain sums say', async (t) => {
  const path = traceFile(t, 'microsoft99/microsoft99.avt.gz');
  if (path === undefined) return;
  const history = await openTrace(path, 'avt');
  t.is(history.machines.length, 41_500);
  t.is(history.slotCount, 840);
  let upSeconds = 0;
  const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n');
  for (const line of lines) {
    const times = line.split(' ').slice(2).map(Number);
    for (let i = 0; i < times.length; i += 2) upSeconds += times[i + 1]! - times[i]!;
  }
  const { available, unknown } = share(history);
  t.is(unknown, 0);
  t.true(Math.abs(available - upSeconds / (lines.length * 3_024_000)) < 1e-12, `${available}`);
  t.true(Math.abs(available - 0.812) < 0.005, `${available}`);
});

test('tor-relays reads as relays that are up for about 92 % of their lives', async (t) => {
  const path = traceFile(t, 'tor-relays/tor-relays.avt.gz');
  if (path === undefined) return;
  const options = { originMs: 1_712_156_351_000, stepMs: 12 * hourMs, outside: 'unknown' } as const;
  const history = await openTrace(path, 'avt', options);
  t.is(history.machines.length, 18_815);
  const { available } = share(history);
  t.true(Math.abs(available - 0.9204) < 0.005, `${available}`);
});

test('the Los Alamos event table reads as 3,577 nodes that are nearly always up', async (t) => {
  const path = traceFile(t, 'lanl05/fta-lanl-event_trace.tab.gz');
  if (path === undefined) return;
  const history = await openTrace(path, 'failure-trace', { stepMs: 24 * hourMs });
  t.is(history.machines.length, 3577);
  const { available } = share(history);
  t.true(available > 0.99 && available < 1, `${available}`);
});

for (const [what, bytes, named] of [
  ['xz', Buffer.from('fd377a585a000004e6d6b446', 'hex'), /packed by xz.*only gzip/u],
  ['bzip2', Buffer.from('425a68393141592653590000', 'hex'), /packed by bzip2/u],
  ['zip', Buffer.from('504b03041400000008000000', 'hex'), /packed by zip/u],
  ['UTF-16', Buffer.from('\uFEFF1 1 0 3600\n', 'utf16le'), /text in UTF-16/u],
  [
    'tar',
    gzipSync(Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(250)])),
    /tar archive/u,
  ],
] as const) {
  test(`a trace in ${what} is no damaged trace, and is called what it is`, async (t) => {
    const file = join(temporaryFolder(t, 'trace'), 'some.avt');
    writeFileSync(file, bytes);
    const error = await t.throwsAsync(openTrace(file, 'avt'), { code: 'dataset-unreadable' });
    t.regex(error.message, named);
    t.regex((error as DreyError).advice, /`/u);
  });
}

test('an id may begin as bzip2 does', async (t) => {
  const file = join(temporaryFolder(t, 'trace'), 'some.avt');
  writeFileSync(file, 'BZh9 1 0 7200\n');
  t.is((await openTrace(file, 'avt')).machines[0]?.machine as string, 'BZh9');
});

test('a trace that does not exist is refused with advice', async (t) => {
  await t.throwsAsync(openTrace('nowhere.avt', 'avt'), { code: 'dataset-missing', message: /nowhere\.avt/ });
});

const eventLine = (parts: {
  node: string;
  platform: string;
  name: string;
  from: string;
  to: string;
}): string =>
  ['7', '0', parts.node, parts.platform, parts.name, '1', parts.from, parts.to, 'NULL'].join('\t');

const columnLine =
  'event_id component_id node_id platform_id node_name event_type event_start_time event_stop_time';

test('an event table may name its columns, have spaces or nothing in a column, and times with powers of ten', (t) => {
  const history = readFailureTrace(
    [
      columnLine.replaceAll(' ', '\t'),
      eventLine({ node: '  1', platform: '1', name: 'node 1 of 2', from: '0', to: '3.6e3' }),
      eventLine({ node: '2', platform: '1', name: '', from: '3600.5', to: '7.2E+03' }),
    ],
    { file: 'f' },
  );
  t.deepEqual(
    history.machines.map(({ machine }) => machine as string),
    ['1', '2'],
  );
  t.deepEqual([...history.up], [slotUp, slotDown, slotUnknown, slotUp]);
});

test('nodes of two platforms that share a number are two machines', (t) => {
  const lines = ['a', 'b', 'a'].map((platform, at) =>
    eventLine({ node: '1', platform, name: '', from: String(3600 * at), to: String(3600 * (at + 1)) }),
  );
  t.deepEqual(
    readFailureTrace(lines, { file: 'f' }).machines.map(({ machine }) => machine as string),
    ['1', 'b:1'],
  );
});

test('whatever a trace holds, its reader answers with a history or names the file', (t) => {
  const words = [
    'a',
    'b',
    '0',
    '1',
    '2',
    '3600',
    '7200',
    '-5',
    '1e3',
    '1e99',
    'NaN',
    '#',
    '\t',
    '\r',
    '\0',
    '"',
  ];
  const piece = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6 }));
  const line = fc
    .tuple(fc.array(piece, { maxLength: 12 }), fc.constantFrom(' ', '\t'))
    .map(([parts, between]) => parts.join(between));
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 6 }),
      fc.constantFrom(readAvt, readFailureTrace),
      (lines, read) => {
        try {
          return read(lines.join('\n'), { file: 'some file' }).machines.length > 0;
        } catch (error) {
          if (!(error instanceof DreyError)) throw error;
          return /^(trace-malformed|history-window)$/u.test(error.code);
        }
      },
    ),
    { numRuns: 2000 },
  );
  t.pass();
});
