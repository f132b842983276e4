// The command as a process of its own, where nobody takes what it says.

import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../helpers/agents.ts';

const program = new URL('../../cli/drey.js', import.meta.url).pathname;

test('a command whose output finds no room says so in words', (t) => {
  if (!existsSync('/dev/full')) {
    t.pass();
    return;
  }
  const full = openSync('/dev/full', 'w');
  const ended = spawnSync(process.execPath, [program, 'alerts', 'show', '--help'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  t.is(ended.status, 1);
  t.regex(ended.stderr, /cannot be written: ENOSPC/u);
  t.notRegex(ended.stderr, /node:/u);
});

test('a Node that is too old hands over to the one of the packages', (t) => {
  const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}});Object.defineProperty(process,'version',{value:'v20.1.0'})`;
  const run = (...words: readonly string[]) =>
    spawnSync(process.execPath, ['--import', old, program, ...words], { encoding: 'utf8' });
  const home = ['--home', '/nowhere/at/all'];
  t.regex(run('doctor', ...home).stdout, /^ok {2}node: v(?!20\.1\.0)/u);
  const wrong = run('statsu');
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /Did you mean status/u);
});

test('a name that nothing can have is a wrong command line', (t) => {
  const home = join(temporaryFolder(t, 'unnamed'), 'home');
  const words = ['fleet', 'create', '--home', home, '--machine-name', 'two\nlines'];
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
  t.is(status, 2);
  t.regex(stderr, /name-unusable/u);
});

test('a home that is set to nothing is looked up, and is not the folder in which one stands', (t) => {
  const { DREY_HOME: _, XDG_DATA_HOME: __, ...rest } = process.env;
  const { stderr } = spawnSync(process.execPath, [program, 'status'], {
    cwd: temporaryFolder(t, 'anywhere'),
    env: { ...rest, HOME: '' },
    encoding: 'utf8',
  });
  t.regex(stderr, /there is no agent's folder at (?:\/|[A-Z]:)/u);
});

test('a command that a signal ends tells of it by its exit code, also through a Node that hands over', (t) => {
  const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`;
  const interrupted = `data:text/javascript,if(process.execArgv.length===0){process.kill(process.pid,'SIGINT');setInterval(()=>{},1000)}`;
  const { status } = spawnSync(process.execPath, ['--import', old, program, 'doctor'], {
    env: { ...process.env, NODE_OPTIONS: `--import="${interrupted}"` },
  });
  t.is(status, 130);
});

test("another user's agent is no missing fleet", (t) => {
  const home = join(temporaryFolder(t, 'hidden'), 'home');
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, 'identity.json'), '{}');
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) chmodSync(home, 0);
  const ask = (command: string): string => {
    const { error, stdout, stderr } = spawnSync(process.execPath, [program, command, '--home', home], {
      encoding: 'utf8',
      ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
    });
    return error === undefined ? stdout + stderr : '';
  };
  const [status, doctor] = [ask('status'), ask('doctor')];
  if (!isRoot) chmodSync(home, 0o700);
  if (process.platform === 'win32' || !status.includes('drey')) {
    t.log('skipped: nothing here hides from this user, or no other user can start Node');
    t.pass();
    return;
  }
  for (const said of [status, doctor]) {
    t.regex(said, /home-not-yours/u);
    t.notRegex(said, /no fleet/u);
  }
});
