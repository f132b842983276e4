// Files of a large restore leave the page cache once the disk has them: else they push out what people have open, and where fresh pages are
// dear each costs more than the bytes in it.

import { closeSync, constants, openSync } from 'node:fs';
import { settledBytesMin } from '../limits.ts';
import { systemCalls } from './system-calls.ts';

export class SettledFiles {
  readonly #folder: string;
  readonly #bytesMin: number;
  readonly #places: Buffer[] = [];
  #byteCount = 0;

  /** `folder`: on the disk of all the files. */
  constructor(folder: string, bytesMin: number = settledBytesMin) {
    this.#folder = folder;
    this.#bytesMin = bytesMin;
  }

  /** A file that has all its bytes and its name. Now and then all that came since the last time is flushed, which takes as long as the disk needs. */
  add(place: Buffer, byteCount: number): void {
    if (systemCalls === undefined || byteCount === 0) return;
    this.#places.push(place);
    this.#byteCount += byteCount;
    if (this.#byteCount >= this.#bytesMin) this.#settle(systemCalls);
  }

  /** What the disk refuses now it refuses at the end too, where it is told. */
  #settle(calls: NonNullable<typeof systemCalls>): void {
    const places = this.#places.splice(0);
    this.#byteCount = 0;
    try {
      calls.flushDisk(this.#folder);
    } catch {
      return;
    }
    for (const place of places) forget(place, calls);
  }
}

/** Whatever stands there by now is not waited for, and no link is followed. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function forget(place: Buffer, calls: NonNullable<typeof systemCalls>): void {
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
