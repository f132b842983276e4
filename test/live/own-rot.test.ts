// A machine whose own shards have rotted, and whose person wants the files back there: what others have is enough.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ProtectAnswer, RestoreAnswer } from '../../agent/control/index.ts';
import { askCommand } from '../../cli/demo/processes.ts';
import { isSettled, takeTime, waitUntil } from '../helpers/waiting.ts';
import { startFleet, temporaryFolder } from '../helpers/agents.ts';
import { flipByte, heldFiles } from '../helpers/held-files.ts';

test('shards that rotted on the machine that restores are fetched from others, and mended', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '1h' });
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  const owner = fleet.agents[0]!;
  const folder = temporaryFolder(t, 'office');
  writeFileSync(join(folder, 'book.bin'), randomBytes(300_000));
  const { phrase } = await askCommand<ProtectAnswer>(['protect', folder, '--home', owner.home]);
  await waitUntil({ what: 'all shards in their places', agents: fleet.agents }, isSettled);

  const holder = fleet.agents.find((agent) => agent !== owner && heldFiles(agent.home).length > 0)!;
  const rotten = heldFiles(holder.home).map((file) => ({ file, before: readFileSync(file) }));
  for (const { file } of rotten) flipByte(file);
  const words = join(fleet.root, 'words.txt');
  writeFileSync(words, phrase!);
  const answer = await askCommand<RestoreAnswer>([
    'restore',
    '--home',
    holder.home,
    '--phrase-file',
    words,
    '--to',
    join(fleet.root, 'back'),
    '--compare',
    folder,
  ]);
  t.deepEqual([answer.missing, answer.differences], [[], []]);
  await waitUntil({ what: 'the shards that were read as they were', agents: [holder] }, () =>
    rotten.some(({ file, before }) => existsSync(file) && before.equals(readFileSync(file))),
  );
  await waitUntil({ what: 'a word about the disk', agents: [holder] }, ([view]) => {
    const problem = view!.problems.find(({ kind }) => kind === 'shards-rotten');
    return (
      view!.work.rottenShards > 0 && problem?.why.startsWith(`${view!.work.rottenShards} shard`) === true
    );
  });
});
