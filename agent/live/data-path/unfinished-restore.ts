// What a restore that was cut off has left in its folder: of which snapshot it is, and whether files, links and further names in it are what
// they should be; and whether another process is at it now. Believes bytes, not names. Changes nothing.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { DreyError } from '../../../datasets/words.ts';
import type { ChunkId } from '../../units.ts';

/** Says in the folder of growing files of which snapshot an unfinished restore is. */
export const markName = 'snapshot';

/** Says beside it which process restores into the folder. */
export const runnerName = 'runner';

/** A process as no later one is called: numbers come again, hardly with the same start (Linux; "" elsewhere). */
export const runnerText = (pid: number): string => `${pid} ${startOf(pid)}`;

/** Field 22 of the process's line, counted after its name, which may hold anything (proc_pid_stat(5)). */
function startOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Whether another process that lives on this machine restores into the folder. */
export function isWrittenByAnother(parts: string): boolean {
  let text: string;
  try {
    text = readFileSync(join(parts, runnerName), 'latin1').slice(0, 64);
  } catch {
    return false;
  }
  const pid = Number(/^\d{1,10}(?= )/u.exec(text)?.[0] ?? 0);
  return pid > 0 && pid !== process.pid && text === runnerText(pid) && isAlive(pid);
}

/** Two at once would take each other's files away. */
export const restoreFolderInUse = (): DreyError =>
  new DreyError({
    code: 'restore-folder-in-use',
    message: 'Another restore is writing into that folder',
    advice: 'Wait until it has ended, or name another folder.',
    retry: 'retryable',
  });

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Bytes that should stand in a file. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly chunk: ChunkId;
}

export type PieceCheck = (bytes: Uint8Array, chunk: ChunkId) => boolean;

/** Whether a file has these pieces and nothing else. */
export function isMadeOf(place: Buffer, pieces: readonly Piece[], isRight: PieceCheck): boolean {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  let handle: number;
  try {
    handle = openSync(place, flags);
  } catch {
    return false;
  }
  try {
    const stats = fstatSync(handle);
    const byteCount = pieces.reduce((sum, { length }) => sum + length, 0);
    if (!stats.isFile() || stats.size !== byteCount) return false;
    return pieces.every(({ offset, length, chunk }) => {
      const bytes = Buffer.allocUnsafe(length);
      return readSync(handle, bytes, 0, length, offset) === length && isRight(bytes, chunk);
    });
  } finally {
    closeSync(handle);
  }
}

export function isSameFile(place: Buffer, other: Buffer): boolean {
  const [a, b] = [place, other].map((one) => lstatSync(one, { throwIfNoEntry: false, bigint: true }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

export function leadsTo(place: Buffer, target: Uint8Array): boolean {
  if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
  return Buffer.compare(readlinkSync(place, 'buffer'), target) === 0;
}

/** Of which snapshot an unfinished restore in the folder is. */
export function markIn(parts: string): string | undefined {
  try {
    return readFileSync(join(parts, markName), 'latin1').slice(0, 64);
  } catch {
    return undefined;
  }
}
