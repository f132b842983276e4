// The agent's one LevelDB, and with it the lock on the agent's folder: LevelDB locks its folder by the operating system, so
// a crashed agent leaves no stale lock. The pid file beside it only tells people who holds it.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DreyError } from '../../datasets/index.ts';
import { Database } from './database.ts';

export interface Store {
  readonly database: Database;
  /** Closes the database and gives the folder free. */
  close(): Promise<void>;
}

/**
 * Opens, or makes, the database at `location` (a folder of its own inside the agent's folder). Throws `folder-in-use`
 * while another agent has it and `store-damaged` when LevelDB cannot read it.
 */
export async function openStore(location: string): Promise<Store> {
  mkdirSync(location, { recursive: true, mode: 0o700 });
  const pidFile = join(dirname(location), 'agent.pid');
  // LevelDB would take it for a folder without a database, and remove what is there.
  if (isWithoutCurrent(location)) throw storeDamaged();
  const database = new Database(location);
  try {
    await database.open();
  } catch (error) {
    throw nameOpenError(error, pidFile);
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    database,
    close: async () => {
      await database.close();
      rmSync(pidFile, { force: true });
    },
  };
}

const causeCode = (error: unknown): unknown =>
  ((error as { cause?: { code?: unknown } } | undefined)?.cause ?? {}).code;

function nameOpenError(error: unknown, pidFile: string): unknown {
  const code = causeCode(error);
  if (code === 'LEVEL_LOCKED') {
    const pid = readPid(pidFile);
    return new DreyError({
      code: 'folder-in-use',
      message: `Another agent${pid === undefined ? '' : ` (process ${pid})`} is running on this folder`,
      advice: 'Use that agent, stop it first, or give this one a folder of its own with --home.',
      retry: 'retryable',
      cause: error,
    });
  }
  return nameDamage(error);
}

/** `store-damaged` for what LevelDB says of files of its own that are missing, too short or not what they were; any other error as it is. */
export function nameDamage(error: unknown): unknown {
  const { message, cause } = (error ?? {}) as { readonly message?: unknown; readonly cause?: unknown };
  const text = [message, (cause as Error | undefined)?.message].join(' ');
  const isDamage =
    /Corruption: |IO error: .*[/\\](?:MANIFEST-|\d+\.ldb).*: (?:No such file|Invalid argument)/u;
  return isDamage.test(text) || causeCode(error) === 'LEVEL_CORRUPTION' ? storeDamaged(error) : error;
}

function isWithoutCurrent(location: string): boolean {
  const names = readdirSync(location);
  return names.some((name) => name.endsWith('.ldb')) && !names.includes('CURRENT');
}

const storeDamaged = (cause?: unknown): DreyError =>
  new DreyError({
    code: 'store-damaged',
    message: "The agent's database cannot be read",
    advice:
      'Move its folder away and join the fleet again with a new one: the other machines repair what it held.',
    cause,
  });

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
