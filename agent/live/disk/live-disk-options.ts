// With what a disk of shards is opened.

import type { PackDescriptor } from '../../codec/index.ts';
import type { Database } from '../database.ts';

export interface LiveDiskOptions {
  /** Folder of the shards; made when missing. */
  readonly folder: string;
  readonly database: Database;
  /** Bytes that held shards may take; by default half of what is free at the start (and held already), at most 1 TiB. */
  readonly quotaBytes?: number;
  readonly reserveBytes?: number;
  /** Scratch shards in memory at most; more go to files. */
  readonly scratchMemoryBytes?: number;
  /** Packs stay in the page cache as long as no more than this waits in the outbox. */
  readonly outboxCachedBytesMax?: number;
  /** Packs that drives of this machine count on; asked where a file of a shard has no row. */
  readonly stagedHere?: () => Iterable<PackDescriptor>;
  /** Told about failures that are no outcome (a disk that cannot be read, a delete that did not reach the index). */
  readonly report?: (error: unknown) => void;
}
