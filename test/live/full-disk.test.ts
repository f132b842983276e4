// An agent whose disk others have filled: it starts by its reserve, and sets a new one aside once there is room.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { keepReserve, spendReserve } from '../../agent/live/disk/index.ts';
import { startReserveBytes } from '../../agent/live/limits.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { temporaryFolder } from '../helpers/agents.ts';

/** Mounts a small file system; false where that is not allowed. */
function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'drey-test', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Takes all space that is left. */
function fill(folder: string): string {
  const ballast = join(folder, 'ballast');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  return ballast;
}

test('an agent starts on a full disk by its reserve, and has a new one once there is room', async (t) => {
  const folder = temporaryFolder(t, 'full');
  if (!mountSmall(folder)) {
    t.log('skipped: this process may not mount a small file system');
    t.pass();
    return;
  }
  t.teardown(() => execFileSync('umount', ['--lazy', folder]));
  const home = join(folder, 'home');
  const reserve = join(home, 'reserve');
  await askCommand(['fleet', 'create', '--home', home, '--quota', '50MB']);
  const first = await startAgentProcess('pc-01', home);
  t.is(statSync(reserve).size, startReserveBytes);
  await killAgent(first);

  const ballast = fill(folder);
  const again = await startAgentProcess('pc-01', home);
  t.is(statSync(reserve, { throwIfNoEntry: false }), undefined, 'it was spent');
  await askCommand(['status', '--home', home]);
  await killAgent(again);

  rmSync(ballast);
  const last = await startAgentProcess('pc-01', home);
  t.is(statSync(reserve).size, startReserveBytes);
  await killAgent(last);
});

test('a reserve is spent once, and not taken from a disk that has little left', (t) => {
  const folder = temporaryFolder(t, 'reserve');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'reserve');
  t.true(keepReserve(file));
  t.true(keepReserve(file), 'it lies there already');
  t.true(spendReserve(file));
  t.false(spendReserve(file));
});
