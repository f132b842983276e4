// The agent's folder: made for its owner alone, and refused with advice where it cannot be.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { z } from 'zod';
import { openLiveDisk } from '../../agent/live/disk/index.ts';
import { homeAt, makeHome, readJson, readNotes } from '../../agent/live/home.ts';
import { openStore } from '../../agent/live/store.ts';

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

test('what the agent makes in a folder that others may enter is for its owner alone', async (t) => {
  if (process.platform === 'win32') {
    t.pass();
    return;
  }
  const root = mkdtempSync(join(tmpdir(), 'drey-home-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const home = homeAt(join(root, 'open'));
  mkdirSync(home.folder, { mode: 0o755 });
  makeHome(home);
  const store = await openStore(home.database);
  await openLiveDisk({ folder: home.shards, database: store.database, quotaBytes: 1 });
  const modes = readdirSync(home.folder).map((name) => [
    name,
    statSync(join(home.folder, name)).mode & 0o077,
  ]);
  await store.close();
  t.deepEqual(modes, [
    ['agent.pid', 0],
    ['database', 0],
    ['shards', 0],
  ]);
});

test('notes that are made again by themselves may be damaged; what an agent needs may not', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'drey-home-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const [file, schema] = [join(root, 'notes.json'), z.strictObject({ version: z.literal(1) })];
  t.is(readNotes(file, schema), undefined);
  writeFileSync(file, '{"version":1}');
  t.deepEqual(readNotes(file, schema), { version: 1 });
  for (const damaged of ['', '{"version":1', '{"version":2}']) {
    writeFileSync(file, damaged);
    t.is(readNotes(file, schema), undefined);
    t.throws(() => readJson(file, schema), { code: 'home-file-damaged' });
  }
});
