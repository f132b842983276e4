// What people say waits for the own log; what must be possible alone is written all the same.

import test from 'ava';
import type { AgentRecord } from '../../agent/codec/index.ts';
import type { AgentCore } from '../../agent/core/index.ts';
import { OwnWords } from '../../agent/live/own-words.ts';
import { ownLogLookMs, ownLogPatienceMs } from '../../agent/live/limits.ts';
import type { Clock } from '../../agent/ports.ts';
import type { PeerId } from '../../agent/units.ts';
import { unixMs } from '../../datasets/index.ts';

const records: readonly AgentRecord[] = [{ kind: 'addresses', addresses: [] }];
const self = 'self' as PeerId;

function wordsOf({ up = [] as string[], sureAfterMs = Number.POSITIVE_INFINITY, isForked = false }) {
  let nowMs = 0;
  const written: number[] = [];
  const core = {
    ownLog: {
      get isSure() {
        return nowMs >= sureAfterMs;
      },
    },
    membership: { self, up: new Set(up) },
    replication: { isForked: () => isForked },
  } as unknown as AgentCore;
  const append = (): Promise<void> => {
    written.push(nowMs);
    return Promise.resolve();
  };
  const clock: Clock = {
    now: () => unixMs(nowMs),
    start: (afterMs, fire) => {
      nowMs += afterMs;
      fire();
      return { cancel: () => undefined };
    },
  };
  const words = new OwnWords({ core, shell: { append } }, clock);
  return { words, written };
}

test('words wait while somebody is there who could give back older ones', async (t) => {
  const { words, written } = wordsOf({ up: ['other'], sureAfterMs: 3 * ownLogPatienceMs });
  await words.write(records);
  await words.writeWhenSure(records);
  t.deepEqual(written, [3 * ownLogPatienceMs, 3 * ownLogPatienceMs]);
});

test('alone an admin may still act, after a while; nothing is given up', async (t) => {
  const { words, written } = wordsOf({});
  await words.write(records);
  t.deepEqual(written, [ownLogPatienceMs]);
  await t.throwsAsync(words.writeWhenSure(records), { code: 'log-unsure' });
  t.deepEqual(written, [ownLogPatienceMs]);
});

test('into a second history nothing is written', async (t) => {
  const { words, written } = wordsOf({ sureAfterMs: ownLogLookMs, isForked: true });
  await t.throwsAsync(words.write(records), { code: 'log-forked' });
  await t.throwsAsync(words.writeWhenSure(records), { code: 'log-forked' });
  t.deepEqual(written, []);
});
