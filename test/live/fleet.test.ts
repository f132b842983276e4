// Promises 1 to 3 with a few real agents: processes of the command, real libp2p on loopback, real disks, SIGKILL.

import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { machineId } from '../../datasets/index.ts';
import type { WhatIfAnswer } from '../../optimizer/index.ts';
import type {
  PlanAnswer,
  ProtectAnswer,
  RestoreAnswer,
  SnapshotAnswer,
  SnapshotListAnswer,
} from '../../agent/control/index.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { isSettled, waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, temporaryFolder } from '../helpers/agents.ts';

function fillFolder(folder: string): void {
  mkdirSync(join(folder, 'deep', 'empty'), { recursive: true });
  writeFileSync(join(folder, 'letter.txt'), 'Dear reader,\n'.repeat(400), { mode: 0o640 });
  writeFileSync(join(folder, 'deep', 'noise.bin'), randomBytes(3_000_000));
  writeFileSync(join(folder, 'deep', 'tool.sh'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  writeFileSync(join(folder, 'nothing'), '');
  symlinkSync('../letter.txt', join(folder, 'deep', 'link'));
  utimesSync(join(folder, 'letter.txt'), 1_600_000_000.123, 1_600_000_000.123);
}

test('an acknowledged snapshot outlives its owner and a holder, and comes back on a new machine', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '3s' });
  const owner = await fleet.add('pc-02');
  for (const name of ['pc-03', 'pc-04', 'pc-05', 'pc-06']) await fleet.add(name);
  await waitUntil({ what: 'a plan that all follow', agents: fleet.agents }, (views) =>
    views.every(
      (view) => view.plan !== undefined && view.machines.filter(({ state }) => state === 'up').length === 6,
    ),
  );

  const folder = temporaryFolder(t, 'precious');
  fillFolder(folder);
  const first = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, '--home', owner.home]);
  t.is(first.outcome, 'acknowledged');
  t.is(first.phrase?.split(' ').length, 24);
  const phraseFile = join(fleet.root, 'phrase.txt');
  writeFileSync(phraseFile, `${first.phrase}\n`);

  const victim = fleet.agents.find(({ name }) => name === 'pc-04')!;
  // The owner knows what it saved; others may not have heard of it yet.
  const feared = await askCommand<WhatIfAnswer>([
    'plan',
    'whatif',
    '--lose',
    'machine=pc-02',
    '--lose',
    `machine=${victim.peer}`,
    '--home',
    owner.home,
  ]);
  t.deepEqual(feared.lostMachines.toSorted(), [owner.peer, victim.peer].toSorted());
  t.deepEqual(
    feared.owners.map((one) => [one.owner, one.lostShare]),
    [[owner.peer, 0]],
    'three copies outlive two machines',
  );
  t.true((feared.repair.bytes ?? 0) > 0);
  await killAgent(owner);
  await killAgent(victim);
  const living = fleet.agents.filter((agent) => agent !== owner && agent !== victim);
  const dead = new Set<string>([owner.peer, victim.peer]);
  await waitUntil(
    { what: 'the repair', agents: living },
    (views) =>
      isSettled(views) &&
      views.every((view) =>
        view.plan?.classes.every(({ groups }) =>
          groups.every(({ members }) => !members.some((member) => dead.has(member))),
        ),
      ),
  );

  const fresh = await fleet.add('new-pc');
  await waitUntil(
    { what: 'the new machine learning of the snapshot', agents: [fresh] },
    ([view]) => view!.plan !== undefined && view!.drives.some(({ snapshots }) => snapshots.length > 0),
  );
  const listed = await askCommand<SnapshotListAnswer>([
    'snapshots',
    '--home',
    fresh.home,
    '--phrase-file',
    phraseFile,
  ]);
  t.is(listed.drives[0]?.snapshots.length, 1);
  const to = join(fleet.root, 'restored');
  const restored = await askCommand<RestoreAnswer>([
    'restore',
    '--home',
    fresh.home,
    '--phrase-file',
    phraseFile,
    '--to',
    to,
    '--compare',
    folder,
  ]);
  t.deepEqual(restored.differences, []);
  t.deepEqual(restored.missing, []);

  const [admin] = fleet.agents;
  await askCommand(['plan', 'limits', '--veto', 'pc-05', '--apart', 'gateway', '--home', admin!.home]);
  const { plan } = await askCommand<PlanAnswer>(['plan', 'compute', '--home', admin!.home]);
  const holders = plan.classes.flatMap(({ groups }) => groups.flatMap(({ members }) => members));
  const vetoed = fleet.agents.find(({ name }) => name === 'pc-05')!;
  t.false(holders.includes(machineId(vetoed.peer)), 'a vetoed machine holds nothing');
  const compute = (): Promise<PlanAnswer> => askCommand(['plan', 'compute', '--home', admin!.home]);
  let answer = await compute();
  for (let tries = 0; answer.changed && tries < 4; tries++) answer = await compute();
  t.false(answer.changed, 'asked again and again, a plan stays as it is, and the answer says so');
  t.is(
    await failureOf(['plan', 'limits', '--pin', 's1.3-1:nobody', '--home', admin!.home]),
    'target-unknown',
  );
});

test('wrong words, folders, invites and second agents are refused with advice, and lose nothing', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const [admin] = fleet.agents;
  const home = admin!.home;
  const elsewhere = join(fleet.root, 'elsewhere');

  t.is(await failureOf(['join', '-', '--home', elsewhere], 'drey1nonsense'), 'invite-malformed');
  const { invite } = await askCommand<{ invite: string }>([
    'fleet',
    'invite',
    '--home',
    home,
    '--expires',
    '1s',
  ]);
  t.is(await failureOf(['join', '-', '--home', home], invite), 'already-member');
  t.is(await failureOf(['join', '-', '--home', elsewhere], invite), 'invite-expired');

  t.is(await failureOf(['protect', join(fleet.root, 'not-there'), '--home', home]), 'folder-missing');
  const file = join(fleet.root, 'file');
  writeFileSync(file, 'x');
  t.is(await failureOf(['protect', file, '--home', home]), 'not-a-folder');
  t.is(await failureOf(['up', '--home', home]), 'folder-in-use');
  t.is(await failureOf(['up', '--home', elsewhere]), 'not-a-member');

  const words = join(fleet.root, 'words.txt');
  writeFileSync(words, `${'abandon '.repeat(23)}zebra\n`);
  t.is(
    await failureOf(['restore', '--home', home, '--phrase-file', words, '--to', join(fleet.root, 'out')]),
    'phrase-wrong',
  );
  t.is(await failureOf(['plan', 'show', '--home', home]), 'plan-missing');

  const other = await fleet.add('pc-02');
  const port = /\/tcp\/(\d+)/u.exec(admin!.addresses[0] ?? '')?.[1];
  await killAgent(other);
  t.is(
    await failureOf(['up', '--home', other.home, '--listen', `/ip4/127.0.0.1/tcp/${port}`]),
    'port-in-use',
  );
  const again = await startAgentProcess('pc-02', other.home);
  fleet.agents.push(again);
  t.is(again.peer, other.peer);
});

test('when the admin is gone, the recovery kit makes another machine an admin, and it lets machines in', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const [admin] = fleet.agents;
  const heir = await fleet.add('pc-02');
  await waitUntil(
    { what: 'the heir knowing the first admin', agents: [heir] },
    ([view]) => view!.machines.length === 2,
  );
  const passphraseFile = join(fleet.root, 'passphrase.txt');
  writeFileSync(passphraseFile, `${fleet.kit.passphrase}\n`);
  const become = ['fleet', 'admin', '--home', heir.home, '--passphrase-file', passphraseFile, '--kit'];
  t.is(await failureOf([...become, fleet.kit.file]), 'folder-in-use');
  t.is(await failureOf(['fleet', 'invite', '--home', heir.home]), 'not-an-admin');
  await killAgent(admin!);
  await killAgent(heir);
  t.is(await failureOf([...become, join(fleet.root, 'no-kit')]), 'kit-unreadable');
  t.is(await failureOf([...become, passphraseFile]), 'recovery-kit-damaged');
  await askCommand([...become, fleet.kit.file]);

  const again = await startAgentProcess('pc-02', heir.home);
  fleet.agents.push(again);
  const { invite } = await askCommand<{ invite: string }>(['fleet', 'invite', '--home', heir.home]);
  const home = join(fleet.root, 'pc-03');
  await askCommand(['join', '-', '--home', home, '--name', 'pc-03', '--quota', '1GB'], invite);
  const third = await startAgentProcess('pc-03', home);
  fleet.agents.push(third);
  await waitUntil({ what: 'both knowing each other as members', agents: [again, third] }, (views) =>
    views.every(({ machines }) =>
      [heir.peer, third.peer].every((peer) =>
        machines.some((machine) => machine.peer === peer && machine.state === 'up'),
      ),
    ),
  );
});
