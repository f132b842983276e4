// Takes a shard piece by piece into a file beside its place, hashes it on the way, and puts it there only when it is whole,
// right and flushed. Damaged or cut off, it leaves nothing.

import type { FileHandle } from 'node:fs/promises';
import { ShardHasher } from '../../codec/index.ts';
import type { ShardOutcome, StoredShard } from '../../ports.ts';
import { isFullError } from './full.ts';

/** What a sink asks of the disk behind it. */
export interface SinkKeeper {
  /** Flushed, renamed, indexed. */
  keep(shard: StoredShard, arriving: Arriving): Promise<void>;
  drop(arriving: Arriving): Promise<void>;
  /** Room that was set aside is no longer needed. */
  release(): void;
  report(error: unknown): void;
}

export interface Arriving {
  readonly handle: FileHandle;
  readonly file: string;
}

export class ShardSink {
  readonly #shard: StoredShard;
  readonly #arriving: Arriving;
  readonly #keeper: SinkKeeper;
  readonly #hash = new ShardHasher();
  #at = 0;
  #failure: ShardOutcome | undefined;
  #isClosed = false;

  constructor(shard: StoredShard, arriving: Arriving, keeper: SinkKeeper) {
    this.#shard = shard;
    this.#arriving = arriving;
    this.#keeper = keeper;
  }

  /** False when more is useless: `finish` says why. One call at a time. */
  async write(piece: Uint8Array): Promise<boolean> {
    if (this.#failure !== undefined) return false;
    if (this.#at + piece.length > this.#shard.descriptor.shardBytes) {
      this.#failure = 'damaged';
      return false;
    }
    this.#hash.update(piece);
    try {
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await this.#arriving.handle.write(
          piece,
          done,
          piece.length - done,
          this.#at + done,
        );
        done += bytesWritten;
      }
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.#at += piece.length;
    return true;
  }

  /** Checks, flushes and indexes; or removes everything. Call once, after the last piece. */
  async finish(): Promise<ShardOutcome> {
    const { descriptor, index } = this.#shard;
    const isRight =
      this.#at === descriptor.shardBytes && this.#hash.digest() === descriptor.shardHashes[index];
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
    this.#keeper.release();
    await this.#keeper.drop(this.#arriving).catch((error: unknown) => this.#keeper.report(error));
  }

  #fail(error: unknown): void {
    this.#failure = isFullError(error) ? 'full' : 'refused';
    if (this.#failure === 'refused') this.#keeper.report(error);
  }
}
