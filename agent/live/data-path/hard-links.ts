// Which names of a scan are one file: all but the first become further names of it. Where another file took the first one's place before it was
// read, they are names of nothing that was read. Reads nothing.

import type { BytePath } from './path-bytes.ts';
import type { ScannedEntry } from './scan.ts';

/** First names by further ones. */
export type Links = ReadonlyMap<BytePath, BytePath>;
/** Each as it was when it was read. */
type ReadFiles = ReadonlyMap<BytePath, { readonly entry: ScannedEntry }>;

/** For every further name of a hard-linked file or link, the name that stands first. */
export function firstNames(entries: readonly ScannedEntry[]): Links {
  const first = new Map<string, BytePath>();
  const links = new Map<BytePath, BytePath>();
  const linked = entries.filter(({ type, linkCount }) => type !== 'folder' && linkCount > 1);
  for (const { path, inode } of linked.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = first.get(inode);
    if (name === undefined) first.set(inode, path);
    else links.set(path, name);
  }
  return links;
}

/** Whether what was read under a file's first name is the file that the scan saw there. */
export const isReadAsFirst = ({ path, inode }: ScannedEntry, links: Links, files: ReadFiles): boolean =>
  files.get(links.get(path) ?? path)?.entry.inode === inode;

/** Further names of files that were not read under the first one; and the first names of the rest, and of those among themselves. */
export function straysOf(
  entries: readonly ScannedEntry[],
  links: Links,
  files: ReadFiles,
): { readonly toRead: readonly ScannedEntry[]; readonly links: Links } {
  const strays = entries.filter(
    (entry) => entry.type === 'file' && links.has(entry.path) && !isReadAsFirst(entry, links, files),
  );
  if (strays.length === 0) return { toRead: [], links };
  const among = firstNames(strays);
  const left = new Map(links);
  for (const { path } of strays) left.delete(path);
  for (const [path, first] of among) left.set(path, first);
  return { toRead: strays.filter(({ path }) => !among.has(path)), links: left };
}
