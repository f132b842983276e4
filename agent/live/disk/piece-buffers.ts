// Buffers of one piece that readers and writers of shards use again: new memory for each piece costs as much as hashing it, most
// of it in the garbage collector. Keeps nothing once no shard is open.

import { streamWriteBytes } from '../../limits.ts';
import { spareBuffersMax } from '../limits.ts';

export class PieceBuffers {
  readonly #spare: Buffer[] = [];
  #openCount = 0;

  opened(): void {
    this.#openCount++;
  }

  closed(): void {
    this.#openCount--;
    if (this.#openCount === 0) this.#spare.length = 0;
  }

  /** `streamWriteBytes` long, with whatever was in it before. */
  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(streamWriteBytes);
  }

  /** Only buffers that nobody reads any more. */
  give(buffers: readonly Buffer[]): void {
    if (this.#openCount === 0) return;
    this.#spare.push(...buffers.slice(0, spareBuffersMax - this.#spare.length));
  }
}
