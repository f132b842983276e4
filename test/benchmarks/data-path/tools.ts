// The tools side by side: what each runs to back up a folder into a place of its own, again, and back. Drey's commands go through the product's own
// data path (drey-backup.ts); the others are Debian's packages with the settings that come nearest: zstd 1, encryption, flushed.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dreyNodeArguments } from './drey-node.ts';
import type { Usage } from './usage.ts';

export type ToolName = 'drey' | 'restic' | 'borg' | 'rsync';

export interface Tool {
  readonly name: ToolName;
  /** Makes an empty store; not measured. */
  prepare(store: string): void;
  /** First or later backup of a folder. */
  backup(folder: string, store: string): Usage;
  /** Everything of the newest backup decrypted and checked, written nowhere; absent where the tool cannot. */
  readonly read?: (folder: string, store: string) => Usage;
  /** Everything of the newest backup into an empty folder. */
  restore(folder: string, store: string, to: string): Usage;
}

const usageScript = fileURLToPath(new URL('usage.ts', import.meta.url));
const dreyScript = fileURLToPath(new URL('drey-backup.ts', import.meta.url));

/** Of backups that are nobody's. */
const password = 'benchmark';
const environment = (store: string): NodeJS.ProcessEnv => ({
  ...process.env,
  // A running agent has its code loaded; here each run begins with it.
  NODE_COMPILE_CACHE: join(tmpdir(), 'drey-bench', 'compiled'),
  RESTIC_PASSWORD: password,
  RESTIC_CACHE_DIR: `${store}.cache`,
  RESTIC_REPOSITORY: store,
  RESTIC_COMPRESSION: 'auto',
  BORG_PASSPHRASE: password,
  BORG_BASE_DIR: `${store}.cache`,
  BORG_REPO: store,
  BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
});

interface Run {
  readonly store: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd?: string;
}

function checked({ status, error, stderr }: SpawnSyncReturns<string>, command: string): void {
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
}

function run({ store, command, cwd }: Run): void {
  const [name, ...args] = command;
  checked(spawnSync(name, args, { env: environment(store), encoding: 'utf8', cwd }), name);
}

const measured = ({ command, ...rest }: Run): Usage =>
  usageSaid({ ...rest, command: [process.execPath, usageScript, ...command] });

/** Of a command that says itself, or of whose run is said, what it used. */
function usageSaid({ store, command, cwd }: Run): Usage {
  const [name, ...args] = command;
  const ended = spawnSync(name, args, { env: environment(store), encoding: 'utf8', cwd });
  checked(ended, name);
  return JSON.parse(ended.stdout) as Usage;
}

const dreyRun = (
  work: 'snapshot' | 'read' | 'restore',
  ...places: readonly [string, string, string?]
): Usage =>
  usageSaid({
    store: places[1],
    command: [
      process.execPath,
      ...dreyNodeArguments,
      dreyScript,
      work,
      ...places.filter((place) => place !== undefined),
    ],
  });

/** As an agent does it that runs already; the others are started for each of their works, as they always are. */
const drey: Tool = {
  name: 'drey',
  prepare: (store) => mkdirSync(store, { recursive: true }),
  backup: (folder, store) => dreyRun('snapshot', folder, store),
  read: (folder, store) => dreyRun('read', folder, store),
  restore: (folder, store, to) => dreyRun('restore', folder, store, to),
};

const restic: Tool = {
  name: 'restic',
  prepare: (store) => run({ store, command: ['restic', 'init', '--repository-version', '2'] }),
  backup: (folder, store) => measured({ store, command: ['restic', 'backup', '--quiet', folder] }),
  // A tar of everything, into nothing (its output goes nowhere).
  read: (folder, store) => measured({ store, command: ['restic', 'dump', 'latest', folder] }),
  restore: (_folder, store, to) =>
    measured({ store, command: ['restic', 'restore', 'latest', '--quiet', '--target', to] }),
};

const borg: Tool = {
  name: 'borg',
  prepare: (store) => run({ store, command: ['borg', 'init', '--encryption', 'repokey-blake2', store] }),
  backup: (folder, store) =>
    measured({
      store,
      command: ['borg', 'create', '--compression', 'zstd,1', `${store}::{now:%s%f}`, folder],
    }),
  read: (_folder, store) =>
    measured({ store, command: ['borg', 'extract', '--dry-run', `${store}::${newestOf(store)}`] }),
  restore: (_folder, store, to) =>
    measured({ store, command: ['borg', 'extract', `${store}::${newestOf(store)}`], cwd: to }),
};

function newestOf(store: string): string {
  const listed = spawnSync('borg', ['list', '--short', '--last', '1', store], {
    env: environment(store),
    encoding: 'utf8',
  });
  checked(listed, 'borg');
  return listed.stdout.trim();
}

/** A plain copy: no encryption, no history; the least that a backup can cost. */
const rsync: Tool = {
  name: 'rsync',
  prepare: (store) => mkdirSync(store, { recursive: true }),
  backup: (folder, store) =>
    measured({ store, command: ['rsync', '-aHAX', '--delete', '--fsync', `${folder}/`, `${store}/`] }),
  restore: (_folder, store, to) =>
    measured({ store, command: ['rsync', '-aHAX', '--fsync', `${store}/`, `${to}/`] }),
};

const isInstalled = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;

/** Those that are here; says how to get the others. */
export function toolsHere(say: (line: string) => void): readonly Tool[] {
  const packages = { restic: 'restic', borg: 'borgbackup', rsync: 'rsync' } as const;
  return [drey, restic, borg, rsync].filter(({ name }) => {
    if (name === 'drey' || isInstalled(name)) return true;
    say(`${name} is not here and is left out: apt-get install ${packages[name]}`);
    return false;
  });
}

/** Bytes of all files below, as long as they are. */
export function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

export function removeStore(store: string): void {
  for (const place of [store, `${store}.cache`]) rmSync(place, { recursive: true, force: true });
}
