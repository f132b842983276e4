// When this machine heard that packs were given up, over restarts.

import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { HeardForget } from '../../agent/core/index.ts';
import type { RowChange } from '../../agent/live/database.ts';
import { HeardForgets } from '../../agent/live/heard-forgets.ts';
import { homeAt, writeJson } from '../../agent/live/home.ts';
import { openStore } from '../../agent/live/store.ts';
import { days, unixMs } from '../../datasets/index.ts';
import { machines, startMs } from '../agent/core/fleet-of-four.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const [, first, second] = machines;
const heardOf = (sequence: number, author = first.peer, heardMs = startMs): HeardForget => ({
  author,
  sequence,
  heardMs,
});
const after = (ms: number) => unixMs(startMs + ms);

/** One life of an agent, and all that it wrote. */
async function begin(t: ExecutionContext, folder = temporaryFolder(t, 'heard')) {
  const home = homeAt(folder);
  const store = await openStore(home.database);
  const { database } = store;
  const written: (readonly RowChange[])[] = [];
  const write = database.write.bind(database);
  database.write = (changes) => {
    written.push(changes);
    return write(changes);
  };
  const heard = new HeardForgets(database, home);
  return { home, heard, written, end: () => store.close() };
}

test('what is noted is there at the next start, and a note costs no more than its own row', async (t) => {
  const { home, heard, written, end } = await begin(t);
  const noted = [heardOf(0), heardOf(7), heardOf(7, second.peer)];
  await Promise.all(noted.map((one) => heard.note(one)));
  t.deepEqual(
    written.map((changes) => changes.length),
    [1, 1, 1],
  );
  t.false(existsSync(home.heardForgetsFile));
  await end();
  const again = await begin(t, home.folder);
  const loaded = await again.heard.load(startMs);
  t.deepEqual(
    new Set(loaded.map((one) => JSON.stringify(one))),
    new Set(noted.map((one) => JSON.stringify(one))),
  );
  await again.end();
});

test('the file of an older version becomes rows, and is gone', async (t) => {
  const { home, heard, end } = await begin(t);
  writeJson(home.heardForgetsFile, { version: 1, heard: [heardOf(3), heardOf(4, second.peer)] });
  t.deepEqual(await heard.load(startMs), [heardOf(3), heardOf(4, second.peer)]);
  t.false(existsSync(home.heardForgetsFile));
  await end();
  const again = await begin(t, home.folder);
  t.is((await again.heard.load(startMs)).length, 2);
  await again.end();
});

test('a start leaves out what nobody needs any more, and no word of admins', async (t) => {
  const { home, heard, written, end } = await begin(t);
  const young = { ...heardOf(2, first.peer, after(days(50))), of: 'forget' } as const;
  const ofAdmins = { ...heardOf(1), of: 'wipe' } as const;
  // A batch may say both.
  for (const one of [young, ofAdmins, { ...heardOf(1), of: 'forget' } as const]) await heard.note(one);
  t.deepEqual(await heard.load(after(days(60))), [ofAdmins, young]);
  t.is(written.at(-1)?.length, 1);
  await end();
  const again = await begin(t, home.folder);
  t.is((await again.heard.load(startMs)).length, 2);
  await again.end();
});

test('of what an older version noted everything stays: some of it may be words of admins', async (t) => {
  const { home, heard, end } = await begin(t);
  writeJson(home.heardForgetsFile, { version: 1, heard: [heardOf(3)] });
  for (const day of [60, 600]) t.deepEqual(await heard.load(after(days(day))), [heardOf(3)]);
  t.false(existsSync(home.heardForgetsFile));
  await end();
});
