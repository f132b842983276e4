// Which shards are here: one LevelDB row a shard ("place/pack/index" → its descriptor), and the same in memory. A shard
// counts as stored only when its row is flushed, and the row is written only after the file.

import { decodeDescriptor, encodeDescriptor } from '../../codec/index.ts';
import type { ShardLocation, StoredShard } from '../../ports.ts';
import type { PackId } from '../../units.ts';
import type { Database, Table } from '../database.ts';
import { places } from './shard-files.ts';

/** A pack lies in the outbox as one: whatever the index, it is the same row. */
const rowIndex = ({ place, index }: Pick<ShardLocation, 'place' | 'index'>): number =>
  place === 'outbox' ? 0 : index;
const keyOf = (shard: ShardLocation): string => `${shard.place}/${shard.pack}/${rowIndex(shard)}`;
const isAt =
  (location: Pick<ShardLocation, 'place' | 'index'>) =>
  (shard: StoredShard): boolean =>
    shard.place === location.place && rowIndex(shard) === rowIndex(location);

export class ShardIndex {
  readonly #database: Database;
  readonly #rows: Table<Uint8Array>;
  /** Mostly one shard a pack. */
  readonly #byPack = new Map<PackId, readonly StoredShard[]>();

  constructor(database: Database) {
    this.#database = database;
    this.#rows = database.table<Uint8Array>('shard', 'view');
  }

  /** Reads all rows; those that do not decode are dropped, so their files become strays. */
  async load(): Promise<void> {
    const damaged: string[] = [];
    for await (const [key, row] of this.#rows.iterator()) {
      const [name, , index] = key.split('/');
      const place = places.find((known) => known === name);
      const descriptor = decodeDescriptor(row);
      if (place === undefined || !descriptor.ok) damaged.push(key);
      else this.#remember({ place, descriptor: descriptor.value, index: Number(index) });
    }
    await this.#database.note(damaged.map((key) => ({ table: this.#rows, key })));
  }

  get(shard: ShardLocation): StoredShard | undefined {
    return this.ofPack(shard.pack).find(isAt(shard));
  }

  /** Shards of one pack, in every place. */
  ofPack(pack: PackId): readonly StoredShard[] {
    return this.#byPack.get(pack) ?? [];
  }

  all(): readonly StoredShard[] {
    return [...this.#byPack.values()].flat();
  }

  /** Flushed when it ends. */
  async put(shard: StoredShard): Promise<void> {
    const key = keyOf({ ...shard, pack: shard.descriptor.pack });
    await this.#database.write([{ table: this.#rows, key, value: encodeDescriptor(shard.descriptor) }]);
    this.#remember(shard);
  }

  /** Known until the agent ends: scratch is emptied at the start, so no row needs to say what was in it. */
  putForNow(shard: StoredShard): void {
    this.#remember(shard);
  }

  /** Forgotten at once; the row may stay if the disk is too full to say so, and is then dropped at the next start. */
  async remove(shard: ShardLocation): Promise<void> {
    if (this.get(shard) === undefined) return;
    const left = this.#withoutThat(shard.pack, shard);
    if (left.length === 0) this.#byPack.delete(shard.pack);
    else this.#byPack.set(shard.pack, left);
    if (shard.place === 'scratch') return;
    await this.#database.note([{ table: this.#rows, key: keyOf(shard) }]);
  }

  #remember(shard: StoredShard): void {
    const { pack } = shard.descriptor;
    // `concat` makes an array of that length; one that is spread into has room for seventeen, in each of hundreds of thousands.
    this.#byPack.set(pack, this.#withoutThat(pack, shard).concat(shard));
  }

  #withoutThat(pack: PackId, location: Pick<ShardLocation, 'place' | 'index'>): readonly StoredShard[] {
    const isThat = isAt(location);
    return this.ofPack(pack).filter((shard) => !isThat(shard));
  }
}
