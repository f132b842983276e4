// From a drive's sealed head to its tree and index: root pointer, root, index segments, tree entries. Without root and
// tree there is nothing to restore, and it says so; a missing index segment only hides the files that it tells of.

import { totalmem } from 'node:os';
import { DreyError, gibibyte } from '../../../datasets/words.ts';
import type {
  ChunkLocator,
  DriveKeys,
  IndexedPack,
  PackDescriptor,
  PackEntry,
  RootPointer,
  SnapshotRoot,
  TreeEntry,
} from '../../codec/index.ts';
import {
  concatBytes,
  decodeIndexSegment,
  decodeRootPointer,
  decodeSnapshotRoot,
  decodeTree,
  everyKey,
  openSmall,
  rootBytesMax,
} from '../../codec/opening.ts';
import type { ChunkId, PackId } from '../../units.ts';
import { snapshotBytesMax } from '../limits.ts';
import type { PackSource } from './pack-source.ts';
import type { RestoreRequest } from './tasks.ts';

/** Where a chunk lies: which pack of `packs`, and where in it. */
export interface IndexedChunk {
  readonly descriptor: PackDescriptor;
  readonly entry: PackEntry;
}

export interface FoundChunks {
  readonly places: ReadonlyMap<ChunkId, IndexedChunk>;
  /** Why parts of the index are not there; empty when all are. */
  readonly failures: readonly string[];
}

interface SnapshotParts {
  /** Entries as they are stored. */
  readonly tree: Uint8Array;
  /** Index segments, oldest first, or why one is not there. */
  readonly segments: readonly (Uint8Array | string)[];
  readonly failures: readonly string[];
}

/** A snapshot's tree and index as they are stored: what nobody asks for is not decoded. */
export class ReadSnapshot {
  readonly #parts: SnapshotParts;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** The entries whose paths, one character a byte, are wanted, in the tree's order. Throws `snapshot-unreadable`. */
  entries(isWanted: (path: string) => boolean): readonly TreeEntry[] {
    const { tree } = this.#parts;
    const decoded = decodeTree(tree, isWanted);
    if (!decoded.ok) throw unreadable(decoded.rejection.reason);
    if (decoded.value.usedBytes !== tree.length) throw unreadable('its tree ends in the middle of an entry');
    return decoded.value.entries;
  }

  /** Where chunks lie; what a later segment says counts. */
  find(chunks: ReadonlySet<ChunkId>): FoundChunks {
    const read = this.#parts.segments.map((bytes) =>
      typeof bytes === 'string' ? bytes : packsWith(chunks, bytes),
    );
    const failures = [...this.#parts.failures, ...read.filter((packs) => typeof packs === 'string')];
    const places = new Map<ChunkId, IndexedChunk>();
    for (const { descriptor, entries } of read.filter((packs) => typeof packs !== 'string').flat())
      for (const entry of entries) places.set(entry.chunk, { descriptor, entry });
    return { places, failures };
  }
}

/** An index segment with only those chunks, or why it cannot be read. */
function packsWith(chunks: ReadonlySet<ChunkId>, segment: Uint8Array): readonly IndexedPack[] | string {
  const decoded = decodeIndexSegment(segment, (chunk) => chunks.has(chunk));
  return decoded.ok ? decoded.value : decoded.rejection.reason;
}

/** Throws `snapshot-unreadable` when root or tree cannot be had whole. */
export async function readSnapshot(
  source: PackSource,
  request: DriveKeys & Pick<RestoreRequest, 'sealedRoot' | 'drive' | 'newestRoot'>,
): Promise<ReadSnapshot> {
  const root = await readRoot(source, request, request.sealedRoot);
  if (root.drive !== request.drive) throw unreadable('its root belongs to another drive');
  const newest = await readNewest(source, request);
  const descriptors = byPack([...root.packs, ...newest.packs]);
  const segments = [...root.index, ...newest.index];
  assertFits('tree', joinedBytes(root.tree));
  assertFits('index', joinedBytes(segments.flat()));
  // One round for tree and index: they often share a pack.
  const read = await source.readAll([...root.tree, ...segments.flat()], descriptors);
  const parts = (locators: readonly ChunkLocator[]): Uint8Array | string => joinChunks(locators, read);
  const tree = parts(root.tree);
  if (typeof tree === 'string') throw unreadable(`of its tree, ${tree}`);
  return new ReadSnapshot({ tree, segments: segments.map(parts), failures: newest.failures });
}

/** Packs are rewritten, and only the newest index knows where their chunks are now; without it, the snapshot's own must do. */
async function readNewest(
  source: PackSource,
  { newestRoot, ...keys }: DriveKeys & Pick<RestoreRequest, 'newestRoot'>,
): Promise<Pick<SnapshotRoot, 'index' | 'packs'> & { readonly failures: readonly string[] }> {
  if (newestRoot === undefined) return { index: [], packs: [], failures: [] };
  try {
    const { index, packs } = await readRoot(source, keys, newestRoot);
    return { index, packs, failures: [] };
  } catch (error) {
    if (!(error instanceof DreyError)) throw error;
    return { index: [], packs: [], failures: [`of the newest snapshot's index: ${error.message}`] };
  }
}

/** Where a head says that its root lies. Throws `snapshot-unreadable`. */
export function readPointer(keys: DriveKeys, sealedRoot: Uint8Array): RootPointer {
  const tries = everyKey(keys).map((key) => openSmall(key, 'root', sealedRoot));
  const opened = tries.find(({ ok }) => ok) ?? tries[0]!;
  if (!opened.ok) throw unreadable(opened.rejection.reason);
  const pointer = decodeRootPointer(opened.value);
  if (!pointer.ok) throw unreadable(pointer.rejection.reason);
  return pointer.value;
}

/** Throws `snapshot-unreadable`. */
export async function readRoot(
  source: PackSource,
  keys: DriveKeys,
  sealedRoot: Uint8Array,
): Promise<SnapshotRoot> {
  const pointer = readPointer(keys, sealedRoot);
  if (joinedBytes(pointer.root) > rootBytesMax) throw unreadable('its root is longer than any can be');
  const read = await source.readAll(pointer.root, byPack(pointer.packs));
  const bytes = joinChunks(pointer.root, read);
  if (typeof bytes === 'string') throw unreadable(`of its root, ${bytes}`);
  const root = decodeSnapshotRoot(bytes);
  if (!root.ok) throw unreadable(root.rejection.reason);
  return root.value;
}

export const byPack = (descriptors: readonly PackDescriptor[]): ReadonlyMap<PackId, PackDescriptor> =>
  new Map(descriptors.map((descriptor) => [descriptor.pack, descriptor]));

/** What chunks take one after another. The same one may be named any number of times, and takes up none of its owner's disk. */
export const joinedBytes = (locators: readonly ChunkLocator[]): number =>
  locators.reduce((sum, { length }) => sum + length, 0);

/** What is read whole must leave room for what is made of it. */
const partBytesMax = Math.min(snapshotBytesMax, totalmem() / 2);

/** Why a part of a snapshot is not read; undefined where it may be. */
export const whyTooLarge = (byteCount: number): string | undefined =>
  byteCount <= partBytesMax
    ? undefined
    : `would take ${inGibibytes(byteCount)}, and no more than ${inGibibytes(partBytesMax)} are read here`;

const inGibibytes = (byteCount: number): string => `${(byteCount / gibibyte).toFixed(1)} GiB`;

/** Before anything is set aside for it. */
function assertFits(part: 'tree' | 'index', byteCount: number): void {
  const why = whyTooLarge(byteCount);
  if (why === undefined) return;
  throw new DreyError({
    code: 'snapshot-unreadable',
    message: `The snapshot cannot be opened: its ${part} ${why}`,
    advice:
      'Look with `drey snapshots` of which machine the drive is: few honest ones are so large. If it is yours, use a machine with more memory.',
  });
}

type ReadChunks = Awaited<ReturnType<PackSource['readAll']>>;

/** The joined bytes, or how many chunks are missing and why the first of them is. */
function joinChunks(locators: readonly ChunkLocator[], read: ReadChunks): Uint8Array | string {
  const parts: Uint8Array[] = [];
  const reasons: string[] = [];
  for (const { chunk } of locators) {
    const found = read.get(chunk) ?? { reason: 'it was not looked for' };
    if ('bytes' in found) parts.push(found.bytes);
    else reasons.push(found.reason);
  }
  if (reasons.length === 0) return concatBytes(...parts);
  return `${reasons.length} of ${locators.length} parts are missing: ${reasons[0]}`;
}

export const unreadable = (reason: string): DreyError =>
  new DreyError({
    code: 'snapshot-unreadable',
    message: `The snapshot cannot be opened: ${reason}`,
    advice: 'Start more of the machines that hold the drive and try again, or restore an older snapshot.',
    retry: 'retryable',
  });
