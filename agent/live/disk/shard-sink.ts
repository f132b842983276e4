// Takes a shard piece by piece into a file beside its place, hashes it on the way, and puts it there only when it is whole,
// right and flushed. Damaged or cut off, it leaves nothing. What comes in crumbs is gathered: whole leaves are hashed and
// written with a call each, not each record of TLS.

import { ShardHasher, shardHashAt } from '../../codec/index.ts';
import { streamWriteBytes } from '../../limits.ts';
import type { ShardOutcome, StoredShard } from '../../ports.ts';
import { isFullError } from '../disk-full.ts';
import type { PieceBuffers } from './piece-buffers.ts';
import type { ShardHandle } from './scratch-memory.ts';
import type { Arriving } from './shard-files.ts';

/** What a sink asks of the disk behind it. */
export interface SinkKeeper {
  /** Flushed, renamed, indexed. */
  keep(shard: StoredShard, arriving: Arriving): Promise<void>;
  drop(arriving: Arriving): Promise<void>;
  /** Room that was set aside is no longer needed. */
  release(): void;
  report(error: unknown): void;
}

export interface SinkParts {
  readonly shard: StoredShard;
  readonly arriving: Arriving;
  readonly buffers: PieceBuffers;
}

export class ShardSink {
  readonly #shard: StoredShard;
  readonly #arriving: Arriving;
  readonly #handle: ShardHandle;
  readonly #keeper: SinkKeeper;
  readonly #hash = new ShardHasher();
  readonly #buffers: PieceBuffers;
  readonly #gathered: Buffer;
  #gatheredBytes = 0;
  #writtenBytes = 0;
  #failure: ShardOutcome | undefined;
  #isClosed = false;

  constructor({ shard, arriving, buffers }: SinkParts, keeper: SinkKeeper) {
    this.#shard = shard;
    this.#arriving = arriving;
    this.#handle = arriving.handle;
    this.#keeper = keeper;
    this.#buffers = buffers;
    buffers.opened();
    this.#gathered = buffers.take();
  }

  /** False when more is useless: `finish` says why. One call at a time; the pieces are free again when it returns. */
  async write(...pieces: readonly Uint8Array[]): Promise<boolean> {
    const byteCount = pieces.reduce((sum, { length }) => sum + length, this.#gatheredBytes);
    if (this.#writtenBytes + byteCount > this.#shard.descriptor.shardBytes) this.#failure ??= 'damaged';
    for (const piece of pieces) {
      if (this.#failure !== undefined) return false;
      await this.#add(piece);
    }
    return this.#failure === undefined;
  }

  async #add(piece: Uint8Array): Promise<void> {
    let rest = piece;
    while (rest.length > 0 && this.#failure === undefined) {
      // What comes in long pieces need not be gathered.
      if (this.#gatheredBytes === 0 && rest.length >= streamWriteBytes) {
        const whole = rest.length - (rest.length % streamWriteBytes);
        await this.#writeOut(rest.subarray(0, whole));
        rest = rest.subarray(whole);
        continue;
      }
      const taken = rest.subarray(0, streamWriteBytes - this.#gatheredBytes);
      this.#gathered.set(taken, this.#gatheredBytes);
      this.#gatheredBytes += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#gatheredBytes === streamWriteBytes) await this.#writeGathered();
    }
  }

  async #writeGathered(): Promise<void> {
    const bytes = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gatheredBytes = 0;
    await this.#writeOut(bytes);
  }

  async #writeOut(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    try {
      for (let at = 0; at < bytes.length;) {
        at += (await this.#handle.write(bytes.subarray(at), { position: this.#writtenBytes + at }))
          .bytesWritten;
      }
      this.#writtenBytes += bytes.length;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Checks, flushes and indexes; or removes everything. Call once, after the last piece. */
  async finish(): Promise<ShardOutcome> {
    const { descriptor, index } = this.#shard;
    if (this.#failure === undefined) await this.#writeGathered();
    const isRight =
      this.#writtenBytes === descriptor.shardBytes &&
      this.#hash.digest() === shardHashAt(descriptor.shardHashes, index);
    if (!isRight) this.#failure ??= 'damaged';
    if (this.#failure === undefined) {
      try {
        await this.#keeper.keep(this.#shard, this.#arriving);
      } catch (error) {
        this.#fail(error);
      }
    }
    await this.abandon();
    return this.#failure ?? 'stored';
  }

  /** Ends without a shard; harmless after `finish`. */
  async abandon(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#buffers.give([this.#gathered]);
    this.#buffers.closed();
    this.#keeper.release();
    await this.#keeper.drop(this.#arriving).catch((error: unknown) => this.#keeper.report(error));
  }

  #fail(error: unknown): void {
    this.#failure = isFullError(error) ? 'full' : 'refused';
    if (this.#failure === 'refused') this.#keeper.report(error);
  }
}
