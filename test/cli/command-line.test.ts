// What people type, settled before a command sees it.

import test from 'ava';
import {
  listenAddressOf,
  refuseEmptyWords,
  settleArguments,
  standWhereTyped,
} from '../../cli/command-line.ts';

const settled = (text: string): string => settleArguments(text.split(' ')).join(' ');

test('options that all commands share may stand before the command', (t) => {
  t.is(settled('--home /x status'), 'status --home /x');
  t.is(settled('--json --home=/x plan show'), 'plan show --json --home=/x');
  t.is(settled('--home /x restore --to out -- odd'), 'restore --to out --home /x -- odd');
  t.is(settled('status --home /x'), 'status --home /x');
  t.is(settled('--help'), '--help');
  t.is(settled('--home'), '--home', 'half of an option stays what it is, and is refused by its command');
  t.deepEqual(settleArguments([]), []);
});

test('a variable that is not set is no folder', (t) => {
  for (const words of [
    ['protect', ''],
    ['restore', '--to', ''],
    ['restore', '--to', 'x', '--drive', ''],
  ])
    t.throws(() => refuseEmptyWords(words), { code: 'word-empty' });
  t.notThrows(() => refuseEmptyWords(['up', '--site', '']));
  t.notThrows(() => refuseEmptyWords(['protect', '.']));
});

test('paths belong to the folder in which npm was called', (t) => {
  const here = process.cwd();
  const environment: NodeJS.ProcessEnv = { INIT_CWD: '/no/such/folder', npm_lifecycle_event: 'drey' };
  standWhereTyped(environment);
  t.is(process.cwd(), here, 'a folder that is gone is no reason to fail');
  t.is(environment['INIT_CWD'], undefined, 'programs that this one starts stay where it is');
  const other: NodeJS.ProcessEnv = { INIT_CWD: '/', npm_lifecycle_event: 'test' };
  standWhereTyped(other);
  t.is(process.cwd(), here, 'other scripts are typed elsewhere');
});

test('an address to listen on may be written as people write it', (t) => {
  t.is(listenAddressOf('/ip4/0.0.0.0/tcp/4001'), '/ip4/0.0.0.0/tcp/4001');
  t.is(listenAddressOf('/dns4/pc.example/tcp/4001'), '/dns4/pc.example/tcp/4001');
  t.is(listenAddressOf('127.0.0.1:0'), '/ip4/127.0.0.1/tcp/0');
  t.is(listenAddressOf('[::1]:4001'), '/ip6/::1/tcp/4001');
  t.is(listenAddressOf('4001'), '/ip4/0.0.0.0/tcp/4001');
  t.is(listenAddressOf(':4001'), '/ip4/0.0.0.0/tcp/4001');
  for (const wrong of [
    '',
    'here',
    '1.2.3.4',
    '127.0.0.1:99999',
    '/ip4/127.0.0.1/tcp/70000',
    '/ip4//tcp/1',
    '/ip4/1.2.3.4/udp/1',
  ])
    t.throws(() => listenAddressOf(wrong), { code: 'listen-malformed' }, wrong);
});
