// An owner whose folder is put back to an older state, with real agents: what it gave up since is counted on no more.

import { randomBytes } from 'node:crypto';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ProtectAnswer, RetentionAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import { readStagedPacks } from '../../agent/live/data-path/drive-state.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { isSettled, takeTime, waitUntil } from '../helpers/waiting.ts';
import { startFleet, temporaryFolder } from '../helpers/agents.ts';

test('a file that comes back is stored anew where what it was stored in was given up since', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  const owner = fleet.agents[0]!;
  const home = ['--home', owner.home];
  const folder = temporaryFolder(t, 'office');
  const save = () => askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, ...home]);
  writeFileSync(join(folder, 'stays.txt'), 'stays');
  const { drive } = await save();
  const precious = randomBytes(900_000);
  writeFileSync(join(folder, 'comes-and-goes.bin'), precious);
  await save();
  rmSync(join(folder, 'comes-and-goes.bin'));
  await save();
  await waitUntil({ what: 'all shards in their places', agents: fleet.agents }, isSettled);
  const staged = (): readonly string[] =>
    readStagedPacks(join(owner.home, 'drives', drive)).map(({ pack }) => pack);

  await killAgent(owner);
  fleet.agents.splice(0, 1);
  const older = `${owner.home}-older`;
  cpSync(owner.home, older, { recursive: true });
  const before = staged();
  fleet.agents.push(await startAgentProcess('pc-01', owner.home));
  await save();
  const { drives } = await askCommand<RetentionAnswer>(['retention', 'all', '--keep-last', '1', ...home]);
  t.true((drives[0]!.packs?.deadPackBytes ?? 0) > 900_000, JSON.stringify(drives));
  const givenUp = new Set(before).difference(new Set(staged()));
  t.true(givenUp.size > 0);
  // Once a later snapshot is acknowledged others have all words before it.
  writeFileSync(join(folder, 'stays.txt'), 'stays, and was changed');
  await save();
  await killAgent(fleet.agents.pop()!);
  rmSync(owner.home, { recursive: true });
  renameSync(older, owner.home);
  t.deepEqual(staged(), before);

  writeFileSync(join(folder, 'comes-and-goes.bin'), precious);
  fleet.agents.push(await startAgentProcess('pc-01', owner.home));
  const counted = (): readonly string[] => staged().filter((pack) => givenUp.has(pack));
  await save();
  // Where nobody came in time who could know better, the next look at the folder finds out.
  if (counted().length > 0) await save();
  t.deepEqual(counted(), []);
  t.true(staged().length > before.length - givenUp.size);
});
