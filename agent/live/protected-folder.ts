// Whether a folder can be protected at all: it is there, a folder, and may be listed; and that nothing touches the agent's own.

import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { defaultIgnoresOf, fitsNothing, isMadeUp, isWithin, waysTo } from './data-path/index.ts';
import { homeAt, ownFolders } from './home.ts';
import { wrong } from './wrong.ts';

/** A folder that is to be protected. */
export interface WantedFolder {
  readonly path: string;
  /** Patterns of what is left out from now on. Absent: as before, or what a new drive leaves out unless asked otherwise. */
  readonly ignore?: readonly string[];
  readonly phrase?: string;
}

/** What a new drive of a folder leaves out. */
export const leftOutOf = (folder: string, { ignore }: WantedFolder): string[] => [
  ...(ignore ?? defaultIgnoresOf(folder)),
];

/** Nobody finds out by a snapshot that a pattern leaves nothing out. Throws `ignore-unusable`. */
export function assertUsablePatterns(patterns: readonly string[]): void {
  const at = patterns.findIndex(fitsNothing);
  if (at === -1) return;
  throw wrong(
    'ignore-unusable',
    `the pattern ${patterns[at]} would leave nothing out`,
    'Close its brackets, or write a backslash before what is meant as it stands: "\\[", "\\\\".',
  );
}

/** Whose files are saved twice with a folder's: of what is protected now, the folder around it and those within it. */
export function overlapOf(
  folder: string,
  drives: Iterable<{ readonly stored: { readonly folder: string; readonly leftMs?: number } }>,
): { readonly inside?: string; readonly around?: readonly string[] } {
  const others = [...drives]
    .filter(({ stored }) => stored.leftMs === undefined)
    .map(({ stored }) => stored.folder);
  const inside = others.find((other) => isWithin(folder, other));
  const around = others.filter((other) => isWithin(other, folder));
  return { ...(inside === undefined ? {} : { inside }), ...(around.length === 0 ? {} : { around }) };
}

/**
 * The folder that a person means, without links on the way to it. Throws `folder-missing`, `not-a-folder`, `folder-unreadable`,
 * `folder-is-the-agents`.
 */
export function folderToProtect(path: string, home: string): string {
  assertProtectable(path);
  const folder = realpathSync(path);
  if (!isOwn(folder, home)) return folder;
  throw wrong(
    'folder-is-the-agents',
    "that is the agent's own folder, which no snapshot contains",
    'Protect the folders in which you work; the agent keeps what is in its own safe by itself.',
  );
}

/** Nothing is restored into the agent's own folder, by whatever links a way leads there; what is not there yet counts too. Throws `folder-is-the-agents`. */
export function assertOutsideAgent(to: string, home: string): void {
  let there = to;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  if (!isOwn(join(realpathSync(there), relative(there, to)), home)) return;
  throw wrong(
    'folder-is-the-agents',
    "that lies in the agent's own folder, which only the agent writes",
    'Name a new folder of your own to restore into.',
  );
}

/** Whether a real place is one of the agent's folders, or in one. */
const isOwn = (place: string, home: string): boolean =>
  ownFolders(homeAt(home))
    .flatMap(waysTo)
    .some((own) => place === own || isWithin(place, own));

/** Throws `folder-missing`, `not-a-folder`, `folder-unreadable`. */
export function assertProtectable(path: string): void {
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
  if (isMadeUp(path))
    throw wrong(
      'not-a-folder',
      'what lies there is made up by the system while it is read, and has no end',
      'Name a folder with files of your own.',
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
