// Whether the disk has all that a restore wrote. Says so in words where it does not; writes nothing itself.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DreyError, mebibyte } from '../../../datasets/words.ts';
import { nameDiskError } from '../disk-full.ts';
import { errorCode } from './scan.ts';
import { systemCalls } from './system-calls.ts';

/** Where the system has no call that flushes all at once, small files are left to it: one by one they would take longer than the restore. */
const flushedAloneBytesMin = mebibyte;

/** Ends when all that was written to a folder's disk is on it, where the system has a call for that. Throws `restore-not-flushed`. */
export function flushAll(folder: string): void {
  try {
    systemCalls?.flushDisk(folder);
  } catch (error) {
    throw notFlushed(error);
  }
}

/** The same of one large file, where the system has no call for all. Throws `restore-not-flushed`. */
export function flushAlone(file: string, byteCount: number): void {
  if (systemCalls !== undefined || byteCount < flushedAloneBytesMin) return;
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } catch (error) {
    throw notFlushed(error);
  } finally {
    closeSync(handle);
  }
}

const notFlushed = (cause: unknown): unknown => {
  const named = nameDiskError(cause);
  if (named instanceof DreyError) return named;
  return new DreyError({
    code: 'restore-not-flushed',
    message: `All was written, but the disk does not say that it has it (${errorCode(cause) ?? 'unknown error'})`,
    advice: 'The disk may be failing, or was pulled out: restore into a folder on another one.',
    cause,
  });
};
