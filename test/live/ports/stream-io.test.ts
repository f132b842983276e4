// A stream's bytes as frames, whatever the pieces in which they come.

import test from 'ava';
import fc from 'fast-check';
import type { Stream } from '@libp2p/interface';
import { readMessages } from '../../../agent/live/wire/message-link.ts';
import { frameOf, StreamReader, writeBytes } from '../../../agent/live/wire/stream-io.ts';

/** The reading side of a stream, by hand. */
class HandStream extends EventTarget {
  readonly readBufferLength = 0;
  readonly status = 'open';
  readonly readStatus = 'readable';
  readableEnded = false;

  pause(): void {}
  resume(): void {}
  async close(): Promise<void> {}

  give(data: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
}

const readerOf = (stream: HandStream): StreamReader =>
  new StreamReader(stream as unknown as Stream, Number.POSITIVE_INFINITY);

const pattern = (length: number, start: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (start + at) * 7);

test('pieces of any length, read in counts of any length, are the same bytes in the same order', async (t) => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1000, max: 5000 })), {
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(lengths, lengths, async (given, wanted) => {
      const stream = new HandStream();
      const reader = readerOf(stream);
      let [came, read] = [0, 0];
      const pieces: Uint8Array[] = [];
      for (let turn = 0; turn < Math.max(given.length, wanted.length); turn++) {
        stream.give(pattern(given[turn] ?? 0, came));
        came += given[turn] ?? 0;
        const count = Math.min(wanted[turn] ?? 0, came - read);
        pieces.push(...((await reader.readPieces(count)) ?? []));
        read += count;
      }
      return Buffer.concat(pieces).equals(pattern(read, 0));
    }),
    { seed: 11, numRuns: 200 },
  );
  t.pass();
});

test('bytes that come one by one wait in few pieces', async (t) => {
  const stream = new HandStream();
  const reader = readerOf(stream);
  for (let at = 0; at < 50_000; at++) stream.give(pattern(1, at));
  const pieces = (await reader.readPieces(50_000)) ?? [];
  t.true(pieces.length < 60, `${pieces.length} pieces`);
  t.deepEqual(Uint8Array.from(Buffer.concat(pieces)), pattern(50_000, 0));
});

test('a flood of frames leaves everybody else a turn', async (t) => {
  const stream = new HandStream();
  let takenCount = 0;
  const reading = readMessages(stream as unknown as Stream, 100, () => {
    takenCount++;
    for (const end = performance.now() + 1; performance.now() < end;);
  });
  for (let count = 0; count < 200; count++) stream.give(frameOf(Uint8Array.of(1)));
  await new Promise((resolve) => setImmediate(resolve));
  t.true(takenCount < 200, `${takenCount} frames without a turn`);
  stream.readableEnded = true;
  stream.dispatchEvent(new Event('end'));
  t.is(await reading, 'its message stream ended');
  t.is(takenCount, 200);
});

test('who reads or writes a byte now and then is never silent, and is cut all the same', async (t) => {
  const silenceMs = 40;
  const reading = new HandStream();
  const writing = Object.assign(new HandStream(), {
    writableNeedsDrain: true,
    writeStatus: 'writable',
    send: () => false,
  });
  const reader = new StreamReader(reading as unknown as Stream, silenceMs);
  const drops = setInterval(() => {
    reading.give(Uint8Array.of(1));
    writing.dispatchEvent(new Event('drain'));
  }, 1);
  t.is(await reader.readPieces(200_000), undefined);
  t.false(await writeBytes(writing as unknown as Stream, new Uint8Array(200_000), silenceMs));
  clearInterval(drops);
});
