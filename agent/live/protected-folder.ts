// Whether a folder can be protected at all: it is there, a folder, and may be listed.

import { accessSync, constants, statSync } from 'node:fs';
import { DreyError } from '../../datasets/index.ts';

/** Throws `folder-missing`, `not-a-folder`, `folder-unreadable`. */
export function assertFolder(path: string): void {
  const wrong = (code: string, message: string, advice: string): DreyError =>
    new DreyError({ code, message, advice });
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw wrong(
      'folder-missing',
      'the folder to protect is not there',
      'Name a folder that exists on this machine.',
    );
  }
  if (!isFolder)
    throw wrong(
      'not-a-folder',
      'what should be protected is no folder',
      'Name the folder that the file lies in.',
    );
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
  } catch {
    throw wrong(
      'folder-unreadable',
      'the folder to protect cannot be read',
      'Give the agent the right to read it, or run it as its owner.',
    );
  }
}
