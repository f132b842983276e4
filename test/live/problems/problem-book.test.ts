// Since when problems stand, and which are told: once when they have stood for a while, once when they are over.

import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { hours, unixMs, type UnixMs } from '../../../datasets/index.ts';
import { problemsEveryMs, problemSettleMs } from '../../../agent/limits.ts';
import { homeAt } from '../../../agent/live/home.ts';
import type { FoundProblem } from '../../../agent/live/problems/index.ts';
import { bookEntriesMax, ProblemBook } from '../../../agent/live/problems/problem-book.ts';
import { readProblemBook, writeProblemBook } from '../../../agent/live/problems/stored-book.ts';
import { problemKinds, problemName, problemText } from '../../../agent/problem.ts';
import { temporaryFolder } from '../../helpers/agents.ts';

const start = unixMs(Date.UTC(2026, 10, 23, 12));
const after = (ms: number): UnixMs => unixMs(start + ms);
const nobody: ReadonlySet<string> = new Set();

const found = (about?: string): FoundProblem => ({
  kind: about === undefined ? 'no-plan' : 'machine-gone',
  ...(about === undefined ? {} : { about }),
  level: 'warning',
  risk: 'Nothing is kept on other machines yet.',
  why: 'There is no plan.',
  action: 'A plan is made soon.',
});

/** Looks as often as an agent does, until `untilMs`; what was told. */
function look(
  book: ProblemBook,
  problems: readonly FoundProblem[],
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): readonly string[] {
  const told: string[] = [];
  for (let ms = fromMs; ms <= untilMs; ms += problemsEveryMs)
    for (const { change, problem } of book.update(problems, {
      now: after(ms),
      unseen: nobody,
      settleMs: problemSettleMs,
    }))
      told.push(`${change} ${problemName(problem)}`);
  return told;
}

test('a problem is told once when it has stood for a while, and once when it is over', (t) => {
  const book = new ProblemBook();
  t.deepEqual(look(book, [found()], { fromMs: 0, untilMs: problemSettleMs - 1 }), []);
  t.deepEqual(look(book, [found()], { fromMs: problemSettleMs, untilMs: hours(3) }), ['began no-plan']);
  t.deepEqual(look(book, [], { fromMs: hours(3), untilMs: hours(5) }), ['ended no-plan']);
  t.deepEqual(book.entries, []);
});

test('what a night brings about is told when it goes on for longer than one', (t) => {
  const book = new ProblemBook();
  const night: FoundProblem = { ...found('a drive'), kind: 'drive-out-of-reach' };
  t.deepEqual(look(book, [night], { fromMs: 0, untilMs: hours(14) }), []);
  t.deepEqual(look(book, [], { fromMs: hours(14), untilMs: hours(24) }), []);
  t.deepEqual(look(book, [night], { fromMs: hours(24), untilMs: hours(51) }), [
    'began drive-out-of-reach a drive',
  ]);
});

test('what cannot be told yet goes on as it was, also where it is about nothing in particular', (t) => {
  const book = new ProblemBook();
  look(book, [found()], { fromMs: 0, untilMs: hours(1) });
  const told = book.update([], {
    now: after(hours(2)),
    unseen: new Set(['no-plan']),
    settleMs: problemSettleMs,
  });
  t.deepEqual(told, []);
  t.is(book.entries.length, 1);
});

test('what comes and goes within a minute is told to nobody', (t) => {
  const book = new ProblemBook();
  const told = [0, 1, 2, 3, 4].flatMap((round) => [
    ...look(book, [found()], { fromMs: hours(round), untilMs: hours(round) + problemSettleMs / 2 }),
    ...look(book, [], {
      fromMs: hours(round) + problemSettleMs / 2,
      untilMs: hours(round) + 4 * problemSettleMs,
    }),
  ]);
  t.deepEqual(told, []);
});

test('a problem that is away for a moment did not end', (t) => {
  const book = new ProblemBook();
  look(book, [found()], { fromMs: 0, untilMs: hours(1) });
  t.deepEqual(look(book, [], { fromMs: hours(1), untilMs: hours(1) + problemSettleMs / 2 }), []);
  t.deepEqual(look(book, [found()], { fromMs: hours(1) + problemSettleMs / 2, untilMs: hours(2) }), []);
  t.is(book.withTimes([found()], after(hours(2)))[0]?.sinceMs, start);
});

test('two machines are two problems', (t) => {
  const told = look(new ProblemBook(), [found('a'), found('b')], { fromMs: 0, untilMs: hours(1) });
  t.deepEqual(told, ['began machine-gone a', 'began machine-gone b']);
});

test('what cannot be judged now did not end', (t) => {
  const book = new ProblemBook();
  look(book, [found('a'), found('b')], { fromMs: 0, untilMs: hours(1) });
  const told: string[] = [];
  for (let ms = hours(1); ms < hours(4); ms += problemsEveryMs)
    for (const { change, problem } of book.update([], {
      now: after(ms),
      unseen: new Set(['a']),
      settleMs: problemSettleMs,
    }))
      told.push(`${change} ${problemName(problem)}`);
  t.deepEqual(told, ['ended machine-gone b']);
});

test('problems come before warnings, and one that knows its own time keeps it', (t) => {
  const own = { ...found('x'), level: 'problem', sinceMs: after(-hours(9)) } as const;
  const listed = new ProblemBook().withTimes([found(), own], start);
  t.deepEqual(
    listed.map(({ about, sinceMs }) => [about, sinceMs]),
    [
      ['x', after(-hours(9))],
      [undefined, start],
    ],
  );
});

test('the book does not grow beyond its limit', (t) => {
  const book = new ProblemBook();
  const many = Array.from({ length: bookEntriesMax + 50 }, (_, row) => found(`machine ${row}`));
  look(book, many, { fromMs: 0, untilMs: hours(1) });
  t.is(book.entries.length, bookEntriesMax);
});

test('a restart forgets neither since when it is so nor what was told', (t) => {
  const home = homeAt(temporaryFolder(t, 'book'));
  const book = readProblemBook(home, start);
  look(book, [found(), found('a')], { fromMs: 0, untilMs: hours(1) });
  writeProblemBook(home, book.entries);
  const again = readProblemBook(home, after(hours(30)));
  t.is(again.withTimes([found()], after(hours(30)))[0]?.sinceMs, start);
  t.deepEqual(look(again, [found()], { fromMs: hours(30), untilMs: hours(31) }), ['ended machine-gone a']);
});

test('a damaged book is begun anew', (t) => {
  const home = homeAt(temporaryFolder(t, 'book'));
  writeFileSync(home.problemsFile, '{"version":1,"entries":[{}');
  t.deepEqual(readProblemBook(home, start).entries, []);
});

test('every kind of problem has its row in the README', (t) => {
  const readme = readFileSync(new URL('../../../agent/live/README.md', import.meta.url), 'utf8');
  const section = readme.split(/^## Problems/mu)[1]?.split(/^## /mu)[0] ?? '';
  const rows = [...section.matchAll(/^\| `([a-z-]+)` \|/gmu)].map((match) => match[1] ?? '');
  t.deepEqual(rows.toSorted(), [...problemKinds].toSorted());
});

test('a problem reads as one paragraph', (t) => {
  t.is(
    problemText({ ...found(), advice: 'Start more machines.' }),
    'Nothing is kept on other machines yet. There is no plan. A plan is made soon. Start more machines.',
  );
});
