// Which disks of the whole world have shards of a pack: what no agent can see, and every check from outside needs. An index, kept
// by the disks themselves; whether a shard is flushed and unharmed is looked up there.

import type { ShardKey } from '../codec/index.ts';
import type { PackId } from '../units.ts';
import type { Platters } from './disk.ts';

/** A disk, and who it belongs to. */
export interface Keeper {
  readonly platters: Platters;
  /** Put out of the fleet: what it has is of no use to anybody. */
  readonly isRevoked: boolean;
}

export class Holdings<Owner extends Keeper> {
  readonly #keepers = new Map<PackId, Set<Owner>>();

  /** The owner's disk has, or had, some of the pack. */
  note(pack: PackId, owner: Owner): void {
    const keepers = this.#keepers.get(pack);
    if (keepers === undefined) this.#keepers.set(pack, new Set([owner]));
    else keepers.add(owner);
  }

  /** Who in the fleet has which flushed, unharmed, held shard of a pack: index by index. */
  intactOf(pack: PackId): ReadonlyMap<number, readonly Owner[]> {
    const found = new Map<number, Owner[]>();
    for (const owner of this.#keepers.get(pack) ?? []) {
      if (owner.isRevoked) continue;
      for (const index of owner.platters.intactIndexesOf(pack)) {
        const owners = found.get(index);
        if (owners === undefined) found.set(index, [owner]);
        else owners.push(owner);
      }
    }
    return found;
  }

  /** Whether any disk but `except` has that very shard, flushed and unharmed. */
  hasElsewhere({ pack, index }: ShardKey, except: Owner): boolean {
    for (const owner of this.#keepers.get(pack) ?? [])
      if (owner !== except && owner.platters.hasIntact({ pack, index })) return true;
    return false;
  }
}
