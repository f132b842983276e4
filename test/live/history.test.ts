// What people look up in snapshots, asked of real agents by the command.

import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type {
  DiffAnswer,
  FindAnswer,
  HistoryAnswer,
  ProtectAnswer,
  RestoreAnswer,
  SnapshotAnswer,
  VerifyAnswer,
} from '../../agent/control/index.ts';
import { askCommand, killAgent } from '../../cli/demo/processes.ts';
import { waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, temporaryFolder } from '../helpers/agents.ts';

test('files are found, followed, compared and brought back from a moment; what is out of reach is named', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const owner = await fleet.add('pc-02');
  for (const name of ['pc-03', 'pc-04', 'pc-05']) await fleet.add(name);
  await waitUntil({ what: 'a plan', agents: fleet.agents }, (views) =>
    views.every(({ plan }) => plan !== undefined),
  );
  const home = ['--home', owner.home];
  const folder = temporaryFolder(t, 'office');
  mkdirSync(join(folder, 'letters'));
  writeFileSync(join(folder, 'letters', 'Offer.txt'), 'first');
  writeFileSync(join(folder, 'plan.txt'), 'a plan');
  writeFileSync(join(folder, 'minutes.txt'), 'kept');
  linkSync(join(folder, 'minutes.txt'), join(folder, 'protocol.txt'));
  symlinkSync('minutes.txt', join(folder, 'short'));
  linkSync(join(folder, 'short'), join(folder, 'shorter'));
  const first = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, ...home]);
  const firstMs = Date.now();
  writeFileSync(join(folder, 'letters', 'Offer.txt'), 'second, longer');
  rmSync(join(folder, 'plan.txt'));
  const second = await askCommand<SnapshotAnswer>(['protect', folder, ...home]);
  t.not(second.snapshot, first.snapshot);

  const found = await askCommand<FindAnswer>(['find', 'offer', ...home]);
  t.deepEqual(
    found.drives.flatMap(({ versions }) => versions.map(({ path, byteCount }) => [path, byteCount])),
    [
      ['letters/Offer.txt', 5],
      ['letters/Offer.txt', 14],
    ],
  );
  const gone = await askCommand<HistoryAnswer>(['history', join(folder, 'plan.txt'), ...home]);
  t.deepEqual(
    gone.drives[0]?.events.map(({ change, snapshot }) => [change, snapshot]),
    [
      ['first', first.snapshot],
      ['removed', second.snapshot],
    ],
  );
  t.is(await failureOf(['history', 'nothing', ...home]), 'path-in-no-snapshot');
  const diff = await askCommand<DiffAnswer>(['diff', first.snapshot!.slice(0, 12), ...home]);
  t.deepEqual(
    diff.changes.map(({ change, path }) => [change, path]),
    [
      ['changed', 'letters/Offer.txt'],
      ['removed', 'plan.txt'],
    ],
  );

  const to = join(fleet.root, 'then');
  const at = new Date(firstMs).toISOString();
  const back = await askCommand<RestoreAnswer>([
    'restore',
    '--at',
    at,
    '--path',
    'letters/Offer.txt',
    '--to',
    to,
    ...home,
  ]);
  t.is(back.snapshot, first.snapshot!);
  t.is(readFileSync(join(to, 'letters', 'Offer.txt'), 'utf8'), 'first');
  t.deepEqual(readdirSync(to), ['letters']);
  t.is(
    await failureOf(['restore', '--at', '2001-01-01', '--to', join(fleet.root, 'never'), ...home]),
    'no-snapshot-then',
  );

  const verified = await askCommand<VerifyAnswer>(['verify', '--read-data', ...home]);
  t.deepEqual(
    verified.drives.map(({ snapshotCount, problems }) => [snapshotCount, problems]),
    [[2, []]],
  );
  t.true(verified.drives[0]!.checkedBytes > 0);
  t.is(verified.drives[0]!.fileCount, first.fileCount + second.fileCount, 'each name of a file counts');
  await Promise.all(fleet.agents.filter((agent) => agent !== owner).map(killAgent));
  await waitUntil(
    { what: 'the owner seeing that it is alone', agents: [owner] },
    ([view]) => view!.machines.filter(({ state }) => state === 'up').length === 1,
  );
  t.is(await failureOf(['verify', ...home]), 'verify-found-problems');
});
