// An agent whose own disk is made read-only or pulled out under it: it stands by and says so, and goes on by itself.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { HomeDisk } from '../../agent/live/index.ts';
import { askCommand, killAgent, runCommand, startAgentProcess } from '../../cli/demo/processes.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const mount = (...words: readonly string[]): void =>
  void execFileSync('mount', words, { stdio: ['ignore', 'ignore', 'pipe'] });
const unmount = (folder: string): void => void execFileSync('umount', ['--lazy', folder]);

/** False, with the reason logged, where file systems may not be mounted. */
function mayMount(t: ExecutionContext, folder: string): boolean {
  try {
    mount('-t', 'tmpfs', '-o', 'size=128m', 'drey-test', folder);
    t.teardown(() => unmount(folder));
    return true;
  } catch (error) {
    t.log(`skipped: this process may not mount a small file system (${String(error)})`);
    t.pass();
    return false;
  }
}

/** Asks until the answer is the wanted one; each question has the agent look at its disk. */
async function untilStatus(home: string, isWanted: (errors: string) => boolean): Promise<string> {
  for (;;) {
    const { errors } = await runCommand(['status', '--home', home]);
    if (isWanted(errors)) return errors;
  }
}

test('an agent stands by while its disk is read-only or gone, and goes on by itself', async (t) => {
  const folder = temporaryFolder(t, 'home-disk');
  if (!mayMount(t, folder)) return;
  const home = join(folder, 'home');
  await askCommand(['fleet', 'create', '--home', home, '--quota', '50MB']);
  const agent = await startAgentProcess('pc-01', home);
  t.teardown(() => killAgent(agent));

  // New names find the read-only place; what is open stays open, as when a system stops trusting a disk.
  mount('--bind', home, home);
  mount('-o', 'remount,bind,ro', home);
  const readOnly = await untilStatus(home, (errors) => errors.includes('stands by'));
  t.regex(readOnly, /it is read-only/u);
  t.regex(readOnly, /goes on by itself/u);
  unmount(home);
  await untilStatus(home, (errors) => errors === '');

  const control = readFileSync(join(home, 'control.json'));
  mount('-t', 'tmpfs', '-o', 'size=8m', 'drey-test', home);
  writeFileSync(join(home, 'control.json'), control);
  t.regex(
    await untilStatus(home, (errors) => errors.includes('stands by')),
    /another disk lies in its place/u,
  );
  unmount(home);
  await untilStatus(home, (errors) => errors === '');
  t.is(agent.process.exitCode, null, 'it is the same process');
});

test('a folder that another one takes the place of is gone, and a new start may take it', (t) => {
  const folder = temporaryFolder(t, 'home-place');
  const home = join(folder, 'home');
  mkdirSync(home);
  t.is(new HomeDisk(home).unfit()?.state, 'gone', 'nobody lives there');
  execFileSync('touch', [join(home, 'identity.json')]);
  const disk = new HomeDisk(home);
  t.is(disk.trouble(), undefined);
  execFileSync('mv', [home, `${home}-elsewhere`]);
  t.is(disk.trouble()?.state, 'gone');
  mkdirSync(home);
  execFileSync('touch', [join(home, 'identity.json')]);
  t.is(disk.trouble()?.state, 'gone', 'another one in its place');
  t.is(disk.unfit(), undefined);
  disk.remember();
  t.is(disk.trouble(), undefined);
});

test('a folder of shards that is not there is trouble, until the same is back', (t) => {
  const home = temporaryFolder(t, 'home-shards');
  const shards = join(home, 'shards');
  mkdirSync(shards);
  writeFileSync(join(home, 'identity.json'), '{}');
  const disk = new HomeDisk(home);
  t.is(disk.trouble(), undefined);
  writeFileSync(join(shards, 'folder-id'), `${'ab'.repeat(16)} ${'ab'.repeat(16)}`);
  disk.remember();
  execFileSync('mv', [shards, `${shards}-away`]);
  mkdirSync(shards);
  t.regex(disk.trouble()?.reason ?? '', /folder of its shards/u);
  t.regex(disk.unfit()?.reason ?? '', /folder of its shards/u, 'nor is the agent started anew');
  rmSync(shards, { recursive: true });
  execFileSync('mv', [`${shards}-away`, shards]);
  t.is(disk.trouble(), undefined);
});
