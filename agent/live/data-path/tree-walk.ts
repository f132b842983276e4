// Reads trees of snapshots piece by piece, so that no tree is ever whole in memory. Snapshots of one drive share most of
// their tree's chunks: what was read for the last snapshot is not read again. Throws `snapshot-unreadable`, never guesses.

import type { ChunkLocator, DriveKeys, PackDescriptor, SnapshotRoot, TreeEntry } from '../../codec/index.ts';
import { concatBytes, decodeTree, sha256Hex } from '../../codec/opening.ts';
import type { PackId } from '../../units.ts';
import { unfinishedBytesMax } from '../limits.ts';
import type { Chunk, Fetched, PackSource } from './pack-source.ts';
import { type BytePath, bytePath } from './path-bytes.ts';
import { byPack, readRoot, unreadable } from './snapshot-reader.ts';

/** Small packs kept open: two trees that are walked side by side, and the root or index of one. */
const openPacksMax = 3;

/** Chunks of small packs, of which the last few stay open. */
export class OpenPacks {
  readonly source: PackSource;
  readonly #open = new Map<PackId, Promise<Fetched>>();

  constructor(source: PackSource) {
    this.source = source;
  }

  /** A copy of the chunk's bytes, checked; or why it cannot be had. */
  async read(locator: ChunkLocator, descriptors: ReadonlyMap<PackId, PackDescriptor>): Promise<Chunk> {
    const descriptor = descriptors.get(locator.pack);
    if (descriptor === undefined) return { reason: 'its pack is not described' };
    const fetched = await this.#fetch(descriptor);
    if ('reason' in fetched) return fetched;
    const chunk = this.source.read(fetched.pack, locator);
    return 'reason' in chunk ? chunk : { bytes: new Uint8Array(chunk.bytes) };
  }

  #fetch(descriptor: PackDescriptor): Promise<Fetched> {
    const known = this.#open.get(descriptor.pack);
    this.#open.delete(descriptor.pack);
    const fetched = known ?? this.source.fetch(descriptor);
    this.#open.set(descriptor.pack, fetched);
    const oldest = this.#open.keys().next();
    if (this.#open.size > openPacksMax && oldest.done !== true) this.#open.delete(oldest.value);
    return fetched;
  }
}

/** A root that was opened, and the descriptors of its packs by id. */
export interface OpenedRoot {
  readonly root: SnapshotRoot;
  readonly descriptors: ReadonlyMap<PackId, PackDescriptor>;
}

/** Opens a head's root. Throws `snapshot-unreadable`. */
export async function openRoot(
  source: PackSource,
  head: DriveKeys & { readonly drive: string; readonly sealedRoot: Uint8Array },
): Promise<OpenedRoot> {
  const root = await readRoot(source, head, head.sealedRoot);
  if (root.drive !== head.drive) throw unreadable('its root belongs to another drive');
  return { root, descriptors: byPack(root.packs) };
}

interface Read {
  /** Whole entries. */
  readonly entries: readonly TreeEntry[];
  /** The start of an entry that the next chunk ends. */
  readonly rest: Uint8Array;
}

/** A chunk of a tree, and what the chunk before it left over. */
interface PartPlace {
  readonly locator: ChunkLocator;
  readonly rest: Uint8Array;
  /** Which entries to decode, by their paths; all where it is not said. */
  readonly isWanted?: WantedCheck | undefined;
}

type WantedCheck = (path: BytePath) => boolean;

async function readPart(
  packs: OpenPacks,
  { locator, rest, isWanted }: PartPlace,
  descriptors: OpenedRoot['descriptors'],
): Promise<Read> {
  const chunk = await packs.read(locator, descriptors);
  if ('reason' in chunk) throw unreadable(`of its tree, a part is missing: ${chunk.reason}`);
  const bytes = concatBytes(rest, chunk.bytes);
  const decoded = decodeTree(bytes, isWanted && ((path) => isWanted(bytePath(path))));
  if (!decoded.ok) throw unreadable(decoded.rejection.reason);
  const { entries, usedBytes } = decoded.value;
  return { entries, rest: bytes.slice(usedBytes) };
}

const nothing = new Uint8Array();

function assertWhole(rest: Uint8Array): void {
  if (rest.length > 0) throw unreadable('its tree ends in the middle of an entry');
}

/** All entries of one tree, one after another. Throws `snapshot-unreadable`. */
export async function* entriesOfTree(
  packs: OpenPacks,
  { root, descriptors }: OpenedRoot,
): AsyncGenerator<TreeEntry> {
  let rest: Uint8Array = nothing;
  for (const locator of root.tree) {
    const read = await readPart(packs, { locator, rest }, descriptors);
    rest = read.rest;
    yield* read.entries;
  }
  assertWhole(rest);
}

interface Part<Summary> {
  readonly summary: Summary;
  readonly rest: Uint8Array;
}

type Summarise<Summary> = (entries: readonly TreeEntry[], root: OpenedRoot) => Summary | Promise<Summary>;

/** Walks one tree after another; `summarise` sees the entries of a part once, however many trees in a row share it. */
export class TreeWalk<Summary> {
  readonly #packs: OpenPacks;
  readonly #summarise: Summarise<Summary>;
  readonly #isWanted: WantedCheck | undefined;
  /** Parts of the last tree; a part is a chunk and the bytes that were left over before it. */
  #known: ReadonlyMap<string, Part<Summary>> = new Map();

  /** `isWanted`: which entries `summarise` sees; all where it is not said. */
  constructor(packs: OpenPacks, summarise: Summarise<Summary>, isWanted?: WantedCheck) {
    this.#packs = packs;
    this.#summarise = summarise;
    this.#isWanted = isWanted;
  }

  /** Summaries of the tree's parts, in order. Throws `snapshot-unreadable`. */
  async *walk(opened: OpenedRoot): AsyncGenerator<Summary> {
    const { root } = opened;
    const seen = new Map<string, Part<Summary>>();
    let rest: Uint8Array = nothing;
    let keptBytes = 0;
    for (const locator of root.tree) {
      const name = rest.length === 0 ? locator.chunk : `${locator.chunk} ${sha256Hex(rest)}`;
      const part = this.#known.get(name) ?? (await this.#read({ locator, rest }, opened));
      rest = part.rest;
      keptBytes += rest.length;
      // What is not remembered is read again.
      if (keptBytes <= unfinishedBytesMax) seen.set(name, part);
      yield part.summary;
    }
    assertWhole(rest);
    this.#known = seen;
  }

  async #read(at: PartPlace, opened: OpenedRoot): Promise<Part<Summary>> {
    const wanted = { ...at, isWanted: this.#isWanted };
    const { entries, rest } = await readPart(this.#packs, wanted, opened.descriptors);
    return { summary: await this.#summarise(entries, opened), rest };
  }
}
