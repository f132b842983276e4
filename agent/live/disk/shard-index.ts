// Which shards are here: one LevelDB row a shard ("place/pack/index" → its descriptor), and the same in memory. A shard
// counts as stored only when its row is flushed, and the row is written only after the file.

import { decodeDescriptor, encodeDescriptor } from '../../codec/index.ts';
import type { ShardLocation, StoredShard } from '../../ports.ts';
import { type PackId, packId } from '../../units.ts';
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

/** Packs that left the outbox because their holders have them. */
export interface HandedOver {
  has(pack: PackId): boolean;
  /** Their snapshot is acknowledged: nobody will ask of them again. */
  forget(packs: readonly PackId[]): Promise<void>;
}

export class ShardIndex {
  readonly #database: Database;
  readonly #rows: Table<Uint8Array>;
  readonly #handedOverRows: Table<Uint8Array>;
  readonly #handedOver = new Set<PackId>();
  /** Mostly one shard a pack. */
  readonly #byPack = new Map<PackId, readonly StoredShard[]>();

  readonly handedOver: HandedOver = {
    has: (pack) => this.#handedOver.has(pack),
    forget: (packs) => this.#forgetHandedOver(packs),
  };

  constructor(database: Database) {
    this.#database = database;
    this.#rows = database.table<Uint8Array>('shard', 'view');
    this.#handedOverRows = database.table<Uint8Array>('handed-over', 'view');
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
    for await (const pack of this.#handedOverRows.keys()) this.#handedOver.add(packId(pack));
  }

  /** The pack leaves the outbox, and a start can tell it from one that was lost; flushed when it ends. */
  async handOver(pack: PackId): Promise<void> {
    this.#forget({ place: 'outbox', pack, index: 0 });
    this.#handedOver.add(pack);
    const row = { table: this.#rows, key: keyOf({ place: 'outbox', pack, index: 0 }) };
    await this.#database.write([row, { table: this.#handedOverRows, key: pack, value: new Uint8Array() }]);
  }

  async #forgetHandedOver(packs: readonly PackId[]): Promise<void> {
    const noted = packs.filter((pack) => this.#handedOver.delete(pack));
    await this.#database.note(noted.map((key) => ({ table: this.#handedOverRows, key })));
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
    const row = { table: this.#rows, key, value: encodeDescriptor(shard.descriptor) };
    const { pack } = shard.descriptor;
    // The same pack may be staged once more.
    const isBack = shard.place === 'outbox' && this.#handedOver.delete(pack);
    await this.#database.write(isBack ? [row, { table: this.#handedOverRows, key: pack }] : [row]);
    this.#remember(shard);
  }

  /** Known until the agent ends: scratch is emptied at the start, so no row needs to say what was in it. */
  putForNow(shard: StoredShard): void {
    this.#remember(shard);
  }

  /** Forgotten at once; the row may stay if the disk is too full to say so, and is then dropped at the next start. */
  async remove(shard: ShardLocation): Promise<void> {
    if (this.get(shard) === undefined) return;
    this.#forget(shard);
    if (shard.place === 'scratch') return;
    await this.#database.note([{ table: this.#rows, key: keyOf(shard) }]);
  }

  #forget(shard: ShardLocation): void {
    const left = this.#withoutThat(shard.pack, shard);
    if (left.length === 0) this.#byPack.delete(shard.pack);
    else this.#byPack.set(shard.pack, left);
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
