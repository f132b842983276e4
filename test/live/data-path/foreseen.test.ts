import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ForeseenChanges } from '../../../agent/live/data-path/foreseen.ts';
import { scanFolder, type ScannedEntry } from '../../../agent/live/data-path/scan.ts';
import { packBytesTarget } from '../../../agent/limits.ts';
import { newFolder } from './odd-trees.ts';

const none = (): void => {};

/** One real entry, to be given other times and lengths. */
function anEntry(): ScannedEntry {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), 'bytes');
  return scanFolder(folder, () => false).entries[0]!;
}

/** A drive's state that was written at a time. */
function stateOf(writtenSeconds: number): string {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'files.journal'), '');
  utimesSync(join(folder, 'files.journal'), writtenSeconds, writtenSeconds);
  return folder;
}

test('changed is what is newer than the state, but not what lies ahead', (t) => {
  const now = Math.floor(Date.now() / 1000);
  const foreseen = new ForeseenChanges({ stateFolder: stateOf(now - 3600), jobCountMax: 2 }, none);
  const at = (seconds: number): ScannedEntry => ({ ...anEntry(), ctimeNs: BigInt(seconds) * 1_000_000_000n });
  t.true(foreseen.has(at(now - 60)));
  t.false(foreseen.has(at(now - 7200)));
  t.false(foreseen.has(at(now + 7200)));
  t.false(foreseen.has({ ...at(now - 60), type: 'folder' }));
});

test('before the first snapshot everything has changed', (t) => {
  const foreseen = new ForeseenChanges({ stateFolder: newFolder(), jobCountMax: 2 }, none);
  t.true(foreseen.has({ ...anEntry(), ctimeNs: 0n }));
});

test('threads are foreseen as work for them is seen: a large file is work for one, thousands of small ones for more', (t) => {
  const asked: number[] = [];
  const parts = { stateFolder: newFolder(), jobCountMax: 3 };
  const see = (byteCount: number, count: number): readonly number[] => {
    const foreseen = new ForeseenChanges(parts, (taskCount) => void asked.push(taskCount));
    const entry = { ...anEntry(), byteCount, ctimeNs: 1n };
    for (let index = 0; index < count; index++) foreseen.see(entry);
    return asked.splice(0);
  };
  t.deepEqual(see(100 * packBytesTarget, 1), [1]);
  t.deepEqual(see(packBytesTarget / 2, 5), [1, 2]);
  t.deepEqual(see(packBytesTarget, 100), [1, 2, 3]);
  t.deepEqual(see(10, 5000), [1, 2]);
  t.deepEqual(see(10, 100), []);
});
