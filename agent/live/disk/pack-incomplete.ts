// A pack that cannot be put together from what is on this disk.

import { DreyError } from '../../../datasets/index.ts';
import type { PackDescriptor } from '../../codec/index.ts';

export class PackIncomplete extends DreyError {
  /** Which shards are here and are what they should be. */
  readonly intact: readonly number[];

  constructor({ pack, redundancy }: PackDescriptor, intact: readonly number[]) {
    super({
      code: 'pack-incomplete',
      message: `${intact.length} intact shards of pack ${pack.slice(0, 12)} are here, ${redundancy.k} are needed`,
      advice: 'Fetch the missing shards from their holders, then try again.',
      retry: 'retryable',
    });
    this.intact = intact;
  }
}
