// Folders for the tests of the data path: real files in a temporary folder, made from a seed, and as odd as files get.

import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';

const made: string[] = [];
test.after.always(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** An empty temporary folder, removed after the last test of the file. */
export function newFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drey-data-path-')));
  made.push(folder);
  return folder;
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(byteCount: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(byteCount / 4));
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let index = 0; index < words.length; index++) {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    words[index] = (mixed ^ (mixed >>> 14)) >>> 0;
  }
  return Buffer.from(words.buffer, 0, byteCount);
}

/** Links, empty folders and files, odd modes, old and fractional times, names that are no UTF-8. */
export function writeOddTree(folder: string): void {
  const at = (...parts: string[]): string => join(folder, ...parts);
  mkdirSync(at('empty'));
  mkdirSync(at('deep', 'er', 'still'), { recursive: true });
  writeFileSync(at('deep', 'er', 'still', 'bottom.txt'), 'at the bottom\n');
  writeFileSync(at('nothing'), '');
  writeFileSync(at('run.sh'), '#!/bin/sh\necho hello\n');
  chmodSync(at('run.sh'), 0o755);
  writeFileSync(at('only-mine'), 'secret');
  chmodSync(at('only-mine'), 0o400);
  writeFileSync(at('Grüße und 🎉.txt'), 'umlauts');
  writeFileSync(at(' leading and trailing '), 'spaces');
  writeFileSync(at('new\nline'), 'a line break in a name');
  if (process.platform === 'linux')
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'no UTF-8');
  symlinkSync('deep/er', at('to-folder'));
  symlinkSync('/nowhere/at/all', at('dangling'));
  writeFileSync(at('first-name'), noise(1000, 1));
  linkSync(at('first-name'), at('second-name'));
  linkSync(at('first-name'), at('deep', 'third-name'));
  utimesSync(at('nothing'), 1, 1_234_567_890.123_456);
  utimesSync(at('run.sh'), 1, 4_102_444_800);
  lutimesSync(at('dangling'), 1, 1_500_000_000.5);
  utimesSync(at('deep', 'er'), 1, 1_600_000_000.25);
}

/** `count` small files of 1 to 3,000 bytes in folders of 50. */
export function writeManySmall(folder: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const inside = join(folder, `box-${Math.floor(index / 50)}`);
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, `note-${index}.txt`), noise(1 + ((index * 37) % 3000), index));
  }
}
