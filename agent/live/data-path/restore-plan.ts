// What a restore has to write: which entries are wanted, and for each pack which chunks go where, so that each pack is
// fetched once. Decides before a byte is written what cannot be restored and why.

import { DreyError } from '../../../datasets/index.ts';
import type { PackDescriptor, PackEntry, TreeEntry } from '../../codec/index.ts';
import type { PackId } from '../../units.ts';
import { type BytePath, bytePath, bytePathOf, parentOf } from './path-bytes.ts';
import type { ReadSnapshot } from './snapshot-reader.ts';

export type FileEntry = Extract<TreeEntry, { kind: 'file' }>;

/** One chunk's place in one file. */
export interface PlannedWrite {
  readonly entry: PackEntry;
  readonly path: BytePath;
  readonly offset: number;
}

export interface PackWork {
  readonly descriptor: PackDescriptor;
  /** In the order in which the chunks lie in the pack, so that each blob is opened once. */
  readonly writes: readonly PlannedWrite[];
}

export interface PlannedFile {
  readonly entry: FileEntry;
  readonly writeCount: number;
}

export interface RestorePlan {
  /** Wanted folders and those above them, parents first. */
  readonly folders: ReadonlyMap<BytePath, TreeEntry>;
  readonly files: ReadonlyMap<BytePath, PlannedFile>;
  /** Symlinks and further names of files. */
  readonly links: ReadonlyMap<BytePath, TreeEntry>;
  readonly packs: readonly PackWork[];
  readonly missing: readonly { readonly path: BytePath; readonly reason: string }[];
}

export const pathOf = (bytes: Uint8Array): BytePath => bytePath(Buffer.from(bytes).toString('latin1'));

/** Throws `path-not-in-snapshot` when a wanted path fits no entry. */
export function planRestore(snapshot: ReadSnapshot, paths: readonly string[]): RestorePlan {
  const wanted = wantedEntries(snapshot.entries, paths);
  const missing = repeatedPaths(snapshot.entries, wanted);
  const files = new Map<BytePath, PlannedFile>();
  const writes = new Map<PackId, { readonly descriptor: PackDescriptor; readonly writes: PlannedWrite[] }>();
  for (const [path, entry] of wanted) {
    if (entry.kind !== 'file') continue;
    const placed = placeChunks(path, entry, snapshot);
    if (typeof placed === 'string') {
      missing.push({ path, reason: placed });
      continue;
    }
    files.set(path, { entry, writeCount: placed.length });
    for (const { descriptor, write } of placed) {
      const work = writes.get(descriptor.pack) ?? { descriptor, writes: [] };
      writes.set(descriptor.pack, work);
      work.writes.push(write);
    }
  }
  const packs = [...writes.values()];
  for (const work of packs) work.writes.sort(byPlaceInPack);
  const ofKind = (...kinds: readonly TreeEntry['kind'][]): ReadonlyMap<BytePath, TreeEntry> =>
    new Map([...wanted].filter(([, { kind }]) => kinds.includes(kind)));
  return { folders: ofKind('folder'), files, links: ofKind('symlink', 'hardLink'), packs, missing };
}

/** An honest tree names each path once; of two entries the last one is restored, and the other must not go unsaid. */
function repeatedPaths(
  entries: readonly TreeEntry[],
  wanted: ReadonlyMap<BytePath, TreeEntry>,
): { path: BytePath; reason: string }[] {
  const seen = new Set<BytePath>();
  const repeated = entries
    .map((entry) => pathOf(entry.path))
    .filter((path) => wanted.has(path) && seen.size === seen.add(path).size);
  return repeated.map((path) => ({ path, reason: 'the tree names it twice' }));
}

const byPlaceInPack = (a: PlannedWrite, b: PlannedWrite): number =>
  a.entry.blob - b.entry.blob || a.entry.offset - b.entry.offset;

function placeChunks(
  path: BytePath,
  { chunks, byteCount }: FileEntry,
  snapshot: ReadSnapshot,
): readonly { readonly descriptor: PackDescriptor; readonly write: PlannedWrite }[] | string {
  const placed = [];
  let offset = 0;
  for (const chunk of chunks) {
    const found = snapshot.chunks.get(chunk);
    if (found === undefined)
      return `the index does not say where it lies${snapshot.indexFailures.map((failure) => `: ${failure}`).join('')}`;
    const { descriptor, entry } = found;
    placed.push({ descriptor, write: { entry, path, offset } });
    offset += entry.length;
  }
  return offset === byteCount ? placed : `its parts have ${offset} bytes, not ${byteCount}`;
}

/** Entries at or below the wanted paths, with the folders above them; hard links as files where their file is not wanted. */
function wantedEntries(
  entries: readonly TreeEntry[],
  paths: readonly string[],
): ReadonlyMap<BytePath, TreeEntry> {
  const all = new Map(entries.map((entry) => [pathOf(entry.path), entry]));
  if (paths.length === 0) return all;
  const wanted = new Set<BytePath>();
  for (const text of paths) {
    const path = bytePathOf(text.replace(/^\.?\/+|\/+$/gu, ''));
    const found = [...all.keys()].filter((one) => path === '' || one === path || one.startsWith(`${path}/`));
    if (found.length === 0) throw notInSnapshot(paths.length);
    for (const one of found) wanted.add(one);
  }
  for (const path of wanted) addFoldersAbove(path, wanted);
  const chosen = new Map([...all].filter(([path]) => wanted.has(path)));
  for (const [path, entry] of chosen) {
    if (entry.kind !== 'hardLink' || wanted.has(pathOf(entry.target))) continue;
    const first = all.get(pathOf(entry.target));
    if (first?.kind === 'file') chosen.set(path, { ...first, path: entry.path });
  }
  return chosen;
}

function addFoldersAbove(path: BytePath, wanted: Set<BytePath>): void {
  for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) wanted.add(folder);
}

const notInSnapshot = (pathCount: number): DreyError =>
  new DreyError({
    code: 'path-not-in-snapshot',
    message: `At least one of the ${pathCount} paths asked for is not in this snapshot`,
    advice: 'Give paths as they are inside the drive, without the folder that was protected; capitals count.',
  });
