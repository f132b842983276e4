// Task of a worker thread: one snapshot from scan to sealed root. Decides what has changed, hands the changed files out
// to `pack` tasks, then has tree, index and root packed. Remembers only what is staged; killed at any point it goes on there.

import { lstatSync } from 'node:fs';
import type { Attribute } from '../../codec/index.ts';
import { chunkBytesAverage } from '../../limits.ts';
import type { ChunkId } from '../../units.ts';
import { mountedDisks, rememberDisks } from './absent-disks.ts';
import { accessesOf } from './accesses.ts';
import { batchesOf } from './batches.ts';
import { ChangeWatch, type MassChange } from './change-watch.ts';
import { ChunkTable } from './chunk-table.ts';
import { DriveState, type FileState } from './drive-state.ts';
import { ForeseenChanges } from './foreseen.ts';
import { firstNames, type Links, straysOf } from './hard-links.ts';
import { type IgnoreCheck, ignoreCheck } from './ignore.ts';
import { runAll } from './lanes.ts';
import { type Letter, letterOf, openLetter } from './letter.ts';
import type { StagedPack } from './packer.ts';
import { type BytePath, bytePathOf, placeUnder } from './path-bytes.ts';
import {
  assertConnected,
  changedReason,
  identityOf,
  type LeftOut,
  type Scan,
  scanFolder,
  type ScannedEntry,
} from './scan.ts';
import { looksScrambled } from './scrambled.ts';
import { SnapshotSealing } from './snapshot-sealing.ts';
import { type KeptFile, treeOf } from './snapshot-tree.ts';
import {
  forgetStandstill,
  readStandstill,
  rememberStandstill,
  scanDigestOf,
  type Standstill,
} from './standstill.ts';
import type {
  Ask,
  PackResult,
  ReadFile,
  SnapshotQuestion,
  SnapshotRequest,
  SnapshotResult,
  TaskEnd,
} from './tasks.ts';
import { tasksPerThreadMax } from './worker-protocol.ts';

const strayRoundsMax = 3;

type AskMain = Ask<SnapshotQuestion, Letter<PackResult> | undefined>;

/** Task `snapshot`. Throws `folder-missing`, `folder-unreadable`, `not-a-folder`, `disk-full`. */
export async function snapshotTask(request: SnapshotRequest, ask: AskMain): Promise<TaskEnd<SnapshotResult>> {
  const foresee = (taskCount: number): Promise<unknown> => ask({ kind: 'foresee', taskCount });
  const foreseen = new ForeseenChanges(request, (taskCount) => void foresee(taskCount));
  const scan = scanFolder(request.folder, leftOutBy(request), (entry) => foreseen.see(entry));
  const { drive, keyEpoch } = request.sealing;
  let digest: string | undefined;
  const scanDigest = (): string => (digest ??= scanDigestOf(scan));
  const question = { stateFolder: request.stateFolder, drive, keyEpoch, scanDigest };
  const still = readStandstill(question);
  if (still !== undefined) return { result: unchanged(still, scan, request) };
  forgetStandstill(request.stateFolder);
  const run = new SnapshotRun({ request, scan, foreseen, ask });
  const { isSettled, ...result } = await run.run();
  const { staged, fileCount, byteCount, unreadable, massChange } = result;
  if (isSettled && unreadable.length === 0 && massChange === undefined)
    rememberStandstill(question, { staged, fileCount, byteCount });
  return { result };
}

const unchanged = (still: Standstill, scan: Scan, request: SnapshotRequest): SnapshotResult => ({
  outcome: 'unchanged',
  ...still,
  sealedBytes: 0,
  unreadable: [],
  special: scan.special,
  accesses: accessesOf(scan, new Set(), request),
});

interface RunParts {
  readonly request: SnapshotRequest;
  readonly scan: Scan;
  readonly foreseen: ForeseenChanges;
  readonly ask: AskMain;
}

class SnapshotRun {
  readonly #request: SnapshotRequest;
  readonly #ask: AskMain;
  readonly #state: DriveState;
  readonly #scan: Scan;
  readonly #place: (path: BytePath) => Buffer;
  readonly #foreseen: ForeseenChanges;
  readonly #files = new Map<BytePath, KeptFile>();
  readonly #unreadable: LeftOut[];
  readonly #written = new Set<BytePath>();
  readonly #watch: ChangeWatch;
  readonly #sealing: SnapshotSealing;
  /** Files of the last snapshot; undefined before the first, and until the state is read. */
  #before: ReadonlySet<BytePath> | undefined;
  /** Files that were not read as the walk saw them, or so soon after a change that the next one may go unseen. */
  #unsettledCount = 0;
  #readCount = 0;
  #toReadCount = 0;
  #sealedBytes = 0;

  constructor({ request, scan, foreseen, ask }: RunParts) {
    this.#request = request;
    this.#ask = ask;
    this.#scan = scan;
    this.#place = placeUnder(request.folder);
    this.#foreseen = foreseen;
    this.#unreadable = [...this.#scan.unreadable];
    const { drive, keyEpoch } = request.sealing;
    this.#state = new DriveState({ folder: request.stateFolder, drive, keyEpoch });
    this.#watch = new ChangeWatch(request.stateFolder, request.acceptedMs);
    this.#sealing = new SnapshotSealing({
      request,
      state: this.#state,
      paths: () => new Set(scan.entries.map(({ path }) => path)),
      stage: (pack, transfer) => ask({ kind: 'stage', pack }, transfer),
      onPacks: (packs) => this.#addPacks(packs),
    });
  }

  async run(): Promise<SnapshotResult & { readonly isSettled: boolean }> {
    assertConnected(this.#scan, this.#state.identities());
    const seen = firstNames(this.#scan.entries);
    const files = this.#scan.entries.filter(({ type, path }) => type === 'file' && !seen.has(path));
    await this.#readChanged(files);
    const links = await this.#readStrays(seen);
    const tree = treeOf({ root: this.#scan.root, entries: this.#scan.entries, files: this.#files, links });
    for (const one of tree.missed) this.#unreadable.push(one);
    const counts = { fileCount: tree.fileCount, byteCount: tree.byteCount };
    const massChange = this.#massChange();
    const disks = mountedDisks(this.#request.stateFolder, this.#scan);
    for (const one of disks.absent) this.#unreadable.push(one);
    const outcome = await this.#sealing.stageTree(tree.bytes, counts);
    rememberDisks(this.#request.stateFolder, disks);
    return {
      ...outcome,
      ...counts,
      ...(massChange === undefined ? {} : { massChange }),
      sealedBytes: this.#sealedBytes,
      unreadable: this.#unreadable,
      special: this.#scan.special,
      accesses: accessesOf(this.#scan, this.#written, this.#request),
      isSettled: this.#unsettledCount === 0,
    };
  }

  /** Compared with the last snapshot, and with what the day had brought until then. */
  #massChange(): MassChange | undefined {
    if (this.#before === undefined) return undefined;
    const isLeftOut = leftOutBy(this.#request);
    const present = new Set(this.#scan.entries.map(({ path }) => path));
    // What a person has left out from now on is not gone. Of what is there the scan has asked already.
    const leftOut = [...this.#before].filter((path) => !present.has(path) && isLeftOut(path, 'other'));
    return this.#watch.turn({
      atMs: this.#request.atMs,
      before: leftOut.length === 0 ? this.#before : this.#before.difference(new Set(leftOut)),
      present,
      files: this.#files,
      chunksBefore: (path) => this.#state.file(path)?.chunks ?? [],
    });
  }

  /** Threads begin with what has changed by its times, while this one reads what is remembered and finds what else has changed. */
  async #readChanged(files: readonly ScannedEntry[]): Promise<void> {
    const [soon, others] = partition(files, (entry) => this.#foreseen.has(entry));
    const table = this.#knownChunks(soon);
    const reading = this.#readAll(soon, table);
    // What it throws is thrown where all are waited for.
    reading.catch(() => {});
    if (this.#state.commit !== undefined) this.#before = this.#watch.filesBefore(this.#state.paths());
    const changed = others.filter((entry) => !this.#keepIfSame(entry));
    await Promise.all([reading, this.#readAll(changed, table)]);
  }

  /** Names of a file whose first name was given to another one meanwhile, or is gone. Those that are left after a few rounds are listed. */
  async #readStrays(links: Links): Promise<Links> {
    let last = links;
    for (let round = 0; round < strayRoundsMax; round++) {
      const strays = straysOf(this.#scan.entries, last, this.#files);
      last = strays.links;
      if (strays.toRead.length === 0) break;
      await this.#readAll(strays.toRead, this.#knownChunks(strays.toRead));
    }
    return last;
  }

  /** Whether it is the file that was read for an earlier snapshot. */
  #keepIfSame(entry: ScannedEntry): boolean {
    const before = this.#state.file(entry.path);
    if (before === undefined || before.identity !== identityOf(entry)) return false;
    const { chunks, attributes } = before;
    this.#files.set(entry.path, { entry, chunks, attributes, isUnstable: false });
    return true;
  }

  async #readAll(changed: readonly ScannedEntry[], table: ChunkTable): Promise<void> {
    const batches = batchesOf(changed, this.#request.jobCountMax);
    this.#unsettledCount += changed.length;
    this.#toReadCount += changed.length;
    // So that a thread reads on while the last pack of a task is flushed.
    await runAll(batches, tasksPerThreadMax * this.#request.jobCountMax, async (batch) => {
      await this.#readBatch(batch, table);
      this.#readCount += batch.length;
      await this.#ask({ kind: 'progress', done: this.#readCount, of: this.#toReadCount });
    });
  }

  /** Chunks of files that are stored already. Those of trees are not in it: the index tells of files' packs only. */
  #knownChunks(changed: readonly ScannedEntry[]): ChunkTable {
    const bulk = this.#state.packs.filter(({ descriptor }) => descriptor.placementClass === 'bulk');
    const known = bulk.reduce((sum, { entries }) => sum + entries.length, 0);
    const fresh = changed.reduce((sum, { byteCount }) => sum + 2 + (2 * byteCount) / chunkBytesAverage, 0);
    // Twice what is known: room for files that changed without a sign.
    const table = ChunkTable.withRoomFor(2 * known + Math.ceil(fresh));
    for (const { entries } of bulk) for (const { chunk } of entries) table.add(chunk);
    return table;
  }

  async #readBatch(batch: readonly ScannedEntry[], table: ChunkTable): Promise<void> {
    const { sealing, folder } = this.#request;
    const seen = letterOf(batch.map(({ path, inode }) => ({ path, inode })));
    const answer = await this.#ask({
      kind: 'pack',
      request: { sealing, folder, way: this.#scan.way, seen, known: table.shared },
    });
    if (answer === undefined) return;
    const result = openLetter(answer);
    const remembered = new Map<BytePath, FileState>();
    this.#noteScrambled(result.files);
    const scanned = new Map(batch.map((entry) => [entry.path, entry]));
    for (const { entry: read, chunks, attributes: found, state } of result.files) {
      const attributes = ownAttributes(found);
      const entry = oneOf(scanned.get(read.path), read);
      const isUnstable = state === 'changing';
      if (this.#isChange(entry, chunks)) this.#written.add(entry.path);
      this.#files.set(entry.path, { entry, chunks, attributes, isUnstable });
      if (isUnstable) this.#unreadable.push({ path: entry.path, reason: changedReason });
      const identity = state === 'still' ? identityOf(entry) : '';
      if (identity === identityOf(scanned.get(entry.path) ?? entry)) this.#unsettledCount--;
      remembered.set(entry.path, { identity, byteCount: entry.byteCount, chunks, attributes });
    }
    // What is not there by now was deleted before it was read: nothing is missed.
    for (const one of result.missed) if (this.#isThere(one.path)) this.#unreadable.push(one);
    this.#addPacks(result.packs);
    this.#state.addFiles(remembered);
  }

  #isThere(path: BytePath): boolean {
    return lstatSync(this.#place(path), { throwIfNoEntry: false }) !== undefined;
  }

  #noteScrambled(files: readonly ReadFile[]): void {
    const scrambled = files
      .filter(({ entry, chunks }) => this.#before?.has(entry.path) === true && this.#isChange(entry, chunks))
      .filter(({ entry }) => looksScrambled(this.#place(entry.path)));
    this.#watch.noteScrambled(
      scrambled.map(({ entry }) => entry.path),
      this.#request.atMs,
    );
  }

  /** Only with something to compare with: a first snapshot is not a thousand writes. */
  #isChange({ path }: ScannedEntry, chunks: readonly ChunkId[]): boolean {
    const before = this.#state.file(path);
    if (this.#state.commit === undefined) return false;
    return before === undefined || before.chunks.join() !== chunks.join();
  }

  #addPacks(packs: readonly StagedPack[]): void {
    this.#state.packs.push(...packs);
    for (const { descriptor } of packs) this.#sealedBytes += descriptor.packBytes;
  }
}

function partition<Item>(
  items: readonly Item[],
  isFirst: (item: Item) => boolean,
): readonly [Item[], Item[]] {
  const parts: [Item[], Item[]] = [[], []];
  for (const item of items) parts[isFirst(item) ? 0 : 1].push(item);
  return parts;
}

const noAttributes: readonly Attribute[] = [];

/** Kept longer than the letter in which they came. */
const ownAttributes = (attributes: readonly Attribute[]): readonly Attribute[] =>
  attributes.length === 0
    ? noAttributes
    : attributes.map(({ name, value }) => ({ name, value: new Uint8Array(value) }));

/** The first where both say the same: one that came from another thread is a copy, names and all. */
const oneOf = (scanned: ScannedEntry | undefined, read: ScannedEntry): ScannedEntry =>
  scanned !== undefined && identityOf(scanned) === identityOf(read) && scanned.isSparse === read.isSparse
    ? scanned
    : read;

function leftOutBy({ ignore, exclude }: SnapshotRequest): IgnoreCheck {
  const [excluded, isIgnored] = [new Set(exclude.map(bytePathOf)), ignoreCheck(ignore)];
  return (path, type) => excluded.has(path) || isIgnored(path, type);
}
