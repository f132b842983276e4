// Files that people name for results. What cannot be written is refused before the work, not after it.

import { accessSync, closeSync, constants, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { DreyError, makeFolders } from '../datasets/index.ts';

/** What is said of a place that takes nothing. `option` is how the person named it. */
export function unwritable(place: string, option: string, cause: unknown): DreyError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new DreyError({
    code: 'out-unwritable',
    message: `${place} cannot be written: ${reason}`,
    advice: `Give ${option} a place that is there and yours, on a disk with room.`,
    cause,
  });
}

/** Leaves everything as it is. `option` is how the person named it. Throws `out-unwritable`. */
export function checkOutFile(file: string, option: string): void {
  try {
    const isNew = !existsSync(file);
    closeSync(openSync(file, 'a'));
    if (isNew) rmSync(file);
  } catch (error) {
    throw unwritable(file, option, error);
  }
}

/** Makes the folder where it is missing. Throws `out-unwritable`. */
export function checkOutFolder(folder: string, option: string): void {
  try {
    makeFolders(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw unwritable(folder, option, error);
  }
}

/** Replaces the file. Throws `out-unwritable`. */
export function writeOutFile(file: string, text: string, option: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, option, error);
  }
}

/** Does the work; what the disk then refuses is said of the folder. Throws `out-unwritable`, and what else the work throws. */
export async function writeInto<T>(
  { folder, option }: { readonly folder: string; readonly option: string },
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? unwritable(folder, option, error) : error;
  }
}
