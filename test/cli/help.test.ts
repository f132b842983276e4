// Runs the command line itself, in this process: parsing only, no command is carried out.

import type { Command } from 'commander';
import test from 'ava';
import { settleArguments } from '../../cli/command-line.ts';
import { commandNames, createProgram } from '../../cli/program.ts';

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

test('every promised command exists', async (t) => {
  const there = new Set(leaves(await createProgram()).map(pathOf));
  t.deepEqual(
    promised.filter((path) => !there.has(path)),
    [],
  );
});

for (const command of leaves(await createProgram())) {
  test(`${pathOf(command)} has a help text with an example of itself`, (t) => {
    const help = helpOf(command);
    t.regex(help, /Usage: /u);
    t.regex(help, new RegExp(`Example:\\n  ${pathOf(command)}\\b`, 'u'));
  });
}

test('a command that is named is there, and no other one', async (t) => {
  for (const name of commandNames)
    for (const words of [[name], [name, 'what'], ['help', name]]) {
      const program = await createProgram(words);
      t.deepEqual(
        program.commands.map((command) => command.name()),
        [name, 'help'],
        words.join(' '),
      );
    }
  for (const words of [[], ['--help'], ['help'], ['statu'], ['help', 'statu']])
    t.is((await createProgram(words)).commands.length, commandNames.length + 1, words.join(' '));
});

test('a wrong command line is told apart from a failure', async (t) => {
  const program = await createProgram();
  program.configureOutput({ writeErr: () => {} });
  await t.throwsAsync(program.parseAsync(['node', 'drey', 'protetc']), { name: 'CommanderError' });
});

/** What the program writes for these words, and how it ends. */
async function answerTo(
  words: readonly string[],
): Promise<{ readonly text: string; readonly failed: boolean }> {
  const settled = settleArguments(words);
  const program = await createProgram(settled);
  let text = '';
  const take = (part: string): void => void (text += part);
  for (const command of [program, ...program.commands, ...leaves(program)])
    command.configureOutput({ writeOut: take, writeErr: take });
  let failed = false;
  await program.parseAsync(settled, { from: 'user' }).catch(() => (failed = true));
  return { text, failed };
}

test('help is for commands of any depth, and says so where there is none', async (t) => {
  for (const words of [
    ['help', 'plan', 'show'],
    ['plan', 'show', '--help'],
    ['plan', 'help', 'show'],
  ])
    t.regex((await answerTo(words)).text, /^Usage: drey plan show /u, words.join(' '));
  t.regex((await answerTo(['help'])).text, /^Usage: drey /u);
  for (const words of [
    ['help', 'statu'],
    ['statu', '--help'],
    ['statu', '-h'],
  ]) {
    const { text, failed } = await answerTo(words);
    t.true(failed);
    t.regex(text, /^error: unknown command 'statu'\n\(Did you mean status\?\)/u, words.join(' '));
  }
  t.regex((await answerTo(['help', 'plan', 'nosuch'])).text, /^error: unknown command 'nosuch'/u);
});
