// A pack that cannot be put together from what is on this disk.

import { DreyError } from '../../../datasets/index.ts';
import type { PackDescriptor } from '../../codec/index.ts';
import type { ShardLocation } from '../../ports.ts';

export class PackIncomplete extends DreyError {
  /** Shards that should be here and could not be read, or were not what they should be. */
  readonly unread: readonly ShardLocation[];

  constructor(
    { pack, redundancy }: PackDescriptor,
    { intactCount, unread }: { readonly intactCount: number; readonly unread: readonly ShardLocation[] },
  ) {
    super({
      code: 'pack-incomplete',
      message: `${intactCount} intact shards of pack ${pack.slice(0, 12)} are here, ${redundancy.k} are needed`,
      advice: 'Fetch the missing shards from their holders, then try again.',
      retry: 'retryable',
    });
    this.unread = unread;
  }
}
