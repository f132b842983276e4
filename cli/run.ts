// The command `drey`. Parses, hands over to one command, prints errors with advice.
// Exit codes: 0 done, 1 it failed, 2 the command line is wrong.

import { refuseEmptyWords, settleArguments } from './command-line.ts';
import { runToEnd } from './ending.ts';
import { createProgram } from './program.ts';

await runToEnd(async () => {
  const words = process.argv.slice(2);
  refuseEmptyWords(words);
  const settled = settleArguments(words);
  return (await createProgram(settled)).parseAsync(settled, { from: 'user' });
});
