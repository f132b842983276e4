// Which shards are here: one LevelDB row a shard ("place/pack/index" → its descriptor), and the same in memory. A shard
// counts as stored only when its row is flushed, and the row is written only after the file.

import { decodeDescriptor, encodeDescriptor } from '../../codec/index.ts';
import type { ShardLocation, StoredShard } from '../../ports.ts';
import type { PackId } from '../../units.ts';
import type { Database } from '../store.ts';
import { places } from './shard-files.ts';

/** A pack lies in the outbox as one: whatever the index, it is the same row. */
const keyOf = ({ place, pack, index }: ShardLocation): string =>
  `${place}/${pack}/${place === 'outbox' ? 0 : index}`;

export class ShardIndex {
  readonly #database: Database;
  readonly #rows;
  readonly #shards = new Map<string, StoredShard>();
  readonly #byPack = new Map<PackId, Set<StoredShard>>();

  constructor(database: Database) {
    this.#database = database;
    this.#rows = database.sublevel<string, Uint8Array>('shard', { valueEncoding: 'view' });
  }

  /** Reads all rows; those that do not decode are dropped, so their files become strays. */
  async load(): Promise<void> {
    const damaged: string[] = [];
    for await (const [key, row] of this.#rows.iterator()) {
      const [name, , index] = key.split('/');
      const place = places.find((known) => known === name);
      const descriptor = decodeDescriptor(row);
      if (place === undefined || !descriptor.ok) damaged.push(key);
      else this.#remember(key, { place, descriptor: descriptor.value, index: Number(index) });
    }
    for (const key of damaged) await this.#rows.del(key);
  }

  get(shard: ShardLocation): StoredShard | undefined {
    return this.#shards.get(keyOf(shard));
  }

  /** Shards of one pack, in every place. */
  ofPack(pack: PackId): Iterable<StoredShard> {
    return this.#byPack.get(pack) ?? [];
  }

  all(): readonly StoredShard[] {
    return [...this.#shards.values()];
  }

  /** Flushed when it ends. */
  async put(shard: StoredShard): Promise<void> {
    const key = keyOf({ ...shard, pack: shard.descriptor.pack });
    const row = {
      type: 'put',
      sublevel: this.#rows,
      key,
      value: encodeDescriptor(shard.descriptor),
    } as const;
    await this.#database.batch([row], { sync: true });
    this.#remember(key, shard);
  }

  /** Known until the agent ends: scratch is emptied at the start, so no row needs to say what was in it. */
  putForNow(shard: StoredShard): void {
    this.#remember(keyOf({ ...shard, pack: shard.descriptor.pack }), shard);
  }

  /** Forgotten at once; the row may stay if the disk is too full to say so, and is then dropped at the next start. */
  async remove(shard: ShardLocation): Promise<void> {
    const key = keyOf(shard);
    const known = this.#shards.get(key);
    if (known === undefined) return;
    this.#shards.delete(key);
    const others = this.#byPack.get(shard.pack);
    others?.delete(known);
    if (others?.size === 0) this.#byPack.delete(shard.pack);
    if (shard.place !== 'scratch') await this.#rows.del(key);
  }

  #remember(key: string, shard: StoredShard): void {
    const { pack } = shard.descriptor;
    const old = this.#shards.get(key);
    const others = this.#byPack.get(pack) ?? new Set<StoredShard>();
    if (old !== undefined) others.delete(old);
    this.#shards.set(key, shard);
    this.#byPack.set(pack, others.add(shard));
  }
}
