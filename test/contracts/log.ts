// What every Log must do: a chain per author and stream, in order, the same after a crash.

import type { ExecutionContext, TestFn } from 'ava';
import {
  logName,
  machineKeyFromSeed,
  noBatchHash,
  signBatch,
  type SignedBatch,
  type Stream,
} from '../../agent/codec/index.ts';
import type { Log, LogOutcome } from '../../agent/ports.ts';
import { unixMs } from '../../datasets/index.ts';
import { answerOf, type World } from './world.ts';

export interface LogHarness extends World {
  readonly log: Log;
  /** Power cut and start. */
  crash(): Promise<LogHarness>;
}

export type OpenLog = (t: ExecutionContext) => Promise<LogHarness>;

const key = machineKeyFromSeed(new Uint8Array(32).fill(9));

/** Batch `i` is of time 1000 · i. */
function chain(stream: Stream, count: number): readonly SignedBatch[] {
  const batches: SignedBatch[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    const previous = batches.at(-1)?.hash ?? noBatchHash;
    const records = [{ kind: 'lease', fromMs: unixMs(sequence), untilMs: unixMs(sequence + 1) }] as const;
    batches.push(signBatch({ key, stream, sequence, previous, atMs: unixMs(1000 * sequence), records }));
  }
  return batches;
}

const append = ({ log, until }: LogHarness, batch: SignedBatch): Promise<LogOutcome> =>
  answerOf<LogOutcome>({ until }, (done) => log.append(batch, done));

async function sequencesFrom(
  { log, until }: LogHarness,
  from: { readonly stream: Stream; readonly sequence: number },
): Promise<readonly number[]> {
  const position = { author: key.peer, ...from };
  const page = await answerOf<readonly SignedBatch[]>({ until }, (done) => log.read(position, done));
  return page.map(({ sequence }) => sequence);
}

export function logContract(test: TestFn, name: string, open: OpenLog): void {
  test(`${name} log: takes each batch once and in order`, async (t) => {
    const harness = await open(t);
    const [first, second, third] = chain('facts', 3) as [SignedBatch, SignedBatch, SignedBatch];
    t.is(await append(harness, second), 'gap');
    t.is(await append(harness, first), 'stored');
    t.is(await append(harness, first), 'known');
    t.is(await append(harness, third), 'gap');
    t.is(await append(harness, second), 'stored');
    const head = harness.log.heads().get(logName(key.peer, 'facts'));
    t.deepEqual([head?.next, head?.hash], [2, second.hash]);
  });

  test(`${name} log: refuses a batch that follows another one than the head`, async (t) => {
    const harness = await open(t);
    const [first] = chain('facts', 1) as [SignedBatch];
    await append(harness, first);
    const forged = signBatch({ ...first, key, sequence: 1, previous: 'ab'.repeat(32) });
    t.is(await append(harness, forged), 'gap');
  });

  test(`${name} log: reads from any position on`, async (t) => {
    const harness = await open(t);
    for (const batch of chain('facts', 4)) await append(harness, batch);
    t.deepEqual(await sequencesFrom(harness, { stream: 'facts', sequence: 0 }), [0, 1, 2, 3]);
    t.deepEqual(await sequencesFrom(harness, { stream: 'facts', sequence: 2 }), [2, 3]);
    t.deepEqual(await sequencesFrom(harness, { stream: 'facts', sequence: 4 }), []);
    t.deepEqual(await sequencesFrom(harness, { stream: 'telemetry', sequence: 0 }), []);
  });

  test(`${name} log: telemetry may start late, and old telemetry goes while heads stay`, async (t) => {
    const harness = await open(t);
    const batches = chain('telemetry', 5);
    t.is(await append(harness, batches[2]!), 'stored');
    await append(harness, batches[3]!);
    await append(harness, batches[4]!);
    await answerOf<number>(harness, (done) => harness.log.prune(unixMs(3500), done));
    t.deepEqual(await sequencesFrom(harness, { stream: 'telemetry', sequence: 0 }), [4]);
    t.is(harness.log.heads().get(logName(key.peer, 'telemetry'))?.next, 5);
  });

  test(`${name} log: telemetry may go on later, also over a crash`, async (t) => {
    const harness = await open(t);
    const batches = chain('telemetry', 8);
    await append(harness, batches[0]!);
    t.is(await append(harness, batches[5]!), 'stored');
    t.is(await append(harness, batches[6]!), 'stored');
    t.is(await append(harness, batches[3]!), 'known');
    const after = await harness.crash();
    t.deepEqual(await sequencesFrom(after, { stream: 'telemetry', sequence: 0 }), [0, 5, 6]);
    await answerOf<number>(after, (done) => after.log.prune(unixMs(5500), done));
    t.deepEqual(await sequencesFrom(after, { stream: 'telemetry', sequence: 0 }), [6]);
    t.is(await append(after, batches[7]!), 'stored');
  });

  test(`${name} log: a crash loses nothing that was stored`, async (t) => {
    const harness = await open(t);
    const batches = chain('facts', 3);
    await append(harness, batches[0]!);
    await append(harness, batches[1]!);
    const after = await harness.crash();
    t.deepEqual(await sequencesFrom(after, { stream: 'facts', sequence: 0 }), [0, 1]);
    t.is(await append(after, batches[2]!), 'stored');
  });
}
