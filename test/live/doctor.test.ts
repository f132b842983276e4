// What `drey doctor` says of an agent that does not run, of its folder, and of what is wrong with a drive.

import { execFileSync } from 'node:child_process';
import test from 'ava';
import { unixMs } from '../../datasets/index.ts';
import { homeAt } from '../../agent/live/home.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { mountSmallDisk } from '../helpers/small-disk.ts';
import { examineFolder, notRunning, withDrive } from '../../agent/live/doctor.ts';

test('a member whose agent does not run saves nothing, which is a problem; a machine of no fleet has none', (t) => {
  t.like(notRunning(true), { level: 'problem', subject: 'agent' });
  t.regex(notRunning(true).advice ?? '', /`drey up`/u);
  t.is(notRunning(false).level, 'warning');
});

test('a problem of a drive says of which one, one of the machine nothing of drives', (t) => {
  const words = {
    level: 'problem',
    risk: 'Files are not safe.',
    why: 'It is full.',
    action: 'It waits.',
  } as const;
  const about = '94340d774af6e1508b889ecf8a14416c';
  t.is(
    withDrive({ ...words, kind: 'backup-failed', about, sinceMs: unixMs(0) }),
    'Drive 94340d77: Files are not safe. It is full. It waits.',
  );
  for (const kind of ['machine-gone', 'deletion-waits'] as const)
    t.false(withDrive({ ...words, kind, about, sinceMs: unixMs(0) }).includes('94340d77'));
});

test('a folder of the agent that takes no writes is told as that, not only that no agent runs', (t) => {
  const home = temporaryFolder(t, 'doctor');
  if (!mountSmallDisk(t, home, '1m')) return;
  t.deepEqual(examineFolder(homeAt(home)), []);
  execFileSync('mount', ['-o', 'remount,ro', home], { stdio: 'pipe' });
  const [found] = examineFolder(homeAt(home));
  t.like(found, { level: 'problem', subject: 'folder' });
  t.regex(found!.text, /cannot be written: its disk is read-only/u);
});
