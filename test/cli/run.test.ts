// The command as a process of its own, where nobody takes what it says.

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import test from 'ava';

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
