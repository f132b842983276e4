// For how long something has been so at every look at an agent. Only what lasts is a broken promise: agents need time.

import type { Shell } from './shell.ts';

/** Of things of one kind, each known by its key. A new life of an agent knows nothing of what was before. */
export class Standing<Key> {
  readonly #sinceMs = new WeakMap<Shell, ReadonlyMap<Key, number>>();

  /** A look at an agent: what is not named in it is not so any more. Names what is, and says for how long it has been, in milliseconds. */
  look(shell: Shell, nowMs: number): (key: Key) => number {
    const before = this.#sinceMs.get(shell);
    const now = new Map<Key, number>();
    this.#sinceMs.set(shell, now);
    return (key) => {
      const sinceMs = before?.get(key) ?? nowMs;
      now.set(key, sinceMs);
      return nowMs - sinceMs;
    };
  }
}
