// Folders that people name, made with all above them. Refuses a file of that name; says nothing else of what is in them.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing, one by one: Node's `recursive` never ends where a system says of a folder that is there that it is
 * not, as /proc does. `mode` is that of each new one, 0o777 less the process's mask by default. Throws the system's own errors, with their codes.
 */
export function makeFolders(folder: string, mode?: number): void {
  if (existsSync(folder)) {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error('a file'), { code: 'ENOTDIR' });
    return;
  }
  makeFolders(dirname(folder), mode);
  mkdirSync(folder, mode === undefined ? {} : { mode });
}
