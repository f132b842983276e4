// Folders that are protected no more, with real agents; and folders as people name them.

import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { askAgent } from '../../agent/control/index.ts';
import type {
  ProtectAnswer,
  RestoreAnswer,
  RetentionAnswer,
  SnapshotAnswer,
  UnprotectAnswer,
} from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { askCommand, killAgent, runCommand, startAgentProcess } from '../../cli/demo/processes.ts';
import { waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, temporaryFolder } from '../helpers/agents.ts';

/** What `drey protect` ends with; whoever watches the folder may have taken its newest snapshot before the command. */
const saysItIsSafe = (folder: string): RegExp =>
  new RegExp(`(snapshot of ${folder} is|changed in ${folder} since .*) on other machines`, 'u');

test('what is protected no more stays restorable, raises no alarm, and goes on as the same drive', async (t) => {
  takeTime(t);
  const root = temporaryFolder(t, 'unprotect');
  t.is(await failureOf(['status', '--home', join(root, 'nothing')]), 'no-fleet-here');
  t.is(
    await failureOf(['fleet', 'create', '--name', 'x'.repeat(65), '--home', join(root, 'nothing')]),
    'name-unusable',
  );
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const folder = join(root, 'real folder');
  mkdirSync(folder);
  writeFileSync(join(folder, 'letter.txt'), 'first');
  const link = join(root, 'link');
  symlinkSync(folder, link);
  const owner = fleet.agents[0]!;
  const home = ['--home', owner.home];
  t.is(await failureOf(['protect', owner.home, ...home]), 'folder-is-the-agents');
  t.is(await failureOf(['restore', '--to', join(owner.home, 'back'), ...home]), 'folder-is-the-agents');

  // Whoever asks and is killed before they read the answer has not lost the words.
  const request = { path: folder, ignore: [] };
  const lost = await askAgent({ home: owner.home, call: 'protect', request });
  await killAgent(owner);
  fleet.agents[0] = await startAgentProcess('pc-01', owner.home);
  t.deepEqual(fleet.agents[0].addresses, owner.addresses, 'others know no newer address than that');
  const shownAgain = await askAgent({ home: owner.home, call: 'protect', request });
  t.is(shownAgain.phrase?.split(' ').length, 24);
  t.is(shownAgain.phrase, lost.phrase);

  // With fewer machines than a plan needs, the command says what it waits for.
  const waiting = runCommand(['protect', link, ...home]);
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  const first = await waiting;
  t.is(first.exitCode, 0);
  t.regex(first.errors, /of the four machines that it needs/u);
  t.true(first.output.includes(shownAgain.phrase!));
  t.regex(first.output, saysItIsSafe(folder), 'a link is followed');
  const { drive } = shownAgain;
  t.is(
    (await askAgent({ home: owner.home, call: 'protect', request })).phrase,
    undefined,
    'words that were shown are nowhere any more',
  );

  mkdirSync(join(folder, 'inner'));
  // With a snapshot of its own, so that there are two drives to restore from.
  const inner = await askCommand<ProtectAnswer>(['protect', join(folder, 'inner'), ...home]);
  t.is(inner.inside, folder);
  await askCommand<UnprotectAnswer>(['unprotect', inner.drive.slice(0, 8), ...home]);
  const left = await askCommand<UnprotectAnswer>(['unprotect', `${link}/`, ...home]);
  t.is(left.drive, drive);
  t.true(left.snapshotCount >= 1);
  t.is(await failureOf(['unprotect', folder, ...home]), 'drive-unknown');

  // What its own advice says can be done at once, and after a start of the agent.
  const keptLast = ['retention', drive.slice(0, 8), '--keep-last', '1', ...home];
  t.is((await askCommand<RetentionAnswer>(keptLast)).drives[0]!.held, undefined);
  t.is(await failureOf([...keptLast, '--keep-all']), 'retention-contradictory');

  // A start of the agent changes nothing of that, and damaged notes do not keep it from starting.
  await killAgent(fleet.agents[0]);
  for (const name of ['scrub.json', 'proofs.json', 'heard-forgets.json'])
    writeFileSync(join(owner.home, name), '{"version":1');
  fleet.agents[0] = await startAgentProcess('pc-01', owner.home);
  writeFileSync(join(folder, 'letter.txt'), 'second');
  const view = await askCommand<FleetView>(['status', ...home]);
  const seen = view.drives.find((one) => one.drive === drive)!;
  t.true(seen.leftMs !== undefined && seen.watcher === undefined);
  t.deepEqual(
    view.problems.filter(({ about }) => about === drive),
    [],
  );
  t.is((await askCommand<RetentionAnswer>(keptLast)).drives[0]!.held, undefined);
  const to = join(root, 'back');
  t.is(
    (
      await askCommand<RestoreAnswer>([
        'restore',
        '--to',
        to,
        '--drive',
        drive,
        '--path',
        'letter.txt',
        ...home,
      ])
    ).fileCount,
    1,
  );

  await waitUntil({ what: 'the others', agents: fleet.agents.slice(1) }, (views) =>
    views.every(({ machines }) => machines.every(({ state }) => state === 'up')),
  );
  const again = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, ...home]);
  t.is(again.drive, drive);
  t.false(again.isNew);
  const without = await askCommand<ProtectAnswer & SnapshotAnswer>([
    'protect',
    folder,
    '--ignore',
    'letter.txt',
    ...home,
  ]);
  t.deepEqual([without.outcome, without.fileCount], ['acknowledged', again.fileCount - 1]);
  t.true(without.ignore?.includes('letter.txt'));
  // Whoever may read everything has nothing left out.
  const closed = join(folder, 'closed.txt');
  writeFileSync(closed, 'closed');
  chmodSync(closed, 0);
  const short = await runCommand(['protect', folder, ...home]);
  if ((process.getuid?.() ?? 0) === 0) t.is(short.exitCode, 0);
  else t.regex(short.errors, /snapshot-incomplete/u);
  t.regex(short.output, saysItIsSafe(folder));
  rmSync(closed);

  // A snapshot says which drive is meant; and what cannot be compared is known before anything is restored.
  const bySnapshot = ['restore', '--snapshot', again.snapshot!.slice(0, 12), ...home];
  const elsewhere = join(root, 'elsewhere');
  t.is(
    await failureOf([...bySnapshot, '--to', elsewhere, '--compare', join(root, 'nothing')]),
    'compare-unusable',
  );
  t.false(existsSync(elsewhere));
  t.is((await askCommand<RestoreAnswer>([...bySnapshot, '--to', elsewhere])).drive, drive);
  t.is(await failureOf(['restore', '--to', join(root, 'x'), ...home]), 'drive-ambiguous');
});
