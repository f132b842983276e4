// The one error type of the whole project. It lives in the lowest folder because every other folder may import it.
// It decides nothing: the folder that throws owns the code, and lists it in a table in its README.

/** Whether trying the very same thing again, later and unchanged, can succeed. */
export type Retry = 'retryable' | 'final';

export interface DreyErrorParts {
  /** Stable, kebab-case, unique in the project; one row in the README of the folder that throws it. */
  readonly code: string;
  /** What happened, with ids and numbers; never keys, paths or file names of protected data. */
  readonly message: string;
  /** What the person can do about it, as one sentence in the imperative. */
  readonly advice: string;
  readonly retry?: Retry;
  readonly cause?: unknown;
}

/** An expected failure: what happened and what to do. A broken assumption is an `assert`, never a DreyError. */
export class DreyError extends Error {
  override readonly name = 'DreyError';
  readonly code: string;
  readonly advice: string;
  readonly retry: Retry;

  constructor(parts: DreyErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.advice = parts.advice;
    this.retry = parts.retry ?? 'final';
  }
}
