// What an agent takes from its desktop that holds 100,000 shards of twenty owners (4 of 6) and has nothing to do:
//   node --import ./cli/engine.js test/benchmarks/data-path/idle-holder.ts [SHARDS]
// Takes four minutes; one agent alone, that is given them while it does not run. Not a test.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  askCommand,
  killAgent,
  type RunningAgent,
  startAgentProcess,
  stopAgents,
} from '../../../cli/demo/processes.ts';
import { giveShards } from './given-shards.ts';
import { memoryOf } from './process-cpu.ts';

const shardCount = Number(process.argv[2] ?? 100_000);

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
  await giveShards(home, shardCount);
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
