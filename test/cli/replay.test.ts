// `npm run replay` as a researcher types it: what it says, what it writes, and how it ends.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../helpers/agents.ts';

const program = new URL('../../cli/replay.ts', import.meta.url).pathname;

function replay(...words: readonly string[]): {
  readonly code: number | null;
  readonly said: string;
  readonly errors: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  return { code: status, said: stdout, errors: stderr };
}

const weekSeconds = 7 * 24 * 3600;

/** Four machines over four weeks; each is down for an hour of its own in each day of the last two, the last for good from the third week on. */
function writeTrace(file: string): void {
  const days = Array.from({ length: 14 }, (_, day) => 2 * weekSeconds + day * 86_400);
  const lines = [0, 1, 2].map((row) => {
    const starts = [0, ...days.map((day) => day + 3600 * (row + 1))];
    const ends = [...days.map((day) => day + 3600 * row), 4 * weekSeconds];
    return `${row} ${starts.length} ${starts.map((from, at) => `${from} ${ends[at]}`).join(' ')}`;
  });
  writeFileSync(file, `${lines.join('\n')}\n3 1 0 ${2 * weekSeconds}\n`);
}

test('a file on all machines is out of reach when none is up, and what is written has the shape that is promised', (t) => {
  const folder = temporaryFolder(t, 'replay');
  const [trace, out] = [join(folder, 'four.avt'), join(folder, 'out.json')];
  writeTrace(trace);
  const words = ['--trace', trace, '--train', '2', '--test', '2', '--repair', 'off', '--json', out];
  t.is(replay(...words, '--policies', 'random', '--code', '3,4').code, 0);
  const { rows, summary } = JSON.parse(readFileSync(out, 'utf8')) as {
    rows: Record<string, unknown>[];
    summary: Record<string, unknown>[];
  };
  const { planSeconds, unavailableFileHoursBusiness, ...counted } = rows[0]!;
  // Twelve files; 3 of the 24 hours of 14 days lack one of the three machines that are left.
  t.deepEqual(counted, {
    policy: 'random',
    origin: 0,
    unavailableFileHours: 12 * 3 * 14,
    fileHours: 12 * 14 * 24,
    lostFiles: 0,
    storedBytes: 12 * 4 * Math.ceil((16 * 1024 * 1024) / 3),
    movedBytes: 0,
  });
  t.is(typeof planSeconds, 'number');
  t.is(typeof unavailableFileHoursBusiness, 'number');
  t.is(rows.length, 1);
  t.is(summary[0]?.['unavailableShare'], 3 / 24);
});

test('without the bar nothing is won or lost, and machines without a label are counted', (t) => {
  const folder = temporaryFolder(t, 'replay');
  const [trace, labels] = [join(folder, 'four.avt'), join(folder, 'labels.csv')];
  writeTrace(trace);
  writeFileSync(labels, 'id,site\n0,a\n1,b\n');
  const words = ['--trace', trace, '--train', '2', '--test', '2', '--replicas', '2', '--labels', labels];
  const alone = replay(...words, '--policies', 'random,best-k');
  t.is(alone.code, 0, alone.errors);
  t.regex(alone.said, /^2 of 4 machines have no label in "site"/mu);
  t.notRegex(alone.said, /\d : \d/u);
  const both = replay(...words, '--policies', 'random,label-distinct best-k with swaps');
  t.regex(both.said, /^random .*\d : \d/mu);
});

test('what is wrong is said in two lines, without a stack of calls', (t) => {
  const trace = join(temporaryFolder(t, 'replay'), 'bad.avt');
  writeFileSync(trace, '0 1 0 7200\n1 1 9 3\n');
  const { code, said, errors } = replay('--trace', trace);
  t.is(code, 1);
  t.is(said, '');
  t.regex(errors, /^drey: .*bad\.avt, line 2 [^\n]*\n {2}[^\n]+\[trace-malformed\]\n$/u);
});

test('a command line that makes no sense ends with 2, a trace that is not there with 1, and a page of help with 0', (t) => {
  const missing = join(temporaryFolder(t, 'replay'), 'none.avt');
  const codeOf = (...words: readonly string[]): number | null => replay(...words).code;
  t.is(codeOf('--trace', missing, '--code', '9'), 2);
  t.is(codeOf('--trace', missing, '--machines', 'many'), 2);
  t.is(codeOf('--trace', missing, '--policies', 'best'), 2);
  t.is(codeOf('--unknown'), 2);
  t.is(codeOf('--trace', missing), 1);
  t.is(codeOf('--help'), 0);
});
