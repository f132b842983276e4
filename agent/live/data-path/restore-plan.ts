// What a restore has to write: which entries are wanted, and for each pack which chunks go where, so that each pack is
// fetched once. Decides before a byte is written what cannot be restored and why.

import type { PackDescriptor, PackEntry, TreeEntry } from '../../codec/index.ts';
import type { ChunkId, PackId } from '../../units.ts';
import { type BytePath, bytePath } from './path-bytes.ts';
import type { FoundChunks, ReadSnapshot } from './snapshot-reader.ts';
import { WantedPaths } from './wanted-paths.ts';

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
  /** Symlinks and further names of files and symlinks, in the tree's order. */
  readonly links: ReadonlyMap<BytePath, TreeEntry>;
  readonly packs: readonly PackWork[];
  readonly missing: readonly { readonly path: BytePath; readonly reason: string }[];
  /** Whether the index could be read only in part, so that more of it may tell where they lie. */
  readonly isIndexCut: boolean;
}

export const pathOf = (bytes: Uint8Array): BytePath => bytePath(Buffer.from(bytes).toString('latin1'));

/** Throws `path-not-in-snapshot` when a wanted path fits no entry. */
export function planRestore(snapshot: ReadSnapshot, paths: readonly string[]): RestorePlan {
  const { wanted, missing } = wantedEntries(snapshot, paths);
  const chunks = snapshot.find(chunksOf(wanted));
  const files = new Map<BytePath, PlannedFile>();
  const writes = new Map<PackId, { readonly descriptor: PackDescriptor; readonly writes: PlannedWrite[] }>();
  for (const [path, entry] of wanted) {
    if (entry.kind !== 'file') continue;
    const placed = placeChunks(path, entry, chunks);
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
  return {
    folders: ofKind('folder'),
    files,
    links: ofKind('symlink', 'hardLink'),
    packs,
    missing,
    isIndexCut: chunks.failures.length > 0,
  };
}

const byPlaceInPack = (a: PlannedWrite, b: PlannedWrite): number =>
  a.entry.blob - b.entry.blob || a.entry.offset - b.entry.offset;

function placeChunks(
  path: BytePath,
  { chunks, byteCount }: FileEntry,
  { places, failures }: FoundChunks,
): readonly { readonly descriptor: PackDescriptor; readonly write: PlannedWrite }[] | string {
  const placed = [];
  let offset = 0;
  for (const chunk of chunks) {
    const found = places.get(chunk);
    if (found === undefined)
      return `the index does not say where it lies${failures.map((failure) => `: ${failure}`).join('')}`;
    const { descriptor, entry } = found;
    placed.push({ descriptor, write: { entry, path, offset } });
    offset += entry.length;
  }
  return offset === byteCount ? placed : `its parts have ${offset} bytes, not ${byteCount}`;
}

interface WantedEntries {
  readonly wanted: ReadonlyMap<BytePath, TreeEntry>;
  readonly missing: { path: BytePath; reason: string }[];
}

/**
 * Entries at or below the wanted paths, with the folders above them. Of a file or symlink whose first name is not wanted the first wanted one
 * stands for it, and the others are further names of that.
 */
function wantedEntries(snapshot: ReadSnapshot, paths: readonly string[]): WantedEntries {
  const needed = new WantedPaths(paths);
  const wanted = new Map<BytePath, TreeEntry>();
  const missing: WantedEntries['missing'] = [];
  for (const entry of snapshot.entries((path) => needed.needs(bytePath(path)))) {
    const path = pathOf(entry.path);
    // An honest tree names each path once; of two entries the last one is restored, and the other must not go unsaid.
    if (wanted.has(path)) missing.push({ path, reason: 'the tree names it twice' });
    wanted.set(path, entry);
  }
  needed.assertAllSeen();
  const links = [...wanted].flatMap(([path, entry]) => (entry.kind === 'hardLink' ? [{ path, entry }] : []));
  const targets = new Set<string>(links.map(({ entry }) => pathOf(entry.target)));
  const others = targets.difference(wanted);
  const firsts = others.size === 0 ? [] : snapshot.entries((path) => others.has(path));
  const files = new Map(firsts.map((first) => [pathOf(first.path), first]));
  const standIns = new Map<BytePath, Uint8Array>();
  for (const { path, entry } of links) {
    const target = pathOf(entry.target);
    const [first, standIn] = [files.get(target), standIns.get(target)];
    if (first?.kind !== 'file' && first?.kind !== 'symlink') continue;
    wanted.set(path, standIn === undefined ? { ...first, path: entry.path } : { ...entry, target: standIn });
    if (standIn === undefined) standIns.set(target, entry.path);
  }
  return { wanted, missing };
}

const chunksOf = (entries: WantedEntries['wanted']): ReadonlySet<ChunkId> =>
  new Set([...entries.values()].flatMap((entry) => (entry.kind === 'file' ? entry.chunks : [])));
