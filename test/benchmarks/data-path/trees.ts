// The folders that the benchmark backs up: made from a seed, the same on every machine, with the mixture that people keep. And the changes
// between two backups.

import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createRandom, mebibyte, type Random } from '../../../datasets/index.ts';

/** A file that is changed in its middle. */
const largeFileBytes = 117_000_000;
export const largeFile = 'video/holidays.mov';

const mixedFileCount = 30_000;

/** 30,000 files of about 3 GB in all, or fewer: text, binaries, random bytes, copies. */
export function writeMixedTree(folder: string, fileCount = mixedFileCount): void {
  writeOnce(folder, (at) => {
    const random = createRandom('mixed tree');
    const words = wordList(random);
    const written: string[] = [];
    for (let index = 0; index < fileCount; index++) {
      const place = join(at, `share-${index % 12}`, `box-${Math.floor(index / 100)}`, `file-${index}`);
      mkdirSync(join(place, '..'), { recursive: true });
      const kind = random.fraction();
      if (kind < 0.12 && written.length > 0) copyFileSync(written[random.below(written.length)]!, place);
      else if (kind < 0.55) writeFileSync(place, text(random, words, sizeOf(random, 40_000)));
      else if (kind < 0.85) writeFileSync(place, binary(random, sizeOf(random, 120_000)));
      else writeFileSync(place, noise(random, sizeOf(random, 200_000)));
      written.push(place);
    }
    mkdirSync(join(at, 'video'));
    const largeBytes = Math.round((largeFileBytes * fileCount) / mixedFileCount);
    writeFileSync(join(at, largeFile), noise(random, largeBytes));
  });
}

/** 200,000 files of 20 to 2,000 bytes in folders of 100. */
export function writeManyFiles(folder: string): void {
  writeOnce(folder, (at) => {
    const random = createRandom('many files');
    const words = wordList(random);
    for (let index = 0; index < 200_000; index++) {
      const box = join(at, `shelf-${index % 20}`, `box-${Math.floor(index / 100)}`);
      mkdirSync(box, { recursive: true });
      writeFileSync(join(box, `note-${index}.txt`), text(random, words, 20 + random.below(1980)));
    }
  });
}

/** 300 files grow by up to 4 KiB, and seven bytes are put into the middle of the large file. */
export function changeTree(folder: string, round: number): void {
  const random = createRandom(`changes ${round}`);
  for (let count = 0; count < 300; count++) {
    const index = random.below(30_000);
    const place = join(folder, `share-${index % 12}`, `box-${Math.floor(index / 100)}`, `file-${index}`);
    appendFileSync(place, noise(random, 1 + random.below(4096)));
  }
  const large = join(folder, largeFile);
  const bytes = readFileSync(large);
  const middle = bytes.length >> 1;
  writeFileSync(large, Buffer.concat([bytes.subarray(0, middle), noise(random, 7), bytes.subarray(middle)]));
}

/** A tree that was written to its end before stays. */
function writeOnce(folder: string, write: (at: string) => void): void {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  write(unfinished);
  renameSync(unfinished, folder);
}

/** Mostly small, some a hundred times as large: about log-normal around the middle. */
const sizeOf = (random: Random, middle: number): number =>
  Math.min(20 * mebibyte, 1 + Math.round(middle * Math.exp(1.2 * random.normal()) * 0.5));

function noise(random: Random, byteCount: number): Buffer {
  const words = new Uint32Array(Math.ceil(byteCount / 4));
  let state = random.below(2 ** 32) | 1;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer, 0, byteCount);
}

const wordList = (random: Random): readonly string[] =>
  Array.from({ length: 4000 }, () =>
    Array.from({ length: 2 + random.below(8) }, () => String.fromCharCode(97 + random.below(26))).join(''),
  );

function text(random: Random, words: readonly string[], byteCount: number): Buffer {
  const parts: string[] = [];
  // A few words are used most of the time.
  for (let length = 0; length < byteCount;) {
    const word = words[Math.floor(words.length * random.fraction() ** 3)]!;
    parts.push(word);
    length += word.length + 1;
  }
  return Buffer.from(parts.join(' ')).subarray(0, byteCount);
}

/** Tables of numbers with small differences, and stretches of zeros: what programs and documents look like. */
function binary(random: Random, byteCount: number): Buffer {
  const bytes = Buffer.alloc(byteCount);
  const fresh = noise(random, Math.min(byteCount, 4096));
  for (let at = 0; at < byteCount; at += 16) {
    const from = (at * 7) % Math.max(1, fresh.length - 16);
    if ((at >> 9) % 5 !== 0) fresh.copy(bytes, at, from, Math.min(from + 12, fresh.length));
    if (at + 16 <= byteCount) bytes.writeUInt32LE(at, at + 12);
  }
  return bytes;
}
