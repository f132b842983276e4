// How checks name shards: for their own maps, and for people.

import type { ShardKey } from '../codec/index.ts';
import type { ShardArrival } from '../ports.ts';

export const nameOf = ({ pack, index }: ShardKey): string => `${pack} ${index}`;

export const shortOf = ({ pack }: Pick<ShardKey, 'pack'>): string => `pack ${pack.slice(0, 8)}`;

/** Whether it is this shard that comes. */
export const isOf = (shard: ShardKey, { descriptor: { pack }, index }: ShardArrival): boolean =>
  nameOf(shard) === nameOf({ pack, index });
