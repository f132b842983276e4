// The one failure of every write that a person can do something about: no space. Everything else passes unchanged.

import { DreyError } from '../../../datasets/index.ts';

const fullCodes = new Set<unknown>(['ENOSPC', 'EDQUOT']);

/** `disk-full` for what the system says when there is no space; any other error as it is. */
export function nameDiskError(error: unknown): unknown {
  if (error instanceof DreyError || !fullCodes.has((error as { code?: unknown } | undefined)?.code))
    return error;
  return new DreyError({
    code: 'disk-full',
    message: 'The disk has no space left',
    advice: 'Free some space, then try again: what was done so far is kept and is not done twice.',
    retry: 'retryable',
    cause: error,
  });
}
