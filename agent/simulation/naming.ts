// How checks name shards: for their own maps, and for people.

import type { ShardKey } from '../codec/index.ts';

export const nameOf = ({ pack, index }: ShardKey): string => `${pack} ${index}`;

export const shortOf = ({ pack }: Pick<ShardKey, 'pack'>): string => `pack ${pack.slice(0, 8)}`;
