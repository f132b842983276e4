// Questions that the system may never answer.

import test from 'ava';
import { inTime } from '../../agent/live/system-answers.ts';

test('who asks a system that hangs is told so, and it is not asked again until it has answered', async (t) => {
  let askedCount = 0;
  let answer: ((answer: string) => void) | undefined;
  const ask = inTime(() => {
    askedCount++;
    return new Promise<string>((resolve) => (answer = resolve));
  }, 5);
  await t.throwsAsync(ask(), { message: /did not answer/u });
  await t.throwsAsync(ask(), { message: /did not answer/u });
  t.is(askedCount, 1);
  answer?.('late');
  await new Promise((resolve) => setImmediate(resolve));
  const asking = ask();
  answer?.('in time');
  t.is(await asking, 'in time');
  t.is(askedCount, 2);
});

test('what fails late, when nobody waits any more, ends nothing', async (t) => {
  let fail: ((error: Error) => void) | undefined;
  const ask = inTime(() => new Promise<string>((_resolve, reject) => (fail = reject)), 5);
  await t.throwsAsync(ask(), { message: /did not answer/u });
  fail?.(new Error('the tool was killed'));
  await t.notThrowsAsync(new Promise((resolve) => setImmediate(resolve)));
});
