// What a start finds of an earlier run on the disk, and puts right: rows without a file, files without a row. A pack of the outbox may be the
// only one that there is; where the drive's own journal still knows it, it gets its row back.

import type { PackDescriptor } from '../../codec/index.ts';
import type { ShardLocation, StoredShard } from '../../ports.ts';
import { ShardFiles } from './shard-files.ts';
import type { ShardIndex } from './shard-index.ts';

export interface DiskRepairs {
  /** Index rows whose file was gone or had another length. */
  readonly tornShards: number;
  /** Files that no row knows, and that were removed. */
  readonly strayFiles: number;
  /** Packs of the outbox whose rows were gone. */
  readonly packsTakenBack: number;
}

export interface DiskParts {
  readonly files: ShardFiles;
  readonly index: ShardIndex;
}

export const locationOf = ({ place, descriptor, index }: StoredShard): ShardLocation => ({
  place,
  pack: descriptor.pack,
  index,
});

/** `stagedHere`: all packs that drives of this machine count on; asked only where a file has no row. */
export async function putRight(
  { files, index }: DiskParts,
  stagedHere: () => Iterable<PackDescriptor>,
): Promise<DiskRepairs> {
  const known = new Set<string>();
  let tornShards = 0;
  for (const shard of index.all()) {
    const location = locationOf(shard);
    const file = files.fileOf(location);
    const isWhole = (await files.bytesOf(file)) === fileBytesOf(shard);
    if (isWhole) known.add(file);
    else await index.remove(location);
    if (!isWhole && shard.place !== 'scratch' && shard.place !== 'copy') tornShards++;
  }
  const strays = new Set(await files.strays((file) => known.has(file)));
  const strayCount = strays.size;
  if (strayCount > 0)
    for (const descriptor of stagedHere()) {
      const shard: StoredShard = { place: 'outbox', descriptor, index: 0 };
      const file = files.fileOf(locationOf(shard));
      const isWaiting = strays.has(file) && !index.handedOver.has(descriptor.pack);
      const isWhole = isWaiting && (await files.bytesOf(file)) === fileBytesOf(shard);
      if (!isWhole) continue;
      await index.put(shard);
      strays.delete(file);
    }
  for (const file of strays) await files.remove(file);
  return { tornShards, strayFiles: strays.size, packsTakenBack: strayCount - strays.size };
}

const fileBytesOf = ({ place, descriptor }: StoredShard): number => ShardFiles.fileBytesOf(place, descriptor);
