// Runs the command line itself, in this process: parsing only, no command is carried out.

import type { Command } from 'commander';
import test from 'ava';
import { createProgram } from '../../cli/program.ts';

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

const promised = [
  'drey fleet create',
  'drey fleet invite',
  'drey fleet log',
  'drey join',
  'drey up',
  'drey protect',
  'drey unprotect',
  'drey status',
  'drey snapshots',
  'drey find',
  'drey history',
  'drey diff',
  'drey restore',
  'drey verify',
  'drey retention',
  'drey limits',
  'drey metrics',
  'drey alerts set',
  'drey alerts show',
  'drey alerts test',
  'drey plan show',
  'drey plan explain',
  'drey plan compute',
  'drey plan whatif',
  'drey plan limits',
  'drey telemetry show',
  'drey telemetry export',
  'drey models train',
  'drey models list',
  'drey models evaluate',
  'drey models compare',
  'drey models promote',
  'drey models rollback',
  'drey models card',
  'drey dashboard',
  'drey doctor',
  'drey demo',
];

test('every promised command exists', (t) => {
  const there = new Set(leaves(createProgram()).map(pathOf));
  t.deepEqual(
    promised.filter((path) => !there.has(path)),
    [],
  );
});

for (const command of leaves(createProgram())) {
  test(`${pathOf(command)} has a help text with an example of itself`, (t) => {
    const help = helpOf(command);
    t.regex(help, /Usage: /u);
    t.regex(help, new RegExp(`Example:\\n  ${pathOf(command)}\\b`, 'u'));
  });
}

test('a wrong command line is told apart from a failure', async (t) => {
  const program = createProgram();
  program.configureOutput({ writeErr: () => {} });
  await t.throwsAsync(program.parseAsync(['node', 'drey', 'protetc']), { name: 'CommanderError' });
});
