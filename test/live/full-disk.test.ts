// An agent whose disk others have filled: it starts by its reserve, and sets a new one aside once there is room.

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { keepReserve, spendReserve } from '../../agent/live/disk/index.ts';
import { startReserveBytes } from '../../agent/live/limits.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { fillDisk, mountSmallDisk } from '../helpers/small-disk.ts';

test('an agent starts on a full disk by its reserve, and has a new one once there is room', async (t) => {
  const folder = temporaryFolder(t, 'full');
  if (!mountSmallDisk(t, folder, '128m')) return;
  const home = join(folder, 'home');
  const reserve = join(home, 'reserve');
  await askCommand(['fleet', 'create', '--home', home, '--quota', '50MB']);
  const first = await startAgentProcess('pc-01', home);
  t.is(statSync(reserve).size, startReserveBytes);
  await killAgent(first);

  const free = fillDisk(folder, 0);
  const again = await startAgentProcess('pc-01', home);
  t.is(statSync(reserve, { throwIfNoEntry: false }), undefined, 'it was spent');
  await askCommand(['status', '--home', home]);
  await killAgent(again);

  free();
  const last = await startAgentProcess('pc-01', home);
  t.is(statSync(reserve).size, startReserveBytes);
  await killAgent(last);
});

test('a reserve is spent once, and not taken from a disk that has little left', (t) => {
  const folder = temporaryFolder(t, 'reserve');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'reserve');
  t.true(keepReserve(file));
  t.true(keepReserve(file), 'it lies there already');
  t.true(spendReserve(file));
  t.false(spendReserve(file));
});
