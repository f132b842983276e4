// Files of a large restore leave the page cache once the disk has them: else they push out what people have open, and where fresh pages are
// dear each costs more than the bytes in it.

import { closeSync, constants, openSync } from 'node:fs';
import { settledBytesMin } from '../limits.ts';
import { type SystemCalls, systemCalls } from './system-calls.ts';

export class SettledFiles {
  readonly #flushAll: () => void;
  readonly #bytesMin: number;
  readonly #places: Buffer[] = [];
  #byteCount = 0;
  /** What the first flush that failed threw. */
  #failure: { readonly cause: unknown } | undefined;

  /** `flushAll` ends when the disk has all that was written, and throws where it has not. */
  constructor(flushAll: () => void, bytesMin: number = settledBytesMin) {
    this.#flushAll = flushAll;
    this.#bytesMin = bytesMin;
  }

  /** A file that has all its bytes and its name. Now and then all that came since the last time is flushed, which takes as long as the disk needs. */
  add(place: Buffer, byteCount: number): void {
    if (systemCalls === undefined || byteCount === 0 || this.#failure !== undefined) return;
    this.#places.push(place);
    this.#byteCount += byteCount;
    if (this.#byteCount >= this.#bytesMin) this.#settle(systemCalls);
  }

  /** Ends when the disk has all of them. Throws what a flush on the way threw too: of bytes that were lost the system tells once (syncfs(2)). */
  flush(): void {
    if (this.#failure !== undefined) throw this.#failure.cause;
    this.#flushAll();
  }

  /** A failure is thrown at the end: it is about all files, and not about the one that came last. */
  #settle(calls: SystemCalls): void {
    const places = this.#places.splice(0);
    this.#byteCount = 0;
    try {
      this.#flushAll();
    } catch (cause) {
      this.#failure = { cause };
      return;
    }
    for (const place of places) forget(place, calls);
  }
}

/** Whatever stands there by now is not waited for, and no link is followed. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function forget(place: Buffer, calls: SystemCalls): void {
  try {
    const handle = openSync(place, openFlags);
    try {
      calls.forgetPages(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Gone, or not to be read: it stays in the cache.
  }
}
