// Which folders commands may touch.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { assertOutsideAgent } from '../../agent/live/protected-folder.ts';
import { temporaryFolder } from '../helpers/agents.ts';

test("nothing is restored into the agent's own folder, by no link and not into a new folder in it", (t) => {
  const root = temporaryFolder(t, 'outside');
  const home = join(root, 'agent');
  mkdirSync(join(home, 'shards'), { recursive: true });
  symlinkSync(home, join(root, 'link'));
  for (const to of [home, join(home, 'new'), join(home, 'shards', 'a', 'b'), join(root, 'link', 'new')])
    t.throws(() => assertOutsideAgent(to, home), { code: 'folder-is-the-agents' }, to);
  for (const to of [root, join(root, 'agent-2'), join(root, 'back', 'deep')])
    t.notThrows(() => assertOutsideAgent(to, home), to);
});
