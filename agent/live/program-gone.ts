// The failure of loading a part of this program that was moved or taken away since the agent was started: said so that a person
// knows what to do about it. Everything else passes unchanged.

import { DreyError } from '../../datasets/words.ts';

const missingCodes = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** `program-gone` for a part that is not there; any other error as it is. */
export const nameProgramError = (error: unknown): unknown =>
  missingCodes.has((error as NodeJS.ErrnoException | undefined)?.code) ? programGone(error) : error;

const programGone = (cause: unknown): DreyError =>
  new DreyError({
    code: 'program-gone',
    message: 'A part of this program is not where it was when the agent was started',
    advice:
      'Where an update is going on, try again when it is done. If the program was moved, end the agent and start it from its new folder. What was saved is kept.',
    retry: 'retryable',
    cause,
  });
