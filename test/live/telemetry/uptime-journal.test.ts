import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { beatGapMsMax, beatMs, UptimeJournal } from '../../../agent/live/telemetry/index.ts';
import { days, hours, machineId, minutes, rowLimits, unixMs } from '../../../datasets/index.ts';
import { newFolder } from '../data-path/odd-trees.ts';

const machine = machineId('pc-1');
const startMs = Date.UTC(2026, 10, 2, 8);
const journalFile = (): string => join(newFolder(), 'uptime.journal');

const openAt = (
  file: string,
  nowMs: number,
  onProblem = (error: unknown): void => {
    throw error;
  },
): UptimeJournal => new UptimeJournal({ file, machine, now: unixMs(nowMs), onProblem });

function beatUntil(journal: UptimeJournal, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += beatMs) journal.beat(unixMs(nowMs));
}

const told = (journal: UptimeJournal, nowMs: number): string[] =>
  journal
    .rows(unixMs(nowMs))
    .map(
      ({ state, fromMs, toMs }) => `${state} ${(fromMs - startMs) / beatMs}..${(toMs - startMs) / beatMs}`,
    );

test('a run that ended without its mark shows as a crash from the last beat to the next start', (t) => {
  const file = journalFile();
  const first = openAt(file, startMs);
  t.is(first.lastEnd, 'none');
  beatUntil(first, startMs, startMs + minutes(30));
  const second = openAt(file, startMs + minutes(50));
  t.is(second.lastEnd, 'crashed');
  t.deepEqual(told(second, startMs + minutes(51)), ['up 0..30', 'crashed 30..50', 'up 50..51']);
});

test('a clean stop shows as off', (t) => {
  const file = journalFile();
  const first = openAt(file, startMs);
  beatUntil(first, startMs, startMs + minutes(5));
  first.stop(unixMs(startMs + minutes(6)));
  const second = openAt(file, startMs + hours(1));
  t.is(second.lastEnd, 'stopped');
  t.deepEqual(told(second, startMs + hours(1)), ['up 0..6', 'off 6..60']);
});

test('a gap between two beats is sleep, a late beat is not', (t) => {
  const journal = openAt(journalFile(), startMs);
  beatUntil(journal, startMs, startMs + minutes(2));
  journal.beat(unixMs(startMs + minutes(2) + beatGapMsMax));
  journal.beat(unixMs(startMs + hours(2)));
  t.deepEqual(told(journal, startMs + hours(2) + beatMs), ['up 0..5', 'asleep 5..120', 'up 120..121']);
});

test('rows stay in the journal until they are written, across a crash', (t) => {
  const file = journalFile();
  const first = openAt(file, startMs);
  beatUntil(first, startMs, startMs + minutes(3));
  t.is(first.rows(unixMs(startMs + minutes(3))).length, 1);
  const second = openAt(file, startMs + minutes(4));
  const rows = second.rows(unixMs(startMs + minutes(5)));
  t.deepEqual(
    rows.map(({ state }) => state),
    ['up', 'crashed', 'up'],
  );
  second.written(rows);
  t.deepEqual(told(second, startMs + minutes(6)), ['up 5..6']);
});

test('hours without a log to write to become one span, not many', (t) => {
  const journal = openAt(journalFile(), startMs);
  for (let minute = 1; minute <= 120; minute++) journal.rows(unixMs(startMs + minutes(minute)));
  t.deepEqual(told(journal, startMs + minutes(121)), ['up 0..121']);
});

test('an absence of months is cut into spans that a row may have', (t) => {
  const file = journalFile();
  openAt(file, startMs).stop(unixMs(startMs + minutes(1)));
  const rows = openAt(file, startMs + days(100)).rows(unixMs(startMs + days(100)));
  t.true(rows.every(({ fromMs, toMs }) => toMs - fromMs <= rowLimits.spanMsMax && fromMs < toMs));
  t.is(rows.at(-1)?.toMs, unixMs(startMs + days(100)));
});

test('a damaged journal costs its own past and stops nothing', (t) => {
  const file = journalFile();
  openAt(file, startMs);
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
  const next = openAt(file, startMs + minutes(9));
  t.is(next.lastEnd, 'damaged');
  t.deepEqual(told(next, startMs + minutes(10)), ['up 9..10']);
});

test('a disk that takes nothing is told, and the spans go on in memory', (t) => {
  const problems: unknown[] = [];
  const journal = openAt(join('/dev/null', 'uptime.journal'), startMs, (error) => problems.push(error));
  beatUntil(journal, startMs, startMs + minutes(5));
  t.true(problems.length > 1);
  t.deepEqual(told(journal, startMs + minutes(5)), ['up 0..5']);
});
