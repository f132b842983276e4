// A fleet of real agents on loopback beside Syncthing: how long a backup takes until every receipt is in, how long one small file and the
// whole tree take to come back. `npm run bench -- fleet [--rounds 1] [--json OUT]`; more with `node fleet.ts --files 30000`. Not a test.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import {
  askAgent,
  type ProtectAnswer,
  type RestoreAnswer,
  type SnapshotAnswer,
} from '../../../agent/control/index.ts';
import { askCommand, killAgent, type RunningAgent } from '../../../cli/demo/processes.ts';
import { startFleet } from './fleet-start.ts';
import { cpuSecondsOf, memoryOf } from './process-cpu.ts';
import { copyBySyncthing, hasSyncthing } from './syncthing.ts';
import { bytesBelow, toolsHere } from './tools.ts';
import { writeMixedTree } from './trees.ts';
import type { Usage } from './usage.ts';

/** The fewest with shards for bulk: 4 + 2 of each pack on six of the eight others. */
const agentCount = 9;
const smallFiles = Array.from({ length: 5 }, (_, at) => `letters/letter-${at}.bin`);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    /** 30,000 are 3 GB. */
    files: { type: 'string', default: '5000' },
    json: { type: 'string' },
  },
});

interface Measured {
  readonly work: string;
  readonly tool: string;
  readonly usages: Usage[];
  readonly bytes: number;
}
const measured: Measured[] = [];

function note(work: string, tool: string, { usage, bytes }: { usage: Usage; bytes: number }): void {
  const known = measured.find((one) => one.work === work && one.tool === tool);
  if (known === undefined) measured.push({ work, tool, usages: [usage], bytes });
  else known.usages.push(usage);
  process.stdout.write(
    `${work}, ${tool}: ${usage.wallSeconds.toFixed(2)} s, CPU ${usage.cpuSeconds.toFixed(2)} s, ` +
      `${(bytes / 1e6 / usage.wallSeconds).toFixed(1)} MB/s\n`,
  );
}

/** What all agents that live used together while `work` went on; `askAgent` itself is this process and not counted. */
async function used<Answer>(
  agents: readonly RunningAgent[],
  work: () => Promise<Answer>,
): Promise<{ readonly usage: Usage; readonly answer: Answer }> {
  const pids = agents.map(({ pid }) => pid);
  const [startMs, startCpu] = [performance.now(), cpuSecondsOf(pids)];
  const answer = await work();
  const usage = {
    wallSeconds: (performance.now() - startMs) / 1000,
    cpuSeconds: cpuSecondsOf(pids) - startCpu,
    peakBytes: Math.max(...pids.map((pid) => memoryOf(pid).peakBytes)),
  };
  return { usage, answer };
}

async function backUp(tree: string, agents: readonly RunningAgent[], bytes: number): Promise<void> {
  const { usage, answer } = await used(agents, () =>
    askCommand<ProtectAnswer & SnapshotAnswer>(['protect', tree, '--home', agents[1]!.home]),
  );
  if (answer.outcome !== 'acknowledged') throw new Error(`the backup ended as ${answer.outcome}`);
  note('backup into a fleet', 'drey', { usage, bytes });
}

async function restoreFrom(
  agents: readonly RunningAgent[],
  wanted: { readonly to: string; readonly paths: readonly string[] },
): Promise<{ readonly usage: Usage; readonly answer: RestoreAnswer }> {
  const { to, paths } = wanted;
  const done = await used(agents, () =>
    askAgent({ home: agents[1]!.home, call: 'restore', request: { to, paths: [...paths], ignore: [] } }),
  );
  if (done.answer.missing.length > 0) throw new Error(`${done.answer.missing.length} files are missing`);
  return done;
}

async function round(tree: string, bytes: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'drey-fleet-bench-'));
  const agents: RunningAgent[] = [];
  try {
    const store = join(root, 'local');
    const [drey] = toolsHere(() => undefined);
    drey!.prepare(store);
    note('ingest', 'drey', { usage: drey!.backup(tree, store), bytes });
    rmSync(store, { recursive: true });
    if (hasSyncthing()) {
      const place = join(root, 'syncthing');
      const usage = await copyBySyncthing({ folder: tree, byteCount: bytes, place });
      note('backup into a fleet', 'syncthing', { usage, bytes });
      rmSync(place, { recursive: true });
    } else process.stdout.write('syncthing is not here and is left out: apt-get install syncthing\n');
    await startFleet({ root, count: agentCount, dataShards: 4 }, agents);
    await backUp(tree, agents, bytes);
    for (const [at, path] of smallFiles.entries()) {
      const { usage, answer } = await restoreFrom(agents, { to: join(root, `one-${at}`), paths: [path] });
      process.stdout.write(`${answer.packCount} packs: `);
      note('restore of one 10 KB file', 'drey', { usage, bytes: answer.byteCount });
    }
    for (const victim of agents.splice(-2)) await killAgent(victim);
    const { usage } = await restoreFrom(agents, { to: join(root, 'all'), paths: [] });
    note('restore of the tree, 2 holders dead', 'drey', { usage, bytes });
  } finally {
    await Promise.all(agents.map(killAgent));
    rmSync(root, { recursive: true, force: true });
  }
}

const medianOf = (usages: readonly Usage[], of: 'wallSeconds' | 'cpuSeconds'): number =>
  median(usages.map((one) => one[of]));

function ratios(): readonly object[] {
  const find = (work: string, tool: string): readonly Usage[] | undefined =>
    measured.find((one) => one.work === work && one.tool === tool)?.usages;
  const ratio = (work: string, against: string, other: readonly Usage[] | undefined): readonly object[] => {
    const own = find(work, 'drey');
    if (own === undefined || other === undefined) return [];
    const wall = medianOf(other, 'wallSeconds') / medianOf(own, 'wallSeconds');
    return [{ work, against, wall, cpu: medianOf(other, 'cpuSeconds') / medianOf(own, 'cpuSeconds') }];
  };
  const backup = 'backup into a fleet';
  return [
    ...ratio(backup, 'syncthing', find(backup, 'syncthing')),
    ...ratio('restore of the tree, 2 holders dead', 'ingest', find('ingest', 'drey')),
  ];
}

const tree = join(tmpdir(), 'drey-bench', `mixed-${values.files}`);
mkdirSync(join(tmpdir(), 'drey-bench'), { recursive: true });
writeMixedTree(tree, Number(values.files));
mkdirSync(join(tree, 'letters'), { recursive: true });
for (const path of smallFiles) writeFileSync(join(tree, path), randomBytes(10_240));
const bytes = bytesBelow(tree);
for (let at = 0; at < Number(values.rounds); at++) await round(tree, bytes);
for (const line of ratios()) process.stdout.write(`${JSON.stringify(line)}\n`);
if (values.json !== undefined) {
  const rows = measured.map(({ work, tool, usages, bytes: storedBytes }) => ({
    work,
    tool,
    wallSeconds: usages.map(({ wallSeconds }) => wallSeconds),
    cpuSeconds: usages.map(({ cpuSeconds }) => cpuSeconds),
    peakBytes: Math.max(...usages.map(({ peakBytes }) => peakBytes)),
    storedBytes,
  }));
  writeFileSync(values.json, `${JSON.stringify({ rows, ratios: ratios() }, null, 2)}\n`);
}
