// The agent's folder: made for its owner alone, and refused with advice where it cannot be.

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { homeAt, makeHome } from '../../agent/live/home.ts';

test('a folder is made with those above it, and one that is there stays', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'drey-home-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const home = homeAt(join(root, 'a', 'b'));
  makeHome(home);
  if (process.platform !== 'win32') t.is(statSync(home.folder).mode & 0o777, 0o700);
  writeFileSync(join(home.folder, 'kept'), '');
  makeHome(home);
  t.true(existsSync(join(home.folder, 'kept')));
  t.throws(() => makeHome(homeAt(join(home.folder, 'kept'))), { code: 'home-unusable' });
  t.throws(() => makeHome(homeAt(join(home.folder, 'kept', 'below'))), { code: 'home-unusable' });
  if (process.platform === 'linux')
    t.throws(() => makeHome(homeAt('/proc/no/such')), { code: 'home-unusable' });
});
