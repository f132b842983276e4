export { chunkHashing, chunkIdOf, chunkIdsOf, packVersions, type PackVersion } from './chunk-ids.ts';
export * from './batch.ts';
export * from './chunker.ts';
export { gear } from './gear-kernel.ts';
export * from './descriptor.ts';
export * from './drive-keys.ts';
export { type CodecRejection, type Decoded, concatBytes } from './envelope.ts';
export * from './erasure.ts';
export * from './invite.ts';
export * from './keys.ts';
export * from './membership-codec.ts';
export { leafCountOf, leafMatches, type LeafProof, proveLeaf, ShardHasher, shardHashOf } from './merkle.ts';
export type * from './message.ts';
export * from './message-codec.ts';
export * from './pack.ts';
export { planOfTable, tableOfPlan } from './plan-table.ts';
export * from './record.ts';
export * from './recovery.ts';
export { createDriveKey, openSmall, sealSmall, unwrapKey, wrapKey } from './secrets.ts';
export { plan as planSchema } from './schemas.ts';
export type * from './shard.ts';
export {
  bytesOfShardHashes,
  shardHashAt,
  type ShardHashes,
  shardHashesFrom,
  shardHashesIn,
} from './shard-hashes.ts';
export type * from './statement.ts';
export * from './statement-codec.ts';
export * from './index-segment.ts';
export {
  encodeRootPointer,
  encodeSnapshotRoot,
  type RootPointer,
  type SnapshotRoot,
} from './snapshot-root.ts';
export * from './snapshot-root-reader.ts';
export * from './tree.ts';
export { encodeTreeEntry, TreeBytes, whyUnwritable } from './tree-rows.ts';
