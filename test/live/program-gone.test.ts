// A program that was moved or taken away while its agent runs.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import { DreyError } from '../../datasets/index.ts';
import { nameProgramError } from '../../agent/live/program-gone.ts';

const nowhere = new URL('nowhere.ts', import.meta.url);

function isNamed(t: ExecutionContext, error: unknown): void {
  const named = nameProgramError(error);
  t.true(named instanceof DreyError && named.code === 'program-gone' && named.retry === 'retryable');
  t.false((named as Error).message.includes('nowhere'), 'no path in a message');
}

test('a part of the program that is not there any more is called that, in a thread and out of one', async (t) => {
  isNamed(t, await t.throwsAsync(import(nowhere.href)));
  const [error] = (await once(new Worker(nowhere), 'error').catch((thrown: unknown) => [thrown])) as [
    unknown,
  ];
  isNamed(t, error);
});

test('any other failure stays what it is', (t) => {
  const error = new Error('something else');
  t.is(nameProgramError(error), error);
  t.is(nameProgramError(undefined), undefined);
});
