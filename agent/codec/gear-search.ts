// Where the rolling hash of a file's bytes meets a mask: block by block in WebAssembly, and plainly what is left, or all where there is none.

import type { Kernel } from './assembly.ts';
import { blockAt, blockBytes, gear, hashAt } from './gear-kernel.ts';

/** A place to search, and what counts as found. */
export interface GearRange {
  readonly from: number;
  readonly to: number;
  /** Found where these bits of the hash are all zero. */
  readonly mask: number;
}

export class GearSearch {
  /** The hash at the end of the last search that found nothing. */
  hash = 0;
  readonly #kernel: (Kernel & { readonly hashOut: DataView }) | undefined;

  /** Without a kernel it searches the plain way. */
  constructor(kernel: Kernel | undefined) {
    this.#kernel = kernel && { ...kernel, hashOut: new DataView(kernel.memory.buffer, hashAt, 4) };
  }

  /** The first byte of `bytes` in the range after which the hash meets the mask, counted from 1; −1 where there is none. */
  find(bytes: Uint8Array, { from, to, mask }: GearRange, start: number): number {
    let at = from;
    this.hash = start;
    const kernel = this.#kernel;
    if (kernel !== undefined)
      for (; at + blockBytes <= to; at += blockBytes) {
        kernel.memory.set(bytes.subarray(at, at + blockBytes), blockAt);
        const cut = kernel.run(blockAt, mask, this.hash, hashAt);
        if (cut > 0) return at + cut;
        this.hash = kernel.hashOut.getInt32(0, true);
      }
    return this.#findPlainly(bytes, { from: at, to, mask });
  }

  #findPlainly(bytes: Uint8Array, { from, to, mask }: GearRange): number {
    let { hash } = this;
    for (let at = from; at < to; at++) {
      hash = ((hash << 1) + gear[bytes[at]!]!) | 0;
      if ((hash & mask) === 0) return at + 1;
    }
    this.hash = hash;
    return -1;
  }
}
