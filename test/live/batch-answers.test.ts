// Pages of logs for whoever asks: one at a time for each machine, whatever it asks.

import test from 'ava';
import { logName, type LogWant, type SignedBatch } from '../../agent/codec/index.ts';
import { BatchAnswers } from '../../agent/live/batch-answers.ts';
import type { Done, LogPosition } from '../../agent/ports.ts';
import { type PeerId, peerId } from '../../agent/units.ts';

const [author, other, asker, second] = ['a', 'b', 'c', 'd'].map(peerId) as [PeerId, PeerId, PeerId, PeerId];

/** A log of ten batches of each of two authors whose reads end when the test says so. */
function answers() {
  const reads: { readonly from: LogPosition; readonly done: Done<readonly SignedBatch[]> }[] = [];
  const heads = new Map([author, other].map((one) => [logName(one, 'facts'), { next: 10, hash: '' }]));
  const sent: (readonly [PeerId, boolean])[] = [];
  const wants = new BatchAnswers({
    log: { heads: () => heads, read: (from, done) => void reads.push({ from, done }) },
    send: (to, message) => message.kind === 'batches' && sent.push([to, message.more]),
  });
  const end = (sequence: number): void =>
    reads.shift()!.done([{ sequence, bytes: new Uint8Array() } as unknown as SignedBatch]);
  return { wants, reads, sent, end };
}

const from = (sequence: number, log = author): LogWant => ({ author: log, stream: 'facts', sequence });

test('who asks a thousand times has one page read, and then one more of each log', (t) => {
  const { wants, reads, sent, end } = answers();
  for (let count = 0; count < 1000; count++) wants.want(asker, [from(3 + (count % 4)), from(0, other)]);
  t.is(reads.length, 1);
  end(9);
  t.is(reads.length, 1);
  end(9);
  t.deepEqual(
    reads.map(({ from: { sequence } }) => sequence),
    [3],
  );
  end(5);
  t.is(reads.length, 0);
  t.deepEqual(sent, [
    [asker, false],
    [asker, false],
    [asker, true],
  ]);
});

test('two machines do not wait for each other, and what is not there is not looked for', (t) => {
  const { wants, reads } = answers();
  wants.want(asker, [from(0)]);
  wants.want(second, [from(10), from(0, other)]);
  t.deepEqual(
    reads.map((read) => read.from.author),
    [author, other],
  );
});
