// Asking the system what it may never answer: a tool that waits for a broken disk or driver hangs for ever, and whoever waits for it too.

import { seconds } from '../../datasets/index.ts';

/** On Windows such a tool takes seconds to start. */
const answerMsMax = seconds(20);

/** `ask`, but it rejects after 20 s without an answer, and nothing is asked anew while an earlier question hangs. */
export function inTime<Answer>(ask: () => Promise<Answer>, msMax = answerMsMax): () => Promise<Answer> {
  let underWay: Promise<Answer> | undefined;
  return async () => {
    underWay ??= ask().finally(() => (underWay = undefined));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('the system did not answer in time')), msMax);
    try {
      return await Promise.race([underWay, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}
