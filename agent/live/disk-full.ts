// The one failure of every write that a person can do something about: no space left. It is said in the system's words, which LevelDB wraps,
// and becomes one error with advice. Everything else passes unchanged.

import { DreyError } from '../../datasets/words.ts';

const fullCodes = new Set<unknown>(['ENOSPC', 'EDQUOT']);

export function isFullError(error: unknown): boolean {
  const { code, cause, message } = (error ?? {}) as { code?: unknown; cause?: unknown; message?: unknown };
  if (fullCodes.has(code)) return true;
  if (typeof message === 'string' && message.includes('No space left')) return true;
  return cause instanceof Error && isFullError(cause);
}

const exhaustedCodes = new Set<unknown>(['EMFILE', 'ENFILE', 'ENOMEM']);
const passingCodes = new Set<unknown>([...exhaustedCodes, 'EAGAIN', 'EBUSY', 'EINTR']);

/** Whether the system, not the disk, could not do it just now: no reason to believe anything of what was to be read. */
export const isPassingError = (error: unknown): boolean =>
  passingCodes.has((error as NodeJS.ErrnoException | undefined)?.code);

/** What cannot be opened for want of memory or open files is there, and as it was: throws `system-exhausted`. */
export function assertNotExhausted(error: unknown): void {
  if (!exhaustedCodes.has((error as NodeJS.ErrnoException | undefined)?.code)) return;
  throw new DreyError({
    code: 'system-exhausted',
    message: 'The system has no more memory, or opens no more files',
    advice:
      'It is tried again by itself; close programs, or allow more open files (ulimit -n), if it stays so.',
    retry: 'retryable',
  });
}

/** `disk-full` for what the system says when there is no space; any other error as it is. */
export const nameDiskError = (error: unknown): unknown =>
  error instanceof DreyError || !isFullError(error) ? error : diskFull(error);

export const diskFull = (cause?: unknown): DreyError =>
  new DreyError({
    code: 'disk-full',
    message: 'The disk has no space left',
    advice:
      'Free some space, then try again: a backup goes on where it ended, and so does a restore into the same folder.',
    retry: 'retryable',
    cause,
  });
