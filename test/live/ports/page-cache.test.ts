// What is kept for others takes no memory from the people at this machine: a stored shard is on the disk, and not in the page cache too.

import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemCalls } from '../../../agent/live/data-path/system-calls.ts';
import { openLiveDisk } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { storeShard, temporaryFolder, testPack } from './small-fleet.ts';

/** Of tmpfs (statfs(2)): the page cache is all that it has. */
const memoryDisk = 0x01_02_19_94;

/** Bytes of a file in the page cache, by fincore of util-linux; undefined without it. */
function cachedBytesOf(file: string): number | undefined {
  const options = ['--bytes', '--noheadings', '--output', 'RES'];
  try {
    return Number(execFileSync('fincore', [...options, file], { stdio: 'pipe' }));
  } catch {
    return undefined;
  }
}

test('a shard that is stored, and a pack that is staged, leave the page cache', async (t) => {
  const folder = temporaryFolder(t);
  if (systemCalls === undefined || statfsSync(folder).type === memoryDisk) {
    t.pass('skipped: no call for it here, or the temporary folder lies in memory');
    return;
  }
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  const disk = await openLiveDisk({
    folder: join(folder, 'shards'),
    database: store.database,
    quotaBytes: 10_000_000,
  });
  const pack = testPack(600_000);
  const { descriptor, shards } = pack;
  t.is(await storeShard(disk, pack, { index: 1 }), 'stored');
  await disk.stage(descriptor, shards);
  for (const name of [
    `held/${descriptor.pack.slice(0, 2)}/${descriptor.pack}-1`,
    `outbox/${descriptor.pack.slice(0, 2)}/${descriptor.pack}`,
  ]) {
    const cached = cachedBytesOf(join(folder, 'shards', name));
    if (cached === undefined) t.log('skipped: there is no fincore to ask the page cache with');
    t.is(cached ?? 0, 0, name);
  }
  t.deepEqual(await disk.assemble(descriptor, 'outbox'), shards[0]);
});
