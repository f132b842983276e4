// Carries out, in the pretend world, what the core orders of shards: on the disk, and over the wire.

import type { CoreEffect } from '../core/index.ts';
import type { Shell } from './shell.ts';

/** Orders that are about shards and nothing else. */
export type ShardOrder = Extract<
  CoreEffect,
  { kind: 'sendShard' | 'proveShard' | 'readRange' | 'verifyShard' | 'rebuildShard' | 'removeShard' }
>;

export function carryOutOnDisk(order: ShardOrder, shell: Pick<Shell, 'disk' | 'wire' | 'tell'>): void {
  const { disk, wire } = shell;
  switch (order.kind) {
    case 'sendShard': {
      const { to, shard } = order;
      wire.sendShard(to, shard, (outcome) => {
        shell.tell({ kind: 'shardSent', to, shard, outcome });
        if (outcome === 'damaged') shell.tell({ kind: 'shardLost', shard });
      });
      return;
    }
    case 'proveShard': {
      const { to, shard, leaf } = order;
      disk.prove(shard, leaf, (outcome) => {
        shell.tell({ kind: 'shardProved', to, pack: shard.pack, index: shard.index, leaf, outcome });
        if (typeof outcome === 'string') shell.tell({ kind: 'shardLost', shard });
      });
      return;
    }
    case 'readRange': {
      const { to, place, range } = order;
      disk.readRange(place, range, (bytes) => shell.tell({ kind: 'rangeRead', to, range, bytes }));
      return;
    }
    case 'verifyShard': {
      const { shard } = order;
      disk.verify(shard, (outcome) => {
        shell.tell({ kind: 'shardVerified', shard, outcome });
        if (outcome === 'damaged' || outcome === 'missing') shell.tell({ kind: 'shardLost', shard });
      });
      return;
    }
    case 'rebuildShard': {
      const { descriptor, index, place } = order;
      disk.rebuild({ descriptor, index, place }, (outcome) =>
        shell.tell({ kind: 'rebuilt', shard: { pack: descriptor.pack, index }, outcome }),
      );
      return;
    }
    case 'removeShard':
      disk.remove(order.shard, () => {});
  }
}
