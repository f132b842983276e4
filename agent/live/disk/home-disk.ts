// Whether the disk below an agent's folder is there and takes writes. A disk that is pulled out, fails or is made read-only is no reason to
// end for good, and none to say that every shard is missing: the agent stands by, as if the machine were off, until the disk is back.

import { readFileSync, statSync, utimesSync } from 'node:fs';
import { DreyError } from '../../../datasets/index.ts';
import { homeDiskLookMs } from '../limits.ts';
import { isFullError } from '../disk-full.ts';
import { homeAt } from '../home.ts';
import { folderId, isShardFolder } from './shard-folder.ts';

export interface DiskTrouble {
  readonly state: 'gone' | 'read-only' | 'failing';
  /** What was seen, as the rest of a sentence: "its folder is not there". */
  readonly reason: string;
}

export class HomeDisk {
  readonly #home: string;
  #place: string | undefined;
  /** Of the folder of its shards, which may lie on another disk; undefined before an agent gave it one. */
  #shards: string | undefined;
  #hurry: (() => void) | undefined;

  /** A folder with an agent's identity in it. */
  constructor(home: string) {
    this.#home = home;
    this.remember();
  }

  /** From now on this is the right disk: an agent has just been started on it. */
  remember(): void {
    this.#place = placeOf(this.#home);
    this.#shards = folderId(homeAt(this.#home).shards);
  }

  /** What is wrong at this moment. A full disk is no trouble: the agent lives with it. */
  trouble(): DiskTrouble | undefined {
    return this.#place === placeOf(this.#home) ? this.unfit() : { state: 'gone', reason: goneReason };
  }

  /** What keeps an agent from being started on whatever disk lies there now. */
  unfit(): DiskTrouble | undefined {
    try {
      // Read, not only found: a disk that fails still knows its folders.
      readFileSync(homeAt(this.#home).identityFile);
      const now = new Date();
      utimesSync(this.#home, now, now);
      const isWhole = this.#shards === undefined || isShardFolder(homeAt(this.#home).shards, this.#shards);
      return isWhole ? undefined : { state: 'gone', reason: shardsGoneReason };
    } catch (error) {
      return isFullError(error) ? undefined : troubleOf(error as NodeJS.ErrnoException);
    }
  }

  /** Looks again and again until `look` finds what it looks for. Rejects when `signal` ends it. */
  async watch<Found>(look: (disk: HomeDisk) => Found | undefined, signal: AbortSignal): Promise<Found> {
    for (;;) {
      signal.throwIfAborted();
      const found = look(this);
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      const hurry = (): void => resolve();
      this.#hurry = hurry;
      const timer = setTimeout(hurry, homeDiskLookMs);
      signal.addEventListener('abort', hurry, { once: true });
      await promise;
      clearTimeout(timer);
      signal.removeEventListener('abort', hurry);
    }
  }

  /** Has whoever watches look at once. */
  hurry(): void {
    this.#hurry?.();
  }
}

const shardsGoneReason = 'the folder of its shards is not there, or another disk lies in its place';
const goneReason = 'its folder is not there, or another disk lies in its place';

/** Which folder of which disk this is; undefined where there is none. */
function placeOf(folder: string): string | undefined {
  try {
    const { dev, ino } = statSync(folder);
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

function troubleOf({ code, message }: NodeJS.ErrnoException): DiskTrouble {
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'gone', reason: goneReason };
  if (code === 'EROFS') return { state: 'read-only', reason: 'it is read-only' };
  return { state: 'failing', reason: `it does not work: ${message}` };
}

/** What every command hears meanwhile. */
export const standsBy = ({ reason }: DiskTrouble, since: Date): DreyError =>
  new DreyError({
    code: 'agent-stands-by',
    message:
      `the agent stands by since ${since.toISOString()} because of the disk of its own folder: ${reason}. ` +
      'Nothing is backed up from here and nothing is kept for others; to them this machine is off',
    advice: 'Bring the disk back, writable: the agent goes on by itself within seconds.',
    retry: 'retryable',
  });

/** Why an agent cannot be started there. */
export const unfitDisk = (home: string, { reason }: DiskTrouble, cause: unknown): DreyError =>
  new DreyError({
    code: 'home-unfit',
    message: `an agent cannot run in ${home} because of its disk: ${reason}`,
    advice: 'Bring the disk back, writable, and start the agent again.',
    retry: 'retryable',
    cause,
  });
