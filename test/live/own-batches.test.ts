// What is written into the own log: what the core orders while the disk is full, and what nobody could read.

import test from 'ava';
import { openBatch, type SignedBatch } from '../../agent/codec/index.ts';
import { statementBytesMax } from '../../agent/limits.ts';
import { OwnBatches } from '../../agent/live/own-batches.ts';
import type { LogHead, LogOutcome } from '../../agent/ports.ts';
import { type UnixMs, seconds, unixMs } from '../../datasets/index.ts';
import { driveId } from '../../agent/units.ts';
import { headOf, machines, startMs } from '../agent/core/fleet-of-four.ts';

const key = machines[0];
const head = headOf(driveId('0'.repeat(32)));
const leaseAt = (fromMs: UnixMs) => ({ kind: 'lease', fromMs, untilMs: unixMs(fromMs + 1) }) as const;
const tellAll = (): Promise<void> => new Promise(setImmediate);

function begin() {
  const disk = { isFull: true };
  const stored: SignedBatch[] = [];
  const refusals: unknown[] = [];
  let ownHead: LogHead | undefined;
  const own = new OwnBatches({
    log: {
      heads: () => new Map(ownHead === undefined ? [] : [[`${key.peer}/facts`, ownHead]]),
      append: (batch: SignedBatch, done: (outcome: LogOutcome) => void) => {
        const { isFull } = disk;
        if (!isFull) ownHead = { next: batch.sequence + 1, hash: batch.hash };
        queueMicrotask(() => done(isFull ? 'full' : 'stored'));
      },
    },
    key,
    now: () => startMs,
    stored: (batch) => void stored.push(batch),
    refused: (error) => void refusals.push(error),
  });
  return { own, disk, stored, refusals };
}

test('a head that a full disk refused is written when there is room, once, and in its order', async (t) => {
  const { own, disk, stored, refusals } = begin();
  own.carryOut('facts', [head]);
  own.carryOut('facts', [leaseAt(startMs)]);
  await tellAll();
  own.carryOut('facts', [leaseAt(unixMs(startMs + 1))]);
  await tellAll();
  own.tick(unixMs(startMs + seconds(1)));
  own.tick(unixMs(startMs + seconds(30)));
  await tellAll();
  t.is(stored.length, 0);
  t.true(refusals.length >= 1 && refusals.length <= 2, 'told when it begins');
  disk.isFull = false;
  own.tick(unixMs(startMs + seconds(60)));
  await tellAll();
  own.tick(unixMs(startMs + seconds(90)));
  await tellAll();
  t.deepEqual(
    stored.flatMap(({ records }) => records),
    [head, leaseAt(unixMs(startMs + 1))],
  );
  t.deepEqual(
    stored.map(({ sequence }) => sequence),
    [0, 1],
  );
});

test('what people and parts of the agent write is refused to them, and not tried again', async (t) => {
  const { own, disk, stored } = begin();
  await t.throwsAsync(own.append('facts', [head]), { code: 'log-full' });
  disk.isFull = false;
  own.tick(unixMs(startMs + seconds(60)));
  await tellAll();
  t.is(stored.length, 0);
  await own.append('facts', [head]);
  t.is(stored.length, 1);
});

test('what nobody could read is not written, and what comes after it is', async (t) => {
  const { own, disk, stored, refusals } = begin();
  disk.isFull = false;
  const long = { kind: 'statement', bytes: new Uint8Array(statementBytesMax + 1) } as const;
  await t.throwsAsync(own.append('facts', [long]), { code: 'record-unreadable' });
  own.carryOut('facts', [long]);
  await tellAll();
  own.tick(unixMs(startMs + seconds(60)));
  await tellAll();
  t.is(stored.length, 0);
  t.is(refusals.length, 1);
  await own.append('facts', [head]);
  t.deepEqual(
    stored.map(({ sequence, bytes }) => [sequence, openBatch(bytes).ok]),
    [[0, true]],
  );
});
