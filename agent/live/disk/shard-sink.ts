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
  async write(...pieces: readonly Uint8Array[]): Promise<boolean> {
    if (this.#failure !== undefined) return false;
    const byteCount = pieces.reduce((sum, { length }) => sum + length, 0);
    if (this.#at + byteCount > this.#shard.descriptor.shardBytes) {
      this.#failure = 'damaged';
      return false;
    }
    for (const piece of pieces) this.#hash.update(piece);
    try {
      await this.#writeAll(pieces);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.#at += byteCount;
    return true;
  }

  async #writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    let [left, at] = [pieces, this.#at];
    while (left.length > 0) {
      const { bytesWritten } = await this.#arriving.handle.writev(left, at);
      at += bytesWritten;
      left = without(left, bytesWritten);
    }
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

/** What is left of the pieces when so many bytes are done. */
function without(pieces: readonly Uint8Array[], byteCount: number): readonly Uint8Array[] {
  let left = byteCount;
  const at = pieces.findIndex(({ length }) => {
    if (length > left) return true;
    left -= length;
    return false;
  });
  return at < 0 ? [] : [pieces[at]!.subarray(left), ...pieces.slice(at + 1)];
}
