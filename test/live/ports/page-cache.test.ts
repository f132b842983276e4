// What is kept takes no memory from the people at this machine: it is on the disk, and not in the page cache too.

import { join } from 'node:path';
import test from 'ava';
import { openLiveDisk } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { cachedBytesOf, canLeaveCache } from '../../helpers/page-cache.ts';
import { storeShard, temporaryFolder, testPack } from './small-fleet.ts';

test('a shard that is stored leaves the page cache, and so does a pack behind much that waits; one that is sent next stays', async (t) => {
  const folder = temporaryFolder(t);
  if (!canLeaveCache(t, folder)) return;
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  const shards = join(folder, 'shards');
  const disk = await openLiveDisk({
    folder: shards,
    database: store.database,
    quotaBytes: 10_000_000,
    outboxCachedBytesMax: 500_000,
  });
  const [first, second] = [testPack(600_000), testPack(600_000, { k: 1, n: 3 }, 2)];
  t.is(await storeShard(disk, first, { index: 1 }), 'stored');
  for (const { descriptor, shards: bytes } of [first, second]) await disk.stage(descriptor, bytes);
  const cachedBytes = (place: string, name: string): number =>
    cachedBytesOf(join(shards, place, name.slice(0, 2), name));
  t.is(cachedBytes('held', `${first.descriptor.pack}-1`), 0);
  t.true(cachedBytes('outbox', first.descriptor.pack) >= 600_000);
  t.is(cachedBytes('outbox', second.descriptor.pack), 0);
  t.deepEqual(await disk.assemble(second.descriptor, 'outbox'), second.shards[0]);
});
