// What a pack is to those who cannot open it: its redundancy, its lengths and the hash of every shard.
// The pack id is the hash of all that, so one shard alone proves that it belongs to the pack.

import type { Redundancy } from '../../optimizer/index.ts';
import type { DriveId, PackId, PeerId } from '../units.ts';
import type { ShardHashes } from './shard-hashes.ts';

export interface PackDescriptor {
  readonly pack: PackId;
  readonly owner: PeerId;
  readonly drive: DriveId;
  /** Which placement class the pack belongs to. */
  readonly placementClass: 'small' | 'bulk';
  readonly redundancy: Redundancy;
  /** Length of the sealed pack in bytes. */
  readonly packBytes: number;
  /** Length of every shard in bytes: ceil(packBytes / k). */
  readonly shardBytes: number;
  /** n hashes (root of the tree of `merkle.ts`); for k = 1 all are equal. */
  readonly shardHashes: ShardHashes;
}

export interface ShardKey {
  readonly pack: PackId;
  /** 0..n − 1. Indexes below k are slices of the pack itself. */
  readonly index: number;
}

/** Some bytes of a shard. */
export interface ShardRange extends ShardKey {
  /** From the shard's first byte. */
  readonly offset: number;
  /** At least 1; at most `rangeBytesMax` in a message. */
  readonly length: number;
}
