// What an agent's start costs for the telemetry of the others, which it reads from its own disk: `npx node test/benchmarks/log-start.ts
// MACHINES DAYS`, an hourly batch of each. Beside it the same batches, each with a check of its own signature.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMachineKey,
  type MachineKey,
  noBatchHash,
  openBatch,
  signBatch,
  type SignedBatch,
} from '../../agent/codec/index.ts';
import { type LiveLog, openLiveLog } from '../../agent/live/log/index.ts';
import { openStore } from '../../agent/live/store.ts';
import { hours, machineId, unixMs } from '../../datasets/index.ts';

const [machineCount, dayCount] = process.argv.slice(2).map(Number) as [number, number];
/** Batches that are flushed together. */
const togetherMax = 500;

function* telemetryOf(key: MachineKey, hourCount: number): Generator<SignedBatch> {
  let previous = noBatchHash;
  const startMs = Date.now() - hours(hourCount);
  for (let sequence = 0; sequence < hourCount; sequence++) {
    const fromMs = unixMs(startMs + hours(sequence));
    const toMs = unixMs(fromMs + hours(1));
    const row = { kind: 'uptime', machine: machineId(key.peer), fromMs, toMs, state: 'up' } as const;
    const records = [{ kind: 'telemetry', origin: 'collected', rows: [row] }] as const;
    const batch = signBatch({ key, stream: 'telemetry', sequence, previous, atMs: toMs, records });
    previous = batch.hash;
    yield batch;
  }
}

async function fill(log: LiveLog): Promise<void> {
  for (let machine = 0; machine < machineCount; machine++) {
    let count = 0;
    for (const batch of telemetryOf(createMachineKey(), dayCount * 24)) {
      log.append(batch, () => undefined);
      if (++count % togetherMax === 0) await log.idle();
    }
    await log.idle();
  }
}

async function cpuSecondsOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const folder = mkdtempSync(join(tmpdir(), 'drey-log-start-'));
const store = await openStore(join(folder, 'database'));
const log = await openLiveLog({ database: store.database });
await fill(log);
const kept: Uint8Array[] = [];
const together = await cpuSecondsOf(async () => {
  for await (const { bytes } of log.readAll('telemetry')) kept.push(bytes);
});
const singly = await cpuSecondsOf(async () => {
  for (const bytes of kept) if (!openBatch(bytes).ok) throw new Error('a batch does not open');
});
const ratio = (singly / together).toFixed(1);
process.stdout.write(
  `${kept.length} batches: ${together.toFixed(2)} s of CPU to read and open them, ${singly.toFixed(2)} s to open each by itself: ${ratio} times as much\n`,
);
await store.close();
rmSync(folder, { recursive: true });
