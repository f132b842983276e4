// A snapshot's tree from what was scanned and read: entries in the order of their paths' bytes, which puts folders before
// what they hold and a file before its other names. Leaves out what could not be read; says so for other names too.

import type { Attribute, TreeEntry } from '../../codec/index.ts';
import { TreeBytes, whyUnwritable } from '../../codec/sealing.ts';
import type { ChunkId } from '../../units.ts';
import { isReadAsFirst, type Links } from './hard-links.ts';
import { byBytes, type BytePath, pathBytes } from './path-bytes.ts';
import type { LeftOut, ScannedEntry } from './scan.ts';

/** A file whose chunks are all staged. */
export interface KeptFile {
  /** As it was when it was read. */
  readonly entry: ScannedEntry;
  readonly chunks: readonly ChunkId[];
  readonly attributes: readonly Attribute[];
  readonly isUnstable: boolean;
}

export interface TreeParts {
  /** The drive's own folder. */
  readonly root: ScannedEntry;
  readonly entries: readonly ScannedEntry[];
  readonly files: ReadonlyMap<BytePath, KeptFile>;
  /** Further names of hard-linked files and links, and their first names. */
  readonly links: Links;
}

export interface Tree {
  /** Its entries as they are stored. */
  readonly bytes: Uint8Array;
  /** Names of files, other names of one file included. */
  readonly fileCount: number;
  /** Bytes of files, each counted once. */
  readonly byteCount: number;
  readonly missed: readonly LeftOut[];
}

export function treeOf({ root, entries, files, links }: TreeParts): Tree {
  const tree = new TreeBytes();
  tree.add({ kind: 'folder', ...baseOf(root) });
  const missed: LeftOut[] = [];
  let [fileCount, byteCount] = [0, 0];
  for (const scanned of entries.toSorted((a, b) => byBytes(a.path, b.path))) {
    const entry = entryFor(scanned, files, links);
    const reason = whyLeftOut(entry, links.has(scanned.path));
    if (reason !== undefined) missed.push({ path: scanned.path, reason });
    if (entry === undefined || reason !== undefined) continue;
    tree.add(entry);
    if (scanned.type === 'file') fileCount++;
    if (entry.kind === 'file') byteCount += entry.byteCount;
  }
  return { bytes: tree.bytes, fileCount, byteCount, missed };
}

/** A file that could not be read is listed already. */
function whyLeftOut(entry: TreeEntry | undefined, isLink: boolean): string | undefined {
  if (entry !== undefined) return whyUnwritable(entry);
  return isLink ? 'the file could not be read under its first name' : undefined;
}

function entryFor(
  scanned: ScannedEntry,
  files: TreeParts['files'],
  links: TreeParts['links'],
): TreeEntry | undefined {
  if (scanned.type === 'folder') return { kind: 'folder', ...baseOf(scanned) };
  const first = links.get(scanned.path);
  const isFirstKept =
    first !== undefined && (scanned.type === 'symlink' || isReadAsFirst(scanned, links, files));
  if (first !== undefined)
    return isFirstKept ? { kind: 'hardLink', ...baseOf(scanned), target: pathBytes(first) } : undefined;
  if (scanned.type === 'symlink')
    return { kind: 'symlink', ...baseOf(scanned), target: pathBytes(scanned.target ?? scanned.path) };
  const kept = files.get(scanned.path);
  if (kept === undefined) return undefined;
  return fileEntry(kept);
}

/** Most files are plain, and a folder has hundreds of thousands: those get their entry in one piece. */
function fileEntry({ entry, chunks, attributes, isUnstable }: KeptFile): TreeEntry {
  const { path, mode, uid, gid, mtimeNs, byteCount, isSparse } = entry;
  const base = { kind: 'file', path: pathBytes(path), mode, uid, gid, mtimeNs } as const;
  if (!isSparse && attributes.length === 0) return { ...base, byteCount, chunks, isUnstable };
  return {
    ...base,
    byteCount,
    chunks,
    isUnstable,
    ...(isSparse ? { isSparse: true } : {}),
    ...(attributes.length === 0 ? {} : { attributes }),
  };
}

const baseOf = ({
  path,
  mode,
  uid,
  gid,
  mtimeNs,
  attributes,
}: ScannedEntry): Omit<Extract<TreeEntry, { kind: 'folder' }>, 'kind'> => ({
  path: pathBytes(path),
  mode,
  uid,
  gid,
  mtimeNs,
  ...(attributes === undefined ? {} : { attributes }),
});
