// The command `drey`. Parses, hands over to one command, prints errors with advice.
// Exit codes: 0 done, 1 it failed, 2 the command line is wrong.

import { CommanderError } from 'commander';
import { refuseEmptyWords, settleArguments, standWhereTyped } from './command-line.ts';
import { createProgram } from './program.ts';
import { endWithReader, errorText } from './print.ts';

standWhereTyped(process.env);

endWithReader();

try {
  refuseEmptyWords(process.argv.slice(2));
  await createProgram().parseAsync(settleArguments(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`${errorText(error)}\n`);
    process.exitCode = 1;
  }
}
