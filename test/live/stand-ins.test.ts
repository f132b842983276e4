// Real agents, two of six switched off: a snapshot is acknowledged all the same within seconds, can be restored without its owner, and whoever
// comes back gets its shards.

import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { machineId } from '../../datasets/index.ts';
import type { ProtectAnswer, RestoreAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import { standInAfterMs } from '../../agent/limits.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { isSettled, waitUntil } from '../../cli/demo/waiting.ts';
import { startFleet, temporaryFolder } from '../helpers/agents.ts';

/** What it takes on a busy machine once a holder is known to be off: reading, sealing, sending, signing. */
const secondsMax = 120;

test('with two holders off others stand in for them: acknowledged, restored without the owner, handed over', async (t) => {
  t.timeout(400_000);
  // Nobody is replaced while the test runs.
  const fleet = await startFleet(t, { holderSilence: '2h' });
  const names = ['pc-02', 'pc-03', 'pc-04', 'pc-05', 'pc-06'] as const;
  for (const name of names) await fleet.add(name);
  const [, owner, , heir] = fleet.agents;
  const peers = fleet.agents.map(({ peer }) => machineId(peer));
  await waitUntil({ what: 'a first plan', agents: fleet.agents, secondsMax: 60 }, (views) =>
    views.every((view) => view.plan !== undefined && view.machines.length === peers.length),
  );
  await askCommand(['plan', 'compute', '--home', fleet.agents[0]!.home]);
  await waitUntil({ what: 'a plan of all machines', agents: fleet.agents, secondsMax: 90 }, (views) =>
    views.every(({ plan }) => {
      const groups = (plan?.classes ?? []).flatMap((one) => one.groups);
      const members = new Set(groups.flatMap((group) => group.members));
      return peers.every((peer) => members.has(peer));
    }),
  );
  const off = fleet.agents.filter(({ name }) => name === 'pc-05' || name === 'pc-06');
  for (const agent of off) await killAgent(agent);
  const living = fleet.agents.filter((agent) => !off.includes(agent));
  const killedMs = Date.now();

  // Several packs: of one, all holders may happen to be up.
  const folders = ['letters', 'pictures', 'plans'].map((name) => temporaryFolder(t, name));
  const phrases: string[] = [];
  const drives = new Map<string, string>();
  for (const folder of folders) {
    mkdirSync(join(folder, 'deep'), { recursive: true });
    writeFileSync(join(folder, 'deep', 'noise.bin'), randomBytes(600_000));
    writeFileSync(join(folder, 'letter.txt'), `Dear reader of ${folder},\n`.repeat(400));
    const answer = await askCommand<ProtectAnswer & SnapshotAnswer>([
      'protect',
      folder,
      '--home',
      owner!.home,
    ]);
    t.is(answer.outcome, 'acknowledged');
    drives.set(folder, answer.drive);
    if (answer.phrase !== undefined) phrases.push(answer.phrase);
  }
  const seconds = (Date.now() - killedMs) / 1000;
  t.true(seconds < standInAfterMs / 1000 + secondsMax, `${seconds} s`);
  const views = await waitUntil({ what: 'views', agents: living, secondsMax: 10 }, () => true);
  const keptForOthers = views.reduce((sum, { work }) => sum + work.shardsToRemove, 0);
  t.true(keptForOthers > 0, 'some keep shards for those that are off');

  const phraseFile = join(fleet.root, 'phrase.txt');
  writeFileSync(phraseFile, `${phrases[0]}\n`);
  const restoreOn = async (home: string, to: string): Promise<void> => {
    for (const [folder, drive] of drives) {
      const restored = await askCommand<RestoreAnswer>([
        'restore',
        '--home',
        home,
        '--phrase-file',
        phraseFile,
        '--drive',
        drive,
        '--to',
        join(fleet.root, to, drive),
        '--compare',
        folder,
      ]);
      t.deepEqual([restored.differences, restored.missing], [[], []]);
    }
  };
  await killAgent(owner!);
  await restoreOn(heir!.home, 'without-the-owner');

  const back = await Promise.all(off.map(({ name, home }) => startAgentProcess(name, home)));
  fleet.agents.push(...back);
  const others = [...living.filter((agent) => agent !== owner), ...back];
  await waitUntil({ what: 'the handing over', agents: others, secondsMax: 60 }, isSettled);
  await restoreOn(back[0]!.home, 'after-handing-over');
});
