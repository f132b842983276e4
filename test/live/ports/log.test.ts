// The live log in real LevelDB: order, chain, restarts, limits, pruning.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  createMachineKey,
  logName,
  noBatchHash,
  type MachineKey,
  signBatch,
  type SignedBatch,
  type Stream,
} from '../../../agent/codec/index.ts';
import { type LiveLog, type LiveLogOptions, openLiveLog } from '../../../agent/live/log/index.ts';
import { openStore, type Store } from '../../../agent/live/store.ts';
import type { LogOutcome } from '../../../agent/ports.ts';
import { unixMs } from '../../../datasets/index.ts';
import { temporaryFolder } from './small-fleet.ts';

interface Opened {
  readonly folder: string;
  readonly store: Store;
  readonly log: LiveLog;
  readonly reports: readonly string[];
}

async function openAt(
  t: ExecutionContext,
  folder: string,
  limits: LiveLogOptions['limits'] = {},
): Promise<Opened> {
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  const reports: string[] = [];
  const report = (error: unknown): void => void reports.push(String(error));
  return { folder, store, reports, log: await openLiveLog({ database: store.database, limits, report }) };
}

const openNew = (t: ExecutionContext, limits?: LiveLogOptions['limits']): Promise<Opened> =>
  openAt(t, temporaryFolder(t), limits);

/** A chain of batches; batch `i` is of time 1000 · (i + 1). */
function chain(key: MachineKey, stream: Stream, count: number): readonly SignedBatch[] {
  const batches: SignedBatch[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    const previous = batches.at(-1)?.hash ?? noBatchHash;
    const atMs = unixMs(1000 * (sequence + 1));
    const records = [{ kind: 'lease', fromMs: atMs, untilMs: unixMs(atMs + 1) }] as const;
    batches.push(signBatch({ key, stream, sequence, previous, atMs, records }));
  }
  return batches;
}

const append = (log: LiveLog, batch: SignedBatch): Promise<LogOutcome> =>
  new Promise((resolve) => log.append(batch, resolve));
const appendAll = (log: LiveLog, batches: readonly SignedBatch[]): Promise<readonly LogOutcome[]> =>
  Promise.all(batches.map((batch) => append(log, batch)));
const read = (
  log: LiveLog,
  key: MachineKey,
  from: { stream: Stream; sequence: number },
): Promise<readonly SignedBatch[]> =>
  new Promise((resolve) => log.read({ author: key.peer, ...from }, resolve));
const numbers = (batches: readonly SignedBatch[]): readonly number[] =>
  batches.map(({ sequence }) => sequence);

const key = createMachineKey();
const facts = chain(key, 'facts', 5);
const telemetry = chain(key, 'telemetry', 10);

test('only the batch that follows the head is stored; repeats and gaps are named', async (t) => {
  const { log } = await openNew(t);
  t.is(await append(log, facts[1]!), 'gap');
  t.is(await append(log, facts[0]!), 'stored');
  t.is(await append(log, facts[0]!), 'known');
  t.is(await append(log, facts[2]!), 'gap');
  const fork = signBatch({ ...facts[1]!, key, previous: 'f'.repeat(64) });
  t.is(await append(log, fork), 'gap');
  t.is(await append(log, facts[1]!), 'stored');
  t.deepEqual(log.heads().get(logName(key.peer, 'facts'))?.next, 2);
  t.is(log.heads().get(logName(key.peer, 'facts'))?.hash, facts[1]!.hash);
});

test('batches that come in at once are all stored, in order, and are there after a restart', async (t) => {
  const opened = await openNew(t);
  const other = createMachineKey();
  const outcomes = await appendAll(opened.log, [...facts, ...chain(other, 'facts', 3), ...telemetry]);
  t.deepEqual(new Set(outcomes), new Set(['stored']));
  await opened.store.close();
  const { log } = await openAt(t, opened.folder);
  t.is(log.heads().get(logName(key.peer, 'facts'))?.hash, facts.at(-1)!.hash);
  t.deepEqual(numbers(await read(log, key, { stream: 'facts', sequence: 2 })), [2, 3, 4]);
  t.deepEqual((await read(log, key, { stream: 'facts', sequence: 0 }))[0], facts[0]);
  t.is(await append(log, facts[4]!), 'known');
  const all: SignedBatch[] = [];
  for await (const batch of log.readAll('facts')) all.push(batch);
  t.is(all.length, 8);
  t.deepEqual(numbers(all.filter(({ author }) => author === key.peer)), [0, 1, 2, 3, 4]);
});

test('a done is never called before the call has returned', async (t) => {
  const { log } = await openNew(t);
  let hasReturned = false;
  const seen = new Promise<boolean>((resolve) => log.append(facts[0]!, () => resolve(hasReturned)));
  const gap = new Promise<boolean>((resolve) => log.append(facts[3]!, () => resolve(hasReturned)));
  hasReturned = true;
  t.deepEqual(await Promise.all([seen, gap]), [true, true]);
});

test('pruning drops old telemetry only, and keeps the head', async (t) => {
  const opened = await openNew(t);
  await appendAll(opened.log, [...facts, ...telemetry]);
  t.is(await new Promise((resolve) => opened.log.prune(unixMs(4000), resolve)), 3);
  t.is(await new Promise((resolve) => opened.log.prune(unixMs(4000), resolve)), 0);
  t.deepEqual(
    numbers(await read(opened.log, key, { stream: 'telemetry', sequence: 0 })),
    [3, 4, 5, 6, 7, 8, 9],
  );
  t.is((await read(opened.log, key, { stream: 'facts', sequence: 0 })).length, 5);
  t.is(await new Promise((resolve) => opened.log.prune(unixMs(1e12), resolve)), 7);
  await opened.store.close();
  const { log } = await openAt(t, opened.folder);
  t.is(log.heads().get(logName(key.peer, 'telemetry'))?.next, 10);
});

test('a telemetry log may start late and leave something out, a fact log may not', async (t) => {
  const { log } = await openNew(t);
  t.is(await append(log, telemetry[6]!), 'stored');
  t.is(await append(log, telemetry[7]!), 'stored');
  t.is(await append(log, telemetry[9]!), 'stored');
  t.is(await append(log, telemetry[8]!), 'known');
  t.is(await append(log, facts[3]!), 'gap');
});

test('too many facts of one author are refused, too much telemetry loses its oldest', async (t) => {
  const bytes = facts[0]!.bytes.length;
  const { log } = await openNew(t, {
    factBytesPerAgentMax: bytes * 2.5,
    telemetryBytesPerAgentMax: bytes * 4.5,
  });
  t.deepEqual(await appendAll(log, facts.slice(0, 3)), ['stored', 'stored', 'full']);
  await appendAll(log, telemetry);
  await log.idle();
  const kept = numbers(await read(log, key, { stream: 'telemetry', sequence: 0 }));
  t.is(kept.at(-1), 9);
  t.true(kept.length >= 3 && kept.length <= 4, `${kept.length} kept`);
});

test('a stored batch that was altered is never handed on', async (t) => {
  const opened = await openNew(t);
  await appendAll(opened.log, facts);
  const rows = opened.store.database.table<Uint8Array>('log-batch', 'view');
  const [name] = (await rows.keys().all()).slice(2, 3);
  const row = Uint8Array.from((await rows.get(name!))!);
  row[40] = row[40]! ^ 1;
  await opened.store.database.write([{ table: rows, key: name!, value: row }]);
  t.deepEqual(numbers(await read(opened.log, key, { stream: 'facts', sequence: 0 })), [0, 1]);
});

/** What a disk lost of a log, behind the back of it. */
async function lose(
  t: ExecutionContext,
  folder: string,
  keys: readonly string[],
  from = 'log-batch',
): Promise<void> {
  const store = await openStore(join(folder, 'database'));
  const table = store.database.table<Uint8Array>(from, 'view');
  await store.database.write(keys.map((lost) => ({ table, key: lost })));
  await store.close();
  t.pass();
}

async function factsOf(log: LiveLog, self: MachineKey): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { sequence } of log.readFacts(self.peer)) found.push(sequence);
  return found;
}

const rowOf = (sequence: number): string => `facts/${key.peer}/${String(sequence).padStart(16, '0')}`;

test('what a disk lost in the middle of the facts of another one is asked for anew', async (t) => {
  const opened = await openNew(t);
  await appendAll(opened.log, facts);
  await opened.store.close();
  await lose(t, opened.folder, [rowOf(2)]);
  const { log } = await openAt(t, opened.folder);
  t.deepEqual(await factsOf(log, createMachineKey()), [0, 1]);
  t.is(log.heads().get(logName(key.peer, 'facts'))?.next, 2);
  t.deepEqual(
    await appendAll(log, facts.slice(2)),
    facts.slice(2).map(() => 'stored'),
  );
  t.deepEqual(
    await factsOf(log, createMachineKey()),
    facts.map(({ sequence }) => sequence),
  );
});

test('the own facts are never written anew under numbers that were used, whatever a disk lost of them', async (t) => {
  const opened = await openNew(t);
  await appendAll(opened.log, facts);
  await opened.store.close();
  await lose(t, opened.folder, [rowOf(2), rowOf(facts.length - 1)]);
  const { log, store } = await openAt(t, opened.folder);
  t.is((await factsOf(log, key)).length, facts.length - 2);
  t.is(log.heads().get(logName(key.peer, 'facts'))?.next, facts.length);
  await store.close();
  await lose(t, opened.folder, [logName(key.peer, 'facts')], 'log-head');
  const without = await openAt(t, opened.folder);
  t.is((await factsOf(without.log, key)).length, facts.length - 2);
  t.is(
    without.log.heads().get(logName(key.peer, 'facts'))?.next,
    facts.length - 1,
    'as far as its batches go',
  );
});

/** As earlier agents stored it: a batch of a number after which no number can be written, and the head that follows from it. */
async function poison(folder: string, { bytes, hash }: SignedBatch): Promise<void> {
  const store = await openStore(join(folder, 'database'));
  const name = logName(key.peer, 'telemetry');
  const sequence = Number.MAX_SAFE_INTEGER;
  const head = { next: sequence + 1, hash, first: 0, bytes: bytes.length };
  const row = new Uint8Array(8 + bytes.length);
  row.set(bytes, 8);
  await store.database.write([
    { table: store.database.table('log-head', 'json'), key: name, value: head },
    {
      table: store.database.table('log-batch', 'view'),
      key: `telemetry/${key.peer}/${sequence}`,
      value: row,
    },
  ]);
  await store.close();
}

test('a log whose head no agent would write opens, and goes on after the batches that open', async (t) => {
  const last = signBatch({ ...telemetry[0]!, key, sequence: Number.MAX_SAFE_INTEGER });
  for (const keptCount of [0, 4]) {
    const opened = await openNew(t);
    await appendAll(opened.log, [...facts, ...telemetry.slice(0, keptCount)]);
    await opened.store.close();
    await poison(opened.folder, last);
    const { log, reports, store } = await openAt(t, opened.folder);
    t.true(
      reports.includes(`Error: the head of a log was damaged on this disk: it goes on from ${keptCount}`),
    );
    t.is(log.heads().get(logName(key.peer, 'telemetry'))?.next ?? 0, keptCount);
    t.is(log.heads().get(logName(key.peer, 'facts'))?.next, facts.length);
    t.is(await append(log, telemetry[keptCount]!), 'stored');
    await store.close();
    const again = await openAt(t, opened.folder);
    t.deepEqual(again.reports, []);
    t.is((await read(again.log, key, { stream: 'telemetry', sequence: 0 })).length, keptCount + 1);
  }
});
