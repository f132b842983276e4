// What people are told of a machine that runs an older version than others.

import test from 'ava';
import { createMachineKey } from '../../../agent/codec/index.ts';
import { NewerWords } from '../../../agent/live/newer-words.ts';
import { findVersionProblems } from '../../../agent/live/problems/version-problems.ts';
import type { PeerId } from '../../../agent/units.ts';
import { hours, unixMs } from '../../../datasets/index.ts';

const [first, second] = [createMachineKey().peer, createMachineKey().peer];
const names = new Map([
  [first, 'desk-1'],
  [second, 'desk-2'],
]);
const heardMs = unixMs(1_790_000_000_000);

function problemsOf(
  speakers: readonly PeerId[],
  { out, laterMs = 0 }: { readonly out?: PeerId; readonly laterMs?: number } = {},
): ReturnType<typeof findVersionProblems> {
  const newerWords = new NewerWords();
  for (const peer of speakers) newerWords.note(peer, heardMs);
  const membership = {
    nameOf: (peer: PeerId) => names.get(peer) ?? '',
    isRevoked: (id: PeerId) => id === out,
  };
  return findVersionProblems({ core: { membership }, shell: { newerWords }, now: unixMs(heardMs + laterMs) });
}

test('nothing is said while all words are known', (t) => {
  t.deepEqual(problemsOf([]), []);
});

test('who speaks in words of a newer version is named, for some hours and while it is in the fleet', (t) => {
  const [problem, ...others] = problemsOf([first, second, first]);
  t.deepEqual(others, []);
  t.like(problem, { kind: 'older-version', level: 'problem' });
  t.regex(problem!.why, /^desk-1, desk-2 speak in words of a newer version/u);
  t.regex(problemsOf([first, second], { out: first })[0]!.why, /^desk-2 speaks in/u);
  t.deepEqual(problemsOf([first], { out: first }), []);
  t.deepEqual(problemsOf([first], { laterMs: hours(3) }), []);
});
