// How the ports call back: outside of any promise, so that what the core asserts stops the process and is not swallowed.

import type { Done } from '../ports.ts';

export function tell<Outcome>(done: Done<Outcome>, outcome: Outcome): void {
  queueMicrotask(() => done(outcome));
}

/** Tells how `work` ended; `failed` turns what it threw into an outcome. */
export async function tellResult<Outcome>(
  work: Promise<Outcome>,
  failed: (error: unknown) => Outcome,
  done: Done<Outcome>,
): Promise<void> {
  tell(done, await work.catch(failed));
}
