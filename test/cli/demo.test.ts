// `drey demo` before it founds anything: what can be refused at once is.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../cli/demo/processes.ts';
import { temporaryFolder } from '../helpers/agents.ts';

test('a folder that cannot be protected is refused before a fleet is founded', async (t) => {
  const root = temporaryFolder(t, 'demo');
  const surroundings = { environment: { TMPDIR: root } };
  const { errors, exitCode } = await runCommand(
    ['demo', '--once', '--folder', join(root, 'nowhere')],
    surroundings,
  );
  t.is(exitCode, 1);
  t.regex(errors, /\[folder-missing\]/u);
  t.deepEqual(readdirSync(root), []);
});
