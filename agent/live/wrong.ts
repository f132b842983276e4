// The short way to say what a person did that cannot be done. What may be tried again, or has a cause, is a DreyError written out.

import { DreyError } from '../../datasets/index.ts';

/** An expected failure: its code, what happened, and what the person can do. */
export const wrong = (code: string, message: string, advice: string): DreyError =>
  new DreyError({ code, message, advice });
