export { type LiveDisk, openLiveDisk, type StoredPlace } from './live-disk.ts';
export type { LiveDiskOptions } from './live-disk-options.ts';
export { PackIncomplete } from './pack-incomplete.ts';
export { ShardSink } from './shard-sink.ts';
export { ShardSource } from './shard-source.ts';
export { keepReserve, spendReserve } from './reserve.ts';
export { type DiskTrouble, HomeDisk, standsBy, unfitDisk } from './home-disk.ts';
export type { DiskRepairs } from './putting-right.ts';
