// What an agent takes from its desktop when it has nothing to do, before and after it has saved 200,000 small files:
//   node --import ./cli/engine.js test/benchmarks/data-path/idle.ts [SHARDS]
// It may hold shards of machines that are not there besides. Takes ten minutes; four agents on loopback. Not a test.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProtectAnswer, SnapshotAnswer } from '../../../agent/control/index.ts';
import {
  askCommand,
  killAgent,
  type RunningAgent,
  startAgentProcess,
  stopAgents,
} from '../../../cli/demo/processes.ts';
import { startFleet } from './fleet-start.ts';
import { giveShards } from './given-shards.ts';
import { cpuSecondsOf, memoryOf } from './process-cpu.ts';
import { writeManyFiles } from './trees.ts';

const minuteMs = 60_000;
const shardCount = Number(process.argv[2] ?? 0);

const tree = join(tmpdir(), 'drey-bench', 'many');
writeManyFiles(tree);
const root = mkdtempSync(join(tmpdir(), 'drey-idle-bench-'));
const agents: RunningAgent[] = [];
try {
  await startFleet({ root, count: 4, dataShards: 1 }, agents);
  if (shardCount > 0) await fill(agents[1]!);
  const owner = agents[1]!;
  await watch(owner, 'before', 3);
  const { outcome } = await askCommand<ProtectAnswer & SnapshotAnswer>([
    'protect',
    tree,
    '--home',
    owner.home,
  ]);
  if (outcome !== 'acknowledged') throw new Error(`the backup ended as ${outcome}`);
  await watch(owner, 'after', 5);
} finally {
  await Promise.all(agents.map(killAgent));
  rmSync(root, { recursive: true, force: true });
}

async function fill(agent: RunningAgent): Promise<void> {
  await stopAgents([agent]);
  await giveShards(agent.home, shardCount);
  agents[1] = await startAgentProcess('pc-2', agent.home);
}

/** Says what `agent` has resident now and after each of so many minutes, and the CPU that it took in them. */
async function watch({ pid }: RunningAgent, when: string, minuteCount: number): Promise<void> {
  for (let minute = 0; minute <= minuteCount; minute++) {
    const cpuBefore = cpuSecondsOf([pid]);
    if (minute > 0) await new Promise((resolve) => setTimeout(resolve, minuteMs));
    const { nowBytes, peakBytes } = memoryOf(pid);
    process.stdout.write(
      `${when}, ${minute} min: ${Math.round(nowBytes / 1e6)} MB resident, peak ${Math.round(peakBytes / 1e6)} MB, ` +
        `${(cpuSecondsOf([pid]) - cpuBefore).toFixed(1)} s of CPU\n`,
    );
  }
}
