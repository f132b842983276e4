// Retention with real agents: what a drive's rules forget is forgotten everywhere, and what they keep comes back.

import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { FleetView } from '../../agent/index.ts';
import type {
  AcceptAnswer,
  ProtectAnswer,
  RestoreAnswer,
  RetentionAnswer,
  SnapshotAnswer,
  SnapshotListAnswer,
  VerifyAnswer,
} from '../../agent/control/index.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, temporaryFolder } from '../helpers/agents.ts';

test('rules forget old snapshots for the whole fleet, give up their packs, and all that is kept comes back', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const owner = await fleet.add('pc-02');
  for (const name of ['pc-03', 'pc-04', 'pc-05']) await fleet.add(name);
  await waitUntil({ what: 'a plan', agents: fleet.agents }, (views) =>
    views.every(({ plan }) => plan !== undefined),
  );
  const home = ['--home', owner.home];
  const folder = temporaryFolder(t, 'office');
  const save = () => askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, ...home]);
  writeFileSync(join(folder, 'stays.txt'), 'stays');
  await save();
  const precious = randomBytes(900_000);
  writeFileSync(join(folder, 'comes-and-goes.bin'), precious);
  const second = await save();
  rmSync(join(folder, 'comes-and-goes.bin'));
  const third = await save();

  t.is(await failureOf(['retention', 'nothing', '--keep-last', '1', ...home]), 'drive-unknown');
  t.is(await failureOf(['retention', 'all', '--keep-last', 'some', ...home]), 'quantity-malformed');
  const listed = async (at: readonly string[]) =>
    (await askCommand<SnapshotListAnswer>(['snapshots', ...at])).drives[0]?.snapshots.map(
      ({ snapshot }) => snapshot,
    );
  const dry = await askCommand<RetentionAnswer>([
    'retention',
    'all',
    '--keep-last',
    '1',
    '--dry-run',
    ...home,
  ]);
  t.deepEqual(
    dry.drives[0]?.snapshots.map(({ reasons }) => reasons),
    [[], [], ['last']],
  );
  t.true(dry.drives[0]!.packs!.deadPackBytes > 900_000);
  t.is((await listed(home))?.length, 3, 'a dry run forgets nothing');

  const done = await askCommand<RetentionAnswer>(['retention', folder, '--keep-last', '1', ...home]);
  t.deepEqual(done.drives[0]?.packs?.deadPackCount, dry.drives[0]?.packs?.deadPackCount);
  t.deepEqual(await listed(home), [third.snapshot]);
  const other = fleet.agents.find(({ name }) => name === 'pc-04')!;
  await waitUntil(
    { what: 'others hearing what is kept', agents: [other] },
    ([view]) => view!.drives[0]?.snapshots.length === 1,
  );
  // Within the week a mistake can be undone by hand.
  const mistaken = await askCommand<SnapshotListAnswer>(['snapshots', '--forgotten', ...home]);
  t.is(mistaken.drives[0]?.forgotten.length, 2);
  const saved = join(fleet.root, 'saved');
  const secondAgain = ['--snapshot', second.snapshot!.slice(0, 12), '--to', saved, ...home];
  t.deepEqual((await askCommand<RestoreAnswer>(['restore', ...secondAgain])).missing, []);
  t.true(readFileSync(join(saved, 'comes-and-goes.bin')).equals(precious));

  writeFileSync(join(folder, 'stays.txt'), 'stays, but changed');
  await save();
  t.is((await listed(home))?.length, 2, 'not twice a day');
  await killAgent(owner);
  const again = await startAgentProcess('pc-02', owner.home);
  fleet.agents.push(again);
  // The first snapshot of this start; what comes after it is taken anew.
  await save();
  await waitUntil(
    { what: 'the rules being applied by themselves', agents: [again] },
    ([view]) => view!.drives[0]?.snapshots.length === 1,
  );
  const verified = await askCommand<VerifyAnswer>(['verify', '--read-data', ...home]);
  t.deepEqual(verified.drives[0]?.problems, []);
  writeFileSync(join(folder, 'new.txt'), 'new');
  const fourth = await save();
  t.deepEqual((await listed(home))?.at(-1), fourth.snapshot);
  const to = join(fleet.root, 'restored');
  const restored = await askCommand<RestoreAnswer>(['restore', '--to', to, '--compare', folder, ...home]);
  t.deepEqual([restored.missing, restored.differences], [[], []]);
  const rules = await askCommand<RetentionAnswer>(['retention', 'all', ...home]);
  t.deepEqual([rules.drives[0]?.rules, rules.drives[0]?.isApplied], [{ last: 1 }, false]);

  for (let file = 0; file < 60; file++)
    writeFileSync(join(folder, `letter-${file}`), `Dear ${file}`.repeat(99));
  const whole = await save();
  for (let file = 0; file < 60; file++) writeFileSync(join(folder, `letter-${file}`), randomBytes(900));
  await save();
  const view = await askCommand<FleetView>(['status', ...home]);
  t.regex(view.drives.find(({ path }) => path === folder)?.held ?? '', /^\d+ of \d+ files/u);
  t.true(view.problems.some(({ level, kind }) => level === 'problem' && kind === 'mass-change'));
  const held = await askCommand<RetentionAnswer>(['retention', 'all', '--keep-last', '1', ...home]);
  t.regex(held.drives[0]?.held ?? '', /accept-change/u);
  t.true((await listed(home))?.includes(whole.snapshot!), 'nothing is forgotten');
  t.is(await failureOf(['protect', join(fleet.root, 'other'), '--accept-change', ...home]), 'drive-unknown');
  // A folder that is protected no more is guarded as before.
  await askCommand(['unprotect', folder, ...home]);
  const left = await askCommand<RetentionAnswer>(['retention', 'all', '--keep-last', '1', ...home]);
  t.regex(left.drives[0]?.held ?? '', /accept-change/u);
  const accepted = await askCommand<AcceptAnswer>(['protect', folder, '--accept-change', ...home]);
  t.true(accepted.accepted!.harmed > 50);
  await askCommand<RetentionAnswer>(['retention', 'all', '--keep-last', '1', ...home]);
  t.is((await listed(home))?.length, 1);
});
