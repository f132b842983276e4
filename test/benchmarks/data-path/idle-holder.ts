// What an agent takes from its desktop that holds 100,000 shards of twenty owners (4 of 6) and has nothing to do:
//   node --import ./cli/engine.js test/benchmarks/data-path/idle-holder.ts [SHARDS]
// Takes four minutes; one agent alone, that is given them while it does not run. Not a test.

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createMachineKey, describePack, encodeDescriptor } from '../../../agent/codec/index.ts';
import { ShardFiles } from '../../../agent/live/disk/shard-files.ts';
import { homeAt } from '../../../agent/live/home.ts';
import { openStore } from '../../../agent/live/store.ts';
import { driveId } from '../../../agent/units.ts';
import {
  askCommand,
  killAgent,
  type RunningAgent,
  startAgentProcess,
  stopAgents,
} from '../../../cli/demo/processes.ts';
import { memoryOf } from './process-cpu.ts';

const shardCount = Number(process.argv[2] ?? 100_000);
const rowsAtOnce = 10_000;

const root = mkdtempSync(join(tmpdir(), 'drey-idle-bench-'));
const home = join(root, 'pc-1');
let agent: RunningAgent | undefined;
try {
  await askCommand([
    'fleet',
    'create',
    '--name',
    'benchmark',
    '--home',
    home,
    '--machine-name',
    'pc-1',
    '--quota',
    '20GB',
  ]);
  // Makes the database.
  await stopAgents([await startAgentProcess('pc-1', home)]);
  await giveShards();
  agent = await startAgentProcess('pc-1', home);
  await watch(agent);
} finally {
  if (agent !== undefined) await killAgent(agent);
  rmSync(root, { recursive: true, force: true });
}

async function watch({ pid }: RunningAgent): Promise<void> {
  for (let minute = 0; minute <= 2; minute++) {
    if (minute > 0) await new Promise((resolve) => setTimeout(resolve, 60_000));
    const { nowBytes, mappedBytes } = memoryOf(pid);
    const [now, mapped] = [nowBytes, mappedBytes].map((bytes) => Math.round(bytes / 1e6));
    process.stdout.write(
      `${shardCount} shards, ${minute} min: ${now} MB resident, ${mapped} MB of them mapped files\n`,
    );
  }
}

/** Rows, and a file of the right length for each: a start forgets what has none. */
async function giveShards(): Promise<void> {
  const { database, shards: folder } = homeAt(home);
  const store = await openStore(database);
  const table = store.database.table<Uint8Array>('shard', 'view');
  const files = new ShardFiles(folder);
  const owners = Array.from({ length: 20 }, () => ({
    owner: createMachineKey().peer,
    drive: driveId(randomBytes(16).toString('hex')),
  }));
  for (let from = 0; from < shardCount; from += rowsAtOnce) {
    const rows = Array.from({ length: Math.min(rowsAtOnce, shardCount - from) }, (_, at) => {
      const { descriptor, shards } = describePack(randomBytes(100), {
        ...owners[at % owners.length]!,
        placementClass: 'bulk',
        redundancy: { k: 4, n: 6 },
      });
      const [pack, index] = [descriptor.pack, at % shards.length];
      const file = files.fileOf({ place: 'held', pack, index });
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, shards[index]!);
      return { table, key: `held/${pack}/${index}`, value: encodeDescriptor(descriptor) };
    });
    await store.database.write(rows);
  }
  await store.close();
}
