// A small file back out of a large pack, with real agents on loopback.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { RestoreAnswer } from '../../agent/control/index.ts';
import { askCommand, killAgent } from '../../cli/demo/processes.ts';
import { mebibyte } from '../../datasets/index.ts';
import { isSettled, viewOf, waitUntil, takeTime } from '../helpers/waiting.ts';
import { startFleet, temporaryFolder } from '../helpers/agents.ts';

test('its owner gets a small file without the rest of its pack, from whole copies that lie elsewhere, also when one of them is away', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  for (const name of ['pc-02', 'pc-03', 'pc-04', 'pc-05']) await fleet.add(name);
  const owner = fleet.agents[0]!;
  const folder = temporaryFolder(t, 'large');
  for (const name of ['a', 'b', 'd', 'e']) writeFileSync(join(folder, name), randomBytes(2 * mebibyte));
  mkdirSync(join(folder, 'c'));
  writeFileSync(join(folder, 'c', 'letter.txt'), 'yesterday’s letter');
  await askCommand(['protect', folder, '--home', owner.home]);
  await waitUntil({ what: 'all shards in their places', agents: fleet.agents }, isSettled);

  const restore = async (what: string): Promise<number> => {
    const to = join(fleet.root, what);
    const before = (await viewOf(owner)).work.receivedBytes;
    const paths = ['--path', 'c/letter.txt', '--to', to];
    const answer = await askCommand<RestoreAnswer>(['restore', ...paths, '--home', owner.home]);
    t.is(answer.fileCount, 1);
    t.is(readFileSync(join(to, 'c', 'letter.txt'), 'utf8'), 'yesterday’s letter');
    return (await viewOf(owner)).work.receivedBytes - before;
  };
  const receivedBytes = await restore('first');
  t.true(receivedBytes > 0 && receivedBytes < mebibyte, `${receivedBytes} bytes`);
  await killAgent(fleet.agents[1]!);
  await waitUntil({ what: 'the owner to notice', agents: [owner] }, ([view]) =>
    view!.machines.some(({ state }) => state !== 'up'),
  );
  const fromOthers = await restore('second');
  t.true(fromOthers > 0 && fromOthers < mebibyte, `${fromOthers} bytes`);
});
