// Paths as the file system has them: bytes, not text. A name that is no valid UTF-8 must come back as it was, so
// inside the data path every path is a "byte string": one character (0..255) a byte, parts divided by '/'.

import { shortened } from './long-places.ts';

declare const unit: unique symbol;
/** A path relative to a drive's folder, one character a byte, '/' between parts, '' for the folder itself. */
export type BytePath = string & { readonly [unit]: 'BytePath' };

export const bytePath = (value: string): BytePath => value as BytePath;

/** From a path as people write it (UTF-8). */
export const bytePathOf = (text: string): BytePath => bytePath(Buffer.from(text, 'utf8').toString('latin1'));

/** Stands for bytes that are no UTF-8, in what people are shown and in what a shell hands on of them. */
const unknownCharacter = '\u{FFFD}';

/**
 * How a path from a snapshot is to be looked up among asked ones, which people write as text: as it is, and where one of them has a character
 * that nobody can tell, also as it is shown.
 */
export function waysToName(asked: readonly string[]): (path: BytePath) => readonly BytePath[] {
  if (!asked.some((text) => text.includes(unknownCharacter))) return (path) => [path];
  return (path) => [path, bytePathOf(pathText(path))];
}

/** For people: bytes that are no UTF-8 show as the replacement character. */
export const pathText = (path: BytePath): string => Buffer.from(path, 'latin1').toString('utf8');

/** The same for all names that a disk may take for one: those that differ in capitals, or in how an accent is written. */
export const foldedName = (path: BytePath): string => pathText(path).normalize('NFD').toUpperCase();

export const pathBytes = (path: BytePath): Buffer => Buffer.from(path, 'latin1');

export const joinPath = (folder: BytePath, name: string): BytePath =>
  bytePath(folder === '' ? name : `${folder}/${name}`);

export function parentOf(path: BytePath): BytePath {
  const cut = path.lastIndexOf('/');
  return bytePath(cut < 0 ? '' : path.slice(0, cut));
}

/** What stands before drive paths in a real folder. */
export const startUnder = (folder: string): Buffer =>
  Buffer.from(folder.endsWith('/') ? folder : `${folder}/`, 'utf8');

/** Joins drive paths to one real folder, as the bytes that file system calls take. */
export function placeUnder(folder: string): (path: BytePath) => Buffer {
  const start = startUnder(folder);
  return (path) =>
    path === '' ? Buffer.from(folder, 'utf8') : shortened(Buffer.concat([start, pathBytes(path)]));
}

/** Order of bytes; the same on every machine and in every locale. */
export const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

// Windows also divides by '\', opens streams with ':' and cannot hold these characters in names.
const refusedInNames = new RegExp(
  process.platform === 'win32' ? String.raw`[\0-\x1f<>:"\\|?*]` : String.raw`\0`,
  'u',
);

/** Whether a path from a snapshot stays inside the folder that it is restored into. */
export function staysInside(path: BytePath): boolean {
  if (path === '') return true;
  return path
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !refusedInNames.test(part));
}
