// Small files on a disk that gets full while they are written: the old one stays, or the new one is whole.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  appendLines,
  encodeLine,
  openJournal,
  readJournal,
} from '../../agent/live/data-path/line-journal.ts';
import { isFullError } from '../../agent/live/disk-full.ts';
import { writeWhole } from '../../agent/live/whole-files.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { fillDisk, mountSmallDisk } from '../helpers/small-disk.ts';

const isFull = (write: () => void): boolean => {
  try {
    write();
    return false;
  } catch (error) {
    return isFullError(error);
  }
};

test('a file for which a disk has only half of the room stays as it was', (t) => {
  const folder = temporaryFolder(t, 'whole');
  if (!mountSmallDisk(t, folder, '4m')) return;
  const file = join(folder, 'drives.json');
  writeWhole(file, 'x'.repeat(10_000));
  const free = fillDisk(folder, 8192);
  t.true(isFull(() => writeWhole(file, 'y'.repeat(12_000))));
  t.is(readFileSync(file, 'utf8'), 'x'.repeat(10_000));
  t.deepEqual(readdirSync(folder).toSorted(), ['ballast', 'drives.json']);
  free();
  writeWhole(file, 'y'.repeat(12_000));
  t.is(readFileSync(file, 'utf8'), 'y'.repeat(12_000));
});

test('a line for which a journal has only half of the room is said to be missing', (t) => {
  const folder = temporaryFolder(t, 'journal');
  if (!mountSmallDisk(t, folder, '4m')) return;
  const file = join(folder, 'files.journal');
  appendLines(file, [encodeLine('first')]);
  const free = fillDisk(folder, 4096);
  t.true(isFull(() => appendLines(file, [encodeLine('z'.repeat(9000))])));
  free();
  t.deepEqual(openJournal(file), ['first']);
  appendLines(file, [encodeLine('second')]);
  t.deepEqual([...readJournal(file)], ['first', 'second']);
});
