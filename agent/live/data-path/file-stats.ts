// What the system says of a file, in one form whoever was asked: a snapshot compares what a scan saw with what the open file says.

import type { BigIntStats } from 'node:fs';

export type EntryType = 'file' | 'folder' | 'symlink';

export interface FileStats {
  readonly type: EntryType | 'special';
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly byteCount: number;
  /** On the disk: less than `byteCount` where a file has holes. */
  readonly diskBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly atimeMs: number;
  /** Device and inode: equal for hard links of one file. */
  readonly inode: string;
  readonly linkCount: number;
}

/** Bytes that every file system block of `stat` has (stat(2)). */
export const statBlockBytes = 512;
export const permissionBits = 0o7777;

export const statsOf = (stats: BigIntStats): FileStats => ({
  type: typeOf(stats),
  mode: Number(stats.mode) & permissionBits,
  uid: Number(stats.uid),
  gid: Number(stats.gid),
  byteCount: Number(stats.size),
  diskBytes: Number(stats.blocks) * statBlockBytes,
  mtimeNs: stats.mtimeNs,
  ctimeNs: stats.ctimeNs,
  atimeMs: Number(stats.atimeMs),
  inode: `${stats.dev}:${stats.ino}`,
  linkCount: Number(stats.nlink),
});

function typeOf(stats: BigIntStats): FileStats['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'symlink' : 'special';
}
