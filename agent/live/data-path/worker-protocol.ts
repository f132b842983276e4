// What the main thread and a worker thread say to each other: run a task, ask something back, be done or fail.
// Knows envelopes only; what is in them is the business of each task (tasks.ts).

import { DreyError } from '../../../datasets/words.ts';

/** Tasks of one thread that are no conductors: one works while another waits. */
export const tasksPerThreadMax = 2;

/** A failure as plain data: classes do not survive the way between threads. */
export interface CarriedError {
  readonly message: string;
  /** Present when it was a DreyError. */
  readonly expected?: {
    readonly code: string;
    readonly advice: string;
    readonly retry: 'retryable' | 'final';
  };
  readonly stack?: string;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly id: number; readonly task: string; readonly request: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly question: number; readonly body: unknown }
  | {
      readonly kind: 'noAnswer';
      readonly id: number;
      readonly question: number;
      readonly error: CarriedError;
    };

export type FromWorker =
  /** Everything that every task needs is loaded. */
  | { readonly kind: 'loaded' }
  | { readonly kind: 'ask'; readonly id: number; readonly question: number; readonly body: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: CarriedError };

/** A failure, ready to be sent to another thread. */
export function carryError(error: unknown): CarriedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  if (!(error instanceof DreyError)) return { message: error.message, ...stack };
  const { code, advice, retry } = error;
  return { message: error.message, expected: { code, advice, retry }, ...stack };
}

/** The failure again as it was thrown on the other side. */
export function errorCarried(carried: CarriedError): Error {
  if (carried.expected !== undefined) return new DreyError({ message: carried.message, ...carried.expected });
  return new Error(carried.message, { cause: carried.stack });
}
