// What is kept for others takes no memory from the people at this machine: a stored shard is on the disk, and not in the page cache too.

import { join } from 'node:path';
import test from 'ava';
import { openLiveDisk } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { cachedBytesOf, canLeaveCache } from '../../helpers/page-cache.ts';
import { storeShard, temporaryFolder, testPack } from './small-fleet.ts';

test('a shard that is stored, and a pack that is staged, leave the page cache', async (t) => {
  const folder = temporaryFolder(t);
  if (!canLeaveCache(t, folder)) return;
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  const shards = join(folder, 'shards');
  const disk = await openLiveDisk({ folder: shards, database: store.database, quotaBytes: 10_000_000 });
  const pack = testPack(600_000);
  const { pack: name } = pack.descriptor;
  t.is(await storeShard(disk, pack, { index: 1 }), 'stored');
  await disk.stage(pack.descriptor, pack.shards);
  t.is(cachedBytesOf(join(shards, 'held', name.slice(0, 2), `${name}-1`)), 0);
  t.is(cachedBytesOf(join(shards, 'outbox', name.slice(0, 2), name)), 0);
  t.deepEqual(await disk.assemble(pack.descriptor, 'outbox'), pack.shards[0]);
});
