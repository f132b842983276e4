// The book of problems on the disk: a small file, so that "since when" and what was told go on over restarts. A damaged one is begun anew: it
// is no reason not to start.

import { z } from 'zod';
import { type UnixMs, unixMs } from '../../../datasets/index.ts';
import { problemKinds } from '../../problem.ts';
import { type Home, readNotes, writeJson } from '../home.ts';
import { type BookEntry, ProblemBook } from './problem-book.ts';

const time = z.int().min(0).transform(unixMs);
const text = z.string().max(4096);
export const problemSchema = z.strictObject({
  kind: z.enum(problemKinds),
  about: text.exactOptional(),
  level: z.enum(['warning', 'problem']),
  risk: text,
  why: text,
  action: text,
  advice: text.exactOptional(),
  sinceMs: time,
});
const schema = z.strictObject({
  version: z.literal(1),
  entries: z.array(
    z.strictObject({
      problem: problemSchema,
      firstMs: time,
      lastMs: time,
      isTold: z.boolean(),
    }),
  ),
});

/** What is not found at once after a start has a while to be found again: `now` counts as when it was seen last. */
export function readProblemBook(home: Home, now: UnixMs): ProblemBook {
  const entries = readNotes(home.problemsFile, schema)?.entries ?? [];
  return new ProblemBook(entries.map((entry) => ({ ...entry, lastMs: now })));
}

export const writeProblemBook = (home: Home, entries: readonly BookEntry[]): void =>
  writeJson(home.problemsFile, { version: 1, entries });
