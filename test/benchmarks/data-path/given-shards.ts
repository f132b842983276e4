// Shards of twenty owners (4 of 6) that an agent finds on its disk when it starts, as if others had sent them.

import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createMachineKey, describePack, encodeDescriptor } from '../../../agent/codec/index.ts';
import { ShardFiles } from '../../../agent/live/disk/shard-files.ts';
import { homeAt } from '../../../agent/live/home.ts';
import { openStore } from '../../../agent/live/store.ts';
import { driveId } from '../../../agent/units.ts';

const rowsAtOnce = 10_000;

/** Rows, and a file of the right length for each: a start forgets what has none. */
export async function giveShards(home: string, count: number): Promise<void> {
  const { database, shards: folder } = homeAt(home);
  const store = await openStore(database);
  const table = store.database.table<Uint8Array>('shard', 'view');
  const files = new ShardFiles(folder);
  const owners = Array.from({ length: 20 }, () => ({
    owner: createMachineKey().peer,
    drive: driveId(randomBytes(16).toString('hex')),
  }));
  for (let from = 0; from < count; from += rowsAtOnce) {
    const rows = Array.from({ length: Math.min(rowsAtOnce, count - from) }, (_, at) => {
      const { descriptor, shards } = describePack(randomBytes(100), {
        ...owners[at % owners.length]!,
        placementClass: 'bulk',
        redundancy: { k: 4, n: 6 },
      });
      const [pack, index] = [descriptor.pack, at % shards.length];
      const file = files.fileOf({ place: 'held', pack, index });
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, shards[index]!);
      return { table, key: `held/${pack}/${index}`, value: encodeDescriptor(descriptor) };
    });
    await store.database.write(rows);
  }
  await store.close();
}
