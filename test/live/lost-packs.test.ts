// More machines are lost than any code can bear, with real agents: what its owner still has is stored anew.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ProtectAnswer, SnapshotAnswer, VerifyAnswer } from '../../agent/control/index.ts';
import { askCommand, killAgent, runCommand } from '../../cli/demo/processes.ts';
import { isSettled, viewOf, waitUntil, takeTime } from '../helpers/waiting.ts';
import { startFleet, temporaryFolder } from '../helpers/agents.ts';

test('all holders of a drive are lost for good: its owner finds out, and stores what it has anew', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  const owner = fleet.agents[0]!;
  const home = ['--home', owner.home];
  const folder = temporaryFolder(t, 'kept');
  mkdirSync(join(folder, 'letters'));
  writeFileSync(join(folder, 'letters', 'first.txt'), 'what was written first');
  writeFileSync(join(folder, 'plan.txt'), 'version 1');
  const { drive, phrase } = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, ...home]);
  await waitUntil({ what: 'all shards in their places', agents: fleet.agents }, isSettled);

  const lost = fleet.agents.splice(1, 3);
  for (const agent of lost) {
    await killAgent(agent);
    rmSync(agent.home, { recursive: true, force: true });
  }
  const verify = async (): Promise<VerifyAnswer['drives'][number]> => {
    const { output } = await runCommand(['verify', '--json', ...home]);
    return (JSON.parse(output) as VerifyAnswer).drives[0]!;
  };
  const alone = await verify();
  t.true(alone.problemCount > 0);
  t.is(alone.lostPackCount, 0, 'they may be asleep');

  for (const { name } of lost) await askCommand(['fleet', 'revoke', name, '--reason', 'burnt', ...home]);
  for (const name of ['pc-05', 'pc-06', 'pc-07']) await fleet.add(name);
  await waitUntil({ what: 'a plan without those that burnt', agents: fleet.agents }, (views) =>
    views.every(
      ({ machines, plan }) =>
        plan !== undefined && machines.filter(({ state }) => state === 'up').length === 4,
    ),
  );
  const after = await verify();
  t.true(after.lostPackCount > 0);
  await waitUntil({ what: 'the drive to be stored anew', agents: [owner] }, ([view]) =>
    view!.problems.every(({ kind }) => kind !== 'packs-lost'),
  );
  const again = await verify();
  t.is(again.lostPackCount, 0);
  t.deepEqual(
    again.problems.map(({ path }) => path),
    [undefined],
    'the first snapshot itself was lost; the second has all',
  );

  const to = join(fleet.root, 'back');
  const phraseFile = join(fleet.root, 'words.txt');
  writeFileSync(phraseFile, `${phrase}\n`);
  await askCommand([
    'restore',
    '--drive',
    drive,
    '--phrase-file',
    phraseFile,
    '--to',
    to,
    '--home',
    fleet.agents[1]!.home,
  ]);
  t.is(readFileSync(join(to, 'letters', 'first.txt'), 'utf8'), 'what was written first');
  t.is(
    (await viewOf(owner)).problems.some(({ kind }) => kind === 'packs-lost'),
    false,
  );
});
