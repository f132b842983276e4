// Files of a restore while they grow, under names that nobody knows: chunks come from several packs, so a few stay open. Knows nothing of
// what becomes of them.

import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';
import { isPassingError } from '../disk-full.ts';
import type { BytePath } from './path-bytes.ts';

/** A file under its temporary name. */
export interface GrowingFile {
  readonly path: BytePath;
  readonly temporary: string;
  /** Zeros need not be written. */
  readonly isSparse: boolean;
}

/** Files kept open at once: those that wait for another chunk. */
const openFilesMax = 128;

export class GrowingFiles implements Disposable {
  readonly #handles = new Map<string, number>();

  /** Makes the file with its first bytes. Throws the system's error. */
  writeAt(file: GrowingFile, bytes: Uint8Array, offset: number): void {
    const handle = this.#open(file);
    for (const [start, end] of file.isSparse ? stretchesOfData(bytes) : [[0, bytes.length] as const])
      for (let at = start; at < end;) at += writeSync(handle, bytes, at, end - at, offset + at);
  }

  [Symbol.dispose](): void {
    for (const handle of this.#handles.values()) closeSync(handle);
    this.#handles.clear();
  }

  #open({ temporary }: GrowingFile): number {
    const open = this.#handles.get(temporary);
    if (open !== undefined) return open;
    if (this.#handles.size >= openFilesMax) this.#closeOldest();
    const handle = this.#openNew(temporary);
    this.#handles.set(temporary, handle);
    return handle;
  }

  /** Where the system opens no more, fewer at once are enough. */
  #openNew(temporary: string): number {
    for (;;) {
      try {
        return openSync(temporary, constants.O_WRONLY | constants.O_CREAT, 0o600);
      } catch (error) {
        if (this.#handles.size === 0 || !isPassingError(error)) throw error;
        this.#closeOldest();
      }
    }
  }

  #closeOldest(): void {
    for (const [name, handle] of this.#handles) {
      closeSync(handle);
      this.#handles.delete(name);
      return;
    }
  }
}

/** Makes the file, or cuts or lengthens it by zeros. Throws the system's error. */
export function makeLength(file: string, byteCount: number): void {
  const handle = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    ftruncateSync(handle, byteCount);
  } finally {
    closeSync(handle);
  }
}

/** Where a block of a file system's usual size is not all zeros: start and end of each stretch. */
function* stretchesOfData(bytes: Uint8Array): Generator<readonly [number, number], void> {
  let start: number | undefined;
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const isZero = Buffer.compare(block, zeros.subarray(0, block.length)) === 0;
    if (isZero && start !== undefined) yield [start, at];
    if (isZero) start = undefined;
    else start ??= at;
  }
  if (start !== undefined) yield [start, bytes.length];
}

const blockBytes = 4096;
const zeros = new Uint8Array(blockBytes);
