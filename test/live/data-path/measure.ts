// Measures the data path on a real folder: `node test/live/data-path/measure.ts FOLDER [THREADS]`. Prints seconds, CPU
// seconds and the longest stop of the main thread for each step; leaves nothing behind. Not a test.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createDriveKey, createMachineKey } from '../../../agent/codec/index.ts';
import { driveId } from '../../../agent/index.ts';
import {
  compareTrees,
  createSnapshotter,
  restoreSnapshot,
  WorkerPool,
} from '../../../agent/live/data-path/index.ts';
import { mebibyte, unixMs } from '../../../datasets/index.ts';

const folder = resolve(process.argv[2] ?? '.');
const threadCountMax = Number(process.argv[3] ?? 0);
const made = mkdtempSync(join(tmpdir(), 'drey-measure-'));
const [outbox, stateFolder, to] = [join(made, 'outbox'), join(made, 'state'), join(made, 'to')];
const workers = new WorkerPool(threadCountMax > 0 ? { threadCountMax } : {});
const driveKey = createDriveKey();
const drive = driveId('00112233445566778899aabbccddeeff');
const stops = monitorEventLoopDelay({ resolution: 5 });
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

async function step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  stops.reset();
  const [startMs, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const used = process.cpuUsage(cpu);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(2);
  const cpuSeconds = ((used.user + used.system) / 1e6).toFixed(2);
  say(`${name}: ${seconds} s, CPU ${cpuSeconds} s, longest stop ${(stops.max / 1e6).toFixed(0)} ms`);
  return result;
}

const fileOf = (pack: string): string => join(outbox, `${pack}.pack`);
mkdirSync(outbox);
stops.enable();
const snapshotter = createSnapshotter({
  drive,
  driveKey,
  keyEpoch: 1,
  owner: createMachineKey().peer,
  folder,
  ignore: [],
  stateFolder,
  workers,
  stagePack: ({ pack }, shards) => writeFile(fileOf(pack), shards[0] ?? new Uint8Array()),
  redundancyFor: () => ({ k: 1, n: 3 }),
  now: () => unixMs(Date.now()),
});
const first = await step('first snapshot', () => snapshotter.snapshot());
say(
  `  ${first.fileCount} files, ${(first.byteCount / mebibyte).toFixed(0)} MiB, sealed ${(first.sealedBytes / mebibyte).toFixed(0)} MiB`,
);
await step('unchanged', () => snapshotter.snapshot());
const restored = await step('restore', () =>
  restoreSnapshot({
    workers,
    head: first.staged.head,
    driveKey,
    to,
    fetchPack: async ({ pack }) => new Uint8Array(await readFile(fileOf(pack))),
  }),
);
const differences = await step('compare', () => compareTrees({ workers, left: folder, right: to }));
say(`  missing ${restored.missing.length}, different ${differences.length}`);
await workers.close();
rmSync(made, { recursive: true, force: true });
