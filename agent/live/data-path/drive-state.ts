// What one drive's last scans and stagings left behind, so that only changes are read again: files with their chunks,
// packs with theirs, the last staged snapshot. A cache of what was staged: without it all is read once more, nothing is lost.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Attribute, ChunkLocator, HeadRecord, PackDescriptor } from '../../codec/index.ts';
import type { ChunkId, DriveId, PackId, SnapshotId } from '../../units.ts';
import {
  appendLines,
  encodeLine,
  linesOf,
  noteLines,
  openJournal,
  readJournal,
  rewriteJournal,
} from './line-journal.ts';
import { type PackLine, packLine, packOfLine, type StagedPack } from './packer.ts';
import type { BytePath } from './path-bytes.ts';

export interface FileState {
  /** `identityOf` the entry when it was read; empty when it changed while it was read, or just before. */
  readonly identity: string;
  readonly byteCount: number;
  readonly chunks: readonly ChunkId[];
  readonly attributes: readonly Attribute[];
}

/** A head that still lacks its receipts. */
export type PendingHead = Omit<HeadRecord, 'receiptsDigest'>;

/** A snapshot whose packs are all staged: what must be stored elsewhere before `head` may be appended. */
export interface StagedSnapshot {
  readonly drive: DriveId;
  readonly snapshot: SnapshotId;
  /** Packs that this snapshot added; those of earlier snapshots of the drive are needed as well. */
  readonly packs: readonly PackDescriptor[];
  readonly head: PendingHead;
}

/** An index segment, and the packs that it tells of. Without locators it was lost, and the next one tells of them. */
export interface SegmentState {
  readonly locators: readonly ChunkLocator[];
  readonly packs: readonly PackId[];
}

/** What a commit remembers beside the staged snapshot. */
export interface Commit {
  readonly staged: StagedSnapshot;
  readonly treeChunks: readonly ChunkId[];
  /** Index segments that the root lists, oldest first. */
  readonly segments: readonly SegmentState[];
  /** Packs that the drive had staged then. */
  readonly packCount: number;
}

export interface DriveFiles {
  readonly packsFile: string;
  readonly filesFile: string;
}

/** Names of a drive's state files in its folder. */
export const driveFiles = (folder: string): DriveFiles => ({
  packsFile: join(folder, 'packs.journal'),
  filesFile: join(folder, 'files.journal'),
});

/** Packs that a drive has ever staged and still counts on, from its journal. */
export const readStagedPacks = (folder: string): readonly PackDescriptor[] =>
  Array.from(readJournal(driveFiles(folder).packsFile) as Iterable<PackLine>, ({ descriptor }) => descriptor);

const packsOf = (lines: readonly unknown[]): StagedPack[] => (lines as readonly PackLine[]).map(packOfLine);

type FileLine = readonly [
  path: BytePath,
  identity: string,
  byteCount: number,
  chunks: readonly ChunkId[],
  /** Names and values, one character a byte; left out when there are none. */
  attributes?: readonly (readonly [name: string, value: string])[],
];
type StateLine =
  | { readonly kind: 'opened'; readonly drive: DriveId; readonly keyEpoch: number }
  | { readonly kind: 'files'; readonly files: readonly FileLine[] }
  | { readonly kind: 'commit'; readonly commit: Commit; readonly sealedRoot: string };

export interface DriveStateOptions {
  readonly folder: string;
  readonly drive: DriveId;
  readonly keyEpoch: number;
}

const filesPerLine = 1000;
/** Dead lines are worth rewriting the journal once they are the larger part of this many. */
const deadFilesMin = 10_000;

export class DriveState {
  readonly packs: StagedPack[];
  readonly #options: DriveStateOptions;
  readonly #paths: DriveFiles;
  #files = new Map<BytePath, FileState>();
  #fileLines = 0;
  #commit: Commit | undefined;
  /** Lines about files and commits, read when first asked for: packs alone say which chunks are stored. */
  #unread: Iterable<StateLine> | undefined;

  /** Reads what is there; state of another drive is dropped. Chunks have the same names in all key epochs. */
  constructor(options: DriveStateOptions) {
    this.#options = options;
    this.#paths = driveFiles(options.folder);
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const lines = linesOf(this.#paths.filesFile) as Generator<StateLine, void>;
    const first = lines.next().value;
    if (first?.kind === 'opened' && first.drive === options.drive) this.#unread = lines;
    else this.#begin();
    this.packs = packsOf(openJournal(this.#paths.packsFile));
  }

  get commit(): Commit | undefined {
    this.#readOn();
    return this.#commit;
  }

  file(path: BytePath): FileState | undefined {
    this.#readOn();
    return this.#files.get(path);
  }

  /** Of all files that are remembered, also of some that are gone. */
  paths(): IterableIterator<BytePath> {
    this.#readOn();
    return this.#files.keys();
  }

  /** Of the same files. */
  *identities(): Generator<string, void> {
    this.#readOn();
    for (const { identity } of this.#files.values()) yield identity;
  }

  /** Remembers files whose chunks are all staged: flushed with the next commit; without it they are read once more. */
  addFiles(files: ReadonlyMap<BytePath, FileState>): void {
    this.#readOn();
    for (const [path, file] of files) this.#files.set(path, file);
    this.#fileLines += files.size;
    noteLines(this.#paths.filesFile, fileLines(files));
  }

  /** Remembers a staged snapshot; rewrites the journal when too much of it is about files that are gone. */
  addCommit(commit: Commit, livePaths: ReadonlySet<BytePath>): void {
    this.#readOn();
    this.#commit = commit;
    appendLines(this.#paths.filesFile, [commitLine(commit)]);
    if (this.#fileLines < livePaths.size * 2 + deadFilesMin) return;
    this.#files = new Map([...this.#files].filter(([path]) => livePaths.has(path)));
    this.#fileLines = this.#files.size;
    rewriteJournal(this.#paths.filesFile, [
      this.#openedLine(),
      ...fileLines(this.#files),
      commitLine(commit),
    ]);
  }

  /**
   * Counts on these packs no more: files with chunks in them are read again. The commit goes first: killed in between, the
   * next index names a few packs twice.
   */
  dropPacks(dropped: ReadonlySet<PackId>): void {
    const isKept = ({ descriptor }: StagedPack): boolean => !dropped.has(descriptor.pack);
    if (this.packs.every(isKept)) return;
    this.#readOn();
    if (this.#commit !== undefined) {
      const packCount = this.packs.slice(0, this.#commit.packCount).filter(isKept).length;
      this.#commit = { ...this.#commit, packCount };
      appendLines(this.#paths.filesFile, [commitLine(this.#commit)]);
    }
    const kept = this.packs.filter(isKept);
    rewriteJournal(this.#paths.packsFile, kept.map(packLine));
    this.packs.splice(0, this.packs.length, ...kept);
    this.#dropUnstaged();
  }

  /**
   * The same for packs that nobody has. The next snapshot is another one than the last, whatever it finds: the last is never acknowledged.
   * What a segment tells of is told anew where any of it is gone, also the segment itself.
   */
  losePacks(lost: ReadonlySet<PackId>): void {
    this.#readOn();
    if (this.#commit !== undefined) {
      const segments = this.#commit.segments.map(({ locators, packs }): SegmentState => {
        const isWhole = [...locators.map(({ pack }) => pack), ...packs].every((pack) => !lost.has(pack));
        return { locators: isWhole ? locators : [], packs };
      });
      this.#commit = { ...this.#commit, treeChunks: [], segments };
      appendLines(this.#paths.filesFile, [commitLine(this.#commit)]);
    }
    this.dropPacks(lost);
  }

  /** Packs staged since the last commit (or ever, before the first). */
  get packsSinceCommit(): readonly StagedPack[] {
    return this.packs.slice(this.commit?.packCount ?? 0);
  }

  /**
   * Index segments of the last commit that can be read, oldest first, and packs of files that none of them tells of. By what they name, never by
   * counts: a journal that lost its end brings an older commit back, whose segments may lie in packs that were given up since.
   */
  get index(): { readonly segments: readonly SegmentState[]; readonly untold: readonly StagedPack[] } {
    const staged = new Set(this.packs.map(({ descriptor }) => descriptor.pack));
    const segments = (this.commit?.segments ?? []).filter(
      ({ locators }) => locators.length > 0 && locators.every(({ pack }) => staged.has(pack)),
    );
    const told = new Set(segments.flatMap(({ packs }) => packs));
    const isUntold = ({ descriptor: { placementClass, pack } }: StagedPack): boolean =>
      placementClass === 'bulk' && !told.has(pack);
    return { segments, untold: this.packs.filter(isUntold) };
  }

  /** Whether all that the last commit staged beside files is still counted on, and its index tells of all packs. */
  get isWhole(): boolean {
    const { commit } = this;
    if (commit === undefined) return false;
    const { segments, untold } = this.index;
    if (untold.length > 0 || segments.length < commit.segments.length) return false;
    const small = this.packs.filter(({ descriptor }) => descriptor.placementClass === 'small');
    const packs = new Set(small.map(({ descriptor }) => descriptor.pack));
    const chunks = new Set(small.flatMap(({ entries }) => entries.map(({ chunk }) => chunk)));
    const isThere = ({ placementClass, pack }: PackDescriptor): boolean =>
      placementClass === 'bulk' || packs.has(pack);
    return commit.staged.packs.every(isThere) && commit.treeChunks.every((chunk) => chunks.has(chunk));
  }

  #readOn(): void {
    const lines = this.#unread;
    if (lines === undefined) return;
    this.#unread = undefined;
    for (const line of lines) this.#take(line);
    this.#dropUnstaged();
  }

  #begin(): void {
    rewriteJournal(this.#paths.packsFile, []);
    rewriteJournal(this.#paths.filesFile, [this.#openedLine()]);
  }

  /** A crash may remember a file before the pack that another task was filling with one of its chunks. */
  #dropUnstaged(): void {
    const staged = new Set(this.packs.flatMap(({ entries }) => entries.map(({ chunk }) => chunk)));
    for (const [path, { chunks }] of this.#files)
      if (!chunks.every((chunk) => staged.has(chunk))) this.#files.delete(path);
    // The journal of packs lost its end: what was staged since comes after what is left of it.
    if (this.#commit !== undefined && this.#commit.packCount > this.packs.length)
      this.#commit = { ...this.#commit, packCount: this.packs.length };
  }

  #openedLine(): Uint8Array {
    const { drive, keyEpoch } = this.#options;
    return encodeLine({ kind: 'opened', drive, keyEpoch });
  }

  #take(line: StateLine): void {
    if (line.kind === 'files') {
      for (const [path, identity, byteCount, chunks, attributes] of line.files)
        this.#files.set(path, { identity, byteCount, chunks, attributes: attributesOf(attributes) });
      this.#fileLines += line.files.length;
    }
    if (line.kind === 'commit')
      this.#commit = {
        ...line.commit,
        staged: withSealedRoot(line.commit.staged, Buffer.from(line.sealedRoot, 'hex')),
      };
  }
}

function fileLines(files: ReadonlyMap<BytePath, FileState>): Uint8Array[] {
  const all = [...files].map(([path, { identity, byteCount, chunks, attributes }]): FileLine => {
    const line = [path, identity, byteCount, chunks] as const;
    return attributes.length === 0 ? line : [...line, attributes.map(pairOf)];
  });
  const lines: Uint8Array[] = [];
  for (let start = 0; start < all.length; start += filesPerLine)
    lines.push(encodeLine({ kind: 'files', files: all.slice(start, start + filesPerLine) }));
  return lines;
}

const pairOf = ({ name, value }: Attribute): readonly [string, string] => [
  name,
  Buffer.from(value).toString('latin1'),
];

const attributesOf = (pairs: FileLine[4] = []): readonly Attribute[] =>
  pairs.map(([name, value]) => ({ name, value: new Uint8Array(Buffer.from(value, 'latin1')) }));

const commitLine = (commit: Commit): Uint8Array =>
  encodeLine({
    kind: 'commit',
    commit: { ...commit, staged: withSealedRoot(commit.staged, new Uint8Array()) },
    sealedRoot: Buffer.from(commit.staged.head.sealedRoot).toString('hex'),
  });

/** The same with another sealed root: bytes do not go into JSON. */
export const withSealedRoot = (staged: StagedSnapshot, sealedRoot: Uint8Array): StagedSnapshot => ({
  ...staged,
  head: { ...staged.head, sealedRoot: new Uint8Array(sealedRoot) },
});
