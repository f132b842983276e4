// An append-only file of checked lines: eight hex digits of CRC-32, a space, one JSON value. What a power cut tore off
// at the end is cut away when the file is next opened; a damaged line ends the trust in all that follow.

import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeAll, writeWhole } from '../whole-files.ts';

const lineBreak = 0x0a;
const checkLength = 9;

export function encodeLine(value: unknown): Uint8Array<ArrayBuffer> {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  const check = crc32(body).toString(16).padStart(8, '0');
  return new Uint8Array(Buffer.concat([Buffer.from(`${check} `), body, Buffer.of(lineBreak)]));
}

/** Every whole line's value in order; cuts a torn end off the file. An absent file is an empty one. */
export const openJournal = (file: string): readonly unknown[] => [...linesOf(file)];

/** The same, line by line: whoever appends takes all before. */
export function* linesOf(file: string): Generator<unknown, void> {
  const bytes = readOrEmpty(file);
  const wholeBytes = yield* wholeLines(bytes);
  if (wholeBytes < bytes.length) cutOff(file, wholeBytes);
}

/** The same without touching the file: for a journal that may be written at this moment. */
export const readJournal = (file: string): Iterable<unknown> => wholeLines(readOrEmpty(file));

/** Returns how many bytes the whole lines have. */
function* wholeLines(bytes: Buffer): Generator<unknown, number> {
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(lineBreak, start);
    const value = end < 0 ? undefined : decodeLine(bytes.subarray(start, end));
    if (value === undefined) break;
    yield value.body;
    start = end + 1;
  }
  return start;
}

function decodeLine(line: Buffer): { readonly body: unknown } | undefined {
  const body = line.subarray(checkLength);
  if (line.toString('latin1', 0, checkLength) !== `${crc32(body).toString(16).padStart(8, '0')} `)
    return undefined;
  return { body: JSON.parse(body.toString('utf8')) as unknown };
}

function readOrEmpty(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function cutOff(file: string, length: number): void {
  const handle = openSync(file, 'r+');
  try {
    ftruncateSync(handle, length);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Appends lines and flushes them with all before; for worker threads, where waiting is free. */
export const appendLines = (file: string, lines: readonly Uint8Array[]): void =>
  append(file, lines, fsyncSync);

/** Appends lines that may be lost in a power cut. */
export const noteLines = (file: string, lines: readonly Uint8Array[]): void => append(file, lines, () => {});

function append(file: string, lines: readonly Uint8Array[], flush: (handle: number) => void): void {
  mkdirSync(dirname(file), { recursive: true });
  const handle = openSync(file, 'a', 0o600);
  try {
    for (const line of lines) writeAll(handle, line);
    flush(handle);
  } finally {
    closeSync(handle);
  }
}

/** Appends one line and flushes it, without stopping the calling thread. */
export async function appendLineAsync(file: string, line: Uint8Array): Promise<void> {
  await using handle = await open(file, 'a', 0o600);
  await handle.appendFile(line);
  await handle.sync();
}

/** Writes the journal anew, whole or not at all. */
export const rewriteJournal = (file: string, lines: readonly Uint8Array[]): void =>
  writeWhole(file, Buffer.concat(lines));
