// `npm run bench -- WORK`: Drey's data path beside restic, borg and rsync, the same data, in interleaved rounds, as ratios of medians.
// Not a test: times depend on the machine. Everything lies in one folder below the system's temporary one, and stays for the next run.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { median } from 'simple-statistics';
import { endAgentsWithThis } from '../../../cli/demo/processes.ts';
import { erasureRows } from './erasure.ts';
import { bytesBelow, removeStore, type Tool, toolsHere } from './tools.ts';
import { changeTree, writeManyFiles, writeMixedTree } from './trees.ts';
import type { Usage } from './usage.ts';

const works = ['ingest', 'unchanged', 'incremental', 'restore', 'transfer', 'fleet', 'erasure'] as const;
type Work = (typeof works)[number];

export interface Row {
  readonly work: string;
  readonly tool: string;
  readonly wallSeconds: readonly number[];
  readonly cpuSeconds: readonly number[];
  readonly peakBytes: number;
  readonly storedBytes: number;
}

interface Ratio {
  readonly work: string;
  readonly against: string;
  /** How many times less wall time, and less CPU time, Drey needed; medians. */
  readonly wall: number;
  readonly cpu: number;
}

interface Options {
  readonly data?: string;
  readonly rounds: number;
  readonly json?: string;
  readonly folder: string;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Collects what each tool used, round by round. */
class Rows {
  readonly #runs = new Map<string, { work: string; tool: string; usages: Usage[]; storedBytes: number }>();

  add(work: string, tool: string, usage: Usage, storedBytes: number): void {
    const name = `${work} ${tool}`;
    const run = this.#runs.get(name) ?? { work, tool, usages: [], storedBytes: 0 };
    run.usages.push(usage);
    run.storedBytes = storedBytes;
    this.#runs.set(name, run);
    say(`${work}, ${tool}: ${usage.wallSeconds.toFixed(2)} s, CPU ${usage.cpuSeconds.toFixed(2)} s`);
  }

  all(): readonly Row[] {
    return [...this.#runs.values()].map(({ work, tool, usages, storedBytes }) => ({
      work,
      tool,
      wallSeconds: usages.map(({ wallSeconds }) => wallSeconds),
      cpuSeconds: usages.map(({ cpuSeconds }) => cpuSeconds),
      peakBytes: Math.max(...usages.map(({ peakBytes }) => peakBytes)),
      storedBytes,
    }));
  }
}

/** The folder to back up: the given one, or a made one. */
function dataOf({ data, folder }: Options, made: 'mixed' | 'many'): string {
  if (data !== undefined) return resolve(data);
  const place = join(folder, made);
  say(`data: ${place} (made once)`);
  if (made === 'mixed') writeMixedTree(place);
  else writeManyFiles(place);
  return place;
}

/** Reads every byte once, so that all tools find it in memory. */
function warm(folder: string): void {
  spawnSync('tar', ['cf', '/dev/null', folder], { stdio: 'ignore' });
  spawnSync('sh', ['-c', 'find "$0" -type f -exec cat {} + > /dev/null', folder], { stdio: 'ignore' });
}

function flush(): void {
  spawnSync('sync');
}

interface Bench {
  readonly options: Options;
  readonly tools: readonly Tool[];
  readonly rows: Rows;
  readonly storeOf: (tool: Tool) => string;
}

function ingest({ options, tools, rows, storeOf }: Bench): void {
  const folder = dataOf(options, 'mixed');
  warm(folder);
  for (let round = 0; round < options.rounds; round++) {
    for (const tool of tools) {
      removeStore(storeOf(tool));
      tool.prepare(storeOf(tool));
      flush();
      const usage = tool.backup(folder, storeOf(tool));
      rows.add('ingest', tool.name, usage, bytesBelow(storeOf(tool)));
    }
  }
}

function first({ tools, storeOf }: Bench, folder: string): void {
  for (const tool of tools) {
    removeStore(storeOf(tool));
    tool.prepare(storeOf(tool));
    say(`first backup, ${tool.name}: ${tool.backup(folder, storeOf(tool)).wallSeconds.toFixed(2)} s`);
  }
}

function unchanged(bench: Bench): void {
  const { options, tools, rows, storeOf } = bench;
  const folder = dataOf(options, 'many');
  first(bench, folder);
  warm(folder);
  for (let round = 0; round < options.rounds; round++)
    for (const tool of tools)
      rows.add('unchanged', tool.name, tool.backup(folder, storeOf(tool)), bytesBelow(storeOf(tool)));
}

/** Changes a copy of the made tree; a given one is somebody's own and is not touched. */
function incremental(bench: Bench): void {
  const { options, tools, rows, storeOf } = bench;
  if (options.data !== undefined)
    throw new InvalidArgumentError('incremental changes files: it runs on its own data only');
  const folder = join(options.folder, 'changing');
  rmSync(folder, { recursive: true, force: true });
  spawnSync('cp', ['-a', dataOf(options, 'mixed'), folder]);
  first(bench, folder);
  for (let round = 0; round < options.rounds; round++) {
    changeTree(folder, round);
    flush();
    for (const tool of tools) {
      const before = bytesBelow(storeOf(tool));
      const usage = tool.backup(folder, storeOf(tool));
      rows.add('incremental', tool.name, usage, bytesBelow(storeOf(tool)) - before);
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

function restore(bench: Bench): void {
  const { options, tools, rows, storeOf } = bench;
  const folder = dataOf(options, 'mixed');
  first(bench, folder);
  for (let round = 0; round < options.rounds; round++) {
    for (const tool of tools) {
      const storedBytes = bytesBelow(storeOf(tool));
      warm(storeOf(tool));
      const read = tool.read?.(folder, storeOf(tool));
      if (read !== undefined) rows.add('restore, decoded only', tool.name, read, storedBytes);
      const to = join(options.folder, 'restored');
      rmSync(to, { recursive: true, force: true });
      mkdirSync(to);
      flush();
      rows.add('restore, whole tree', tool.name, tool.restore(folder, storeOf(tool), to), storedBytes);
      rmSync(to, { recursive: true, force: true });
    }
  }
}

function ratiosOf(rows: readonly Row[]): readonly Ratio[] {
  return rows
    .filter(({ tool }) => tool !== 'drey')
    .flatMap(({ work, tool, wallSeconds, cpuSeconds }) => {
      const own = rows.find((row) => row.tool === 'drey' && row.work === work);
      if (own === undefined) return [];
      return [
        {
          work,
          against: tool,
          wall: median([...wallSeconds]) / median([...own.wallSeconds]),
          cpu: median([...cpuSeconds]) / median([...own.cpuSeconds]),
        },
      ];
    });
}

function print(rows: readonly Row[], ratios: readonly Ratio[]): void {
  for (const { work, tool, wallSeconds, cpuSeconds, peakBytes, storedBytes } of rows) {
    const ratio = ratios.find((one) => one.work === work && one.against === tool);
    const beside =
      ratio === undefined
        ? ''
        : `  drey: ${ratio.wall.toFixed(2)}x faster, CPU ${ratio.cpu.toFixed(2)}x less`;
    process.stdout.write(
      `${work.padEnd(22)} ${tool.padEnd(8)} ${median([...wallSeconds])
        .toFixed(2)
        .padStart(7)} s  CPU ${median([...cpuSeconds])
        .toFixed(2)
        .padStart(7)} s  ` +
        `peak ${(peakBytes / 1e6).toFixed(0).padStart(5)} MB  stored ${(storedBytes / 1e6).toFixed(1).padStart(8)} MB${beside}\n`,
    );
  }
}

/** Works that are programs of their own, as they start processes that talk with each other. */
function runScript(name: 'transfer' | 'fleet', { rounds, json }: Options): void {
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const args = ['--rounds', String(rounds), ...(json === undefined ? [] : ['--json', json])];
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

const backups: Partial<Record<Work, (bench: Bench) => void>> = { ingest, unchanged, incremental, restore };

function measure(work: Work, options: Options): void {
  if (work === 'transfer' || work === 'fleet') return runScript(work, options);
  mkdirSync(options.folder, { recursive: true });
  const rows = new Rows();
  const tools = backups[work] === undefined ? [] : toolsHere(say);
  const storeOf = (tool: Tool): string => join(options.folder, `store-${tool.name}`);
  backups[work]?.({ options, tools, rows, storeOf });
  const all = work === 'erasure' ? erasureRows(options.rounds) : rows.all();
  const ratios = ratiosOf(all);
  print(all, ratios);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ rows: all, ratios }, null, 2)}\n`);
  for (const tool of tools) removeStore(storeOf(tool));
}

const workOf = (text: string): Work => {
  const found = works.find((work) => work === text);
  if (found === undefined) throw new InvalidArgumentError(`Choose one of: ${works.join(', ')}.`);
  return found;
};

const countOf = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return count;
};

endAgentsWithThis();
new Command('npm run bench --')
  .description('Measures the data path beside restic, borg and rsync in the same run.')
  .argument('<work>', works.join(', '), workOf)
  .option('--data <path>', 'back this up instead of data that the bench makes')
  .option('--rounds <count>', 'interleaved rounds', countOf, 5)
  .option('--json <file>', 'write rows and ratios there')
  .option('--folder <path>', 'where data, stores and restored trees lie', join(tmpdir(), 'drey-bench'))
  .action(measure)
  .parse();
