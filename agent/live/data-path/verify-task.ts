// Task of a worker thread: whether every file of snapshots could be restored, without restoring any. Root, tree and index
// are read; packs are counted where they lie, or fetched and every chunk checked by its keyed hash. It changes nothing.

import { DreyError } from '../../../datasets/words.ts';
import type { TreeEntry } from '../../codec/index.ts';
import { keysIn } from '../../codec/opening.ts';
import type { CheckResult } from './check-task.ts';
import type { ChunkPlaces } from './chunk-places.ts';
import { DriveIndex } from './drive-index.ts';
import { runAll } from './lanes.ts';
import { PackSource } from './pack-source.ts';
import { pathText } from './path-bytes.ts';
import { pathOf } from './restore-plan.ts';
import type { Ask, TaskEnd, VerifyQuestion, VerifyRequest, VerifyResult } from './tasks.ts';
import { type OpenedRoot, OpenPacks, openRoot, TreeWalk } from './tree-walk.ts';

type AskMain = Ask<VerifyQuestion, Uint8Array | readonly number[] | CheckResult | undefined>;
type FileEntry = Extract<TreeEntry, { kind: 'file' }>;

/** Task `verify`. Problems are part of its answer: it throws only what is no finding. */
export async function verifyTask(request: VerifyRequest, ask: AskMain): Promise<TaskEnd<VerifyResult>> {
  return { result: await new VerifyRun(request, ask).run() };
}

interface Opened {
  readonly index: number;
  readonly root: OpenedRoot;
}

/** A file that cannot be restored. */
interface Harmed {
  readonly path: string;
  readonly reason: string;
}

interface PartFindings {
  readonly fileCount: number;
  /** Paths, and what further names are names of: those of files count as files do. */
  readonly symlinks: readonly string[];
  readonly linkTargets: readonly string[];
  readonly harmed: readonly Harmed[];
}

const nothingFound: PartFindings = { fileCount: 0, symlinks: [], linkTargets: [], harmed: [] };

/** Paths need not be UTF-8. */
const keyOf = (path: Uint8Array): string => Buffer.from(path).toString('latin1');

class VerifyRun {
  readonly #request: VerifyRequest;
  readonly #ask: AskMain;
  readonly #packs: OpenPacks;
  readonly #index: DriveIndex;
  readonly #problems: VerifyResult['problems'][number][] = [];
  #problemCount = 0;
  /** Of snapshots that could not be opened: that the newest one's index is one of theirs is nothing more. */
  readonly #closedRoots: Uint8Array[] = [];
  #fileCount = 0;
  #checkedBytes = 0;
  /** By pack number: chunks that files need. */
  readonly #usedChunks = new Map<number, number>();
  /** By pack number: why files with chunks in it cannot be restored. */
  readonly #badPacks = new Map<number, string>();
  readonly #badChunks = new Map<number, string>();

  constructor(request: VerifyRequest, ask: AskMain) {
    this.#request = request;
    this.#ask = ask;
    // It asks for packs only, and gets bytes for them.
    const fetch = ask as Ask<Extract<VerifyQuestion, { kind: 'fetch' }>, Uint8Array | undefined>;
    this.#packs = new OpenPacks(new PackSource(request, fetch));
    this.#index = new DriveIndex(this.#packs);
  }

  get #places(): ChunkPlaces {
    return this.#index.places;
  }

  async run(): Promise<VerifyResult> {
    const opened = await this.#openRoots();
    await this.#addNewestIndex();
    const readable = await this.#markTrees(opened);
    const used = [...this.#usedChunks.keys()].toSorted((a, b) => a - b);
    await this.#countPacks(used);
    if (this.#request.depth === 'data') await this.#readPacks(used);
    if (this.#badPacks.size + this.#badChunks.size > 0) await this.#nameFiles(readable);
    for (const reason of this.#index.failures) this.#note({ reason: `a part of the index: ${reason}` });
    return {
      fileCount: this.#fileCount,
      chunkCount: [...this.#usedChunks.values()].reduce((sum, count) => sum + count, 0),
      packCount: used.length,
      checkedBytes: this.#checkedBytes,
      problems: this.#problems,
      problemCount: this.#problemCount,
      shortPackCount: this.#badPacks.size,
    };
  }

  #note(problem: VerifyResult['problems'][number]): void {
    this.#problemCount++;
    if (this.#problems.length < this.#request.problemCountMax) this.#problems.push(problem);
  }

  async #openRoots(): Promise<readonly Opened[]> {
    const opened: Opened[] = [];
    for (const [index, sealedRoot] of this.#request.sealedRoots.entries()) {
      try {
        opened.push({ index, root: await openRoot(this.#packs.source, { ...this.#request, sealedRoot }) });
      } catch (error) {
        this.#note({ snapshot: index, reason: unreadableReason(error) });
        this.#closedRoots.push(sealedRoot);
      }
    }
    return opened;
  }

  async #addNewestIndex(): Promise<void> {
    const { newestRoot: sealedRoot } = this.#request;
    if (this.#closedRoots.some((root) => Buffer.compare(root, sealedRoot) === 0)) return;
    try {
      await this.#index.add(await openRoot(this.#packs.source, { ...this.#request, sealedRoot }));
    } catch (error) {
      this.#note({ reason: `of the newest snapshot's index: ${unreadableReason(error)}` });
    }
  }

  /** Marks what the trees' files need; answers the snapshots whose trees could be read. */
  async #markTrees(opened: readonly Opened[]): Promise<readonly Opened[]> {
    const walk = new TreeWalk(this.#packs, (entries, root) => this.#markPart(entries, root));
    const readable: Opened[] = [];
    for (const [done, snapshot] of opened.entries()) {
      await this.#ask({ kind: 'progress', phase: 'snapshots', done, of: opened.length });
      try {
        this.#fileCount += await this.#noteHarmed(snapshot, walk);
        readable.push(snapshot);
      } catch (error) {
        this.#note({ snapshot: snapshot.index, reason: unreadableReason(error) });
      }
    }
    return readable;
  }

  async #noteHarmed({ index, root }: Opened, walk: TreeWalk<PartFindings>): Promise<number> {
    let fileCount = 0;
    const symlinks = new Set<string>();
    for await (const part of walk.walk(root)) {
      for (const path of part.symlinks) symlinks.add(path);
      fileCount += part.fileCount + part.linkTargets.filter((target) => !symlinks.has(target)).length;
      for (const file of part.harmed) this.#note({ snapshot: index, ...file });
    }
    return fileCount;
  }

  async #markPart(entries: readonly TreeEntry[], root: OpenedRoot): Promise<PartFindings> {
    const files = entries.filter((entry) => entry.kind === 'file');
    const harmed: Harmed[] = [];
    for (const file of files) {
      const reason = await this.#markFile(file, root);
      if (reason !== undefined) harmed.push({ path: pathText(pathOf(file.path)), reason });
    }
    const symlinks = entries.flatMap(({ kind, path }) => (kind === 'symlink' ? [keyOf(path)] : []));
    const linkTargets = entries.flatMap((entry) => (entry.kind === 'hardLink' ? [keyOf(entry.target)] : []));
    return { fileCount: files.length, symlinks, linkTargets, harmed };
  }

  async #markFile({ chunks, byteCount }: FileEntry, root: OpenedRoot): Promise<string | undefined> {
    let length = 0;
    for (const chunk of chunks) {
      const slot = this.#places.find(chunk) ?? (await this.#index.find(chunk, root));
      if (slot === undefined) return 'the index does not say where a part of it lies';
      length += this.#places.lengthAt(slot);
      if (!this.#places.mark(slot)) continue;
      const pack = this.#places.packAt(slot);
      this.#usedChunks.set(pack, (this.#usedChunks.get(pack) ?? 0) + 1);
    }
    return length === byteCount ? undefined : `its parts have ${length} bytes, not ${byteCount}`;
  }

  async #countPacks(used: readonly number[]): Promise<void> {
    const descriptors = used.map((number) => this.#places.packs[number]!);
    const found = (await this.#ask({ kind: 'count', descriptors })) as readonly number[];
    for (const [at, number] of used.entries()) {
      const { k } = descriptors[at]!.redundancy;
      const have = found[at] ?? 0;
      if (have < k)
        this.#badPacks.set(number, `of a pack with parts of it, ${have} of ${k} shards can be had now`);
    }
  }

  async #readPacks(used: readonly number[]): Promise<void> {
    let done = 0;
    await runAll(used, this.#request.jobCountMax, async (number) => {
      await this.#ask({ kind: 'progress', phase: 'packs', done, of: used.length });
      const request = { ...keysIn(this.#request), descriptor: this.#places.packs[number]! };
      this.#takePack(number, (await this.#ask({ kind: 'check', request })) as CheckResult);
      done++;
    });
  }

  #takePack(number: number, checked: CheckResult): void {
    if ('reason' in checked) {
      this.#badPacks.set(number, checked.reason);
      return;
    }
    // What could be fetched is there, whatever was said before.
    this.#badPacks.delete(number);
    const there = new Set<number>();
    for (const { chunk, length, reason } of checked.chunks) {
      const slot = this.#places.find(chunk);
      if (slot === undefined || !this.#places.isMarked(slot) || this.#places.packAt(slot) !== number)
        continue;
      there.add(slot);
      if (reason === undefined) this.#checkedBytes += length;
      else this.#badChunks.set(slot, reason);
    }
    if (there.size < (this.#usedChunks.get(number) ?? 0)) this.#noteAbsent(number, there);
  }

  #noteAbsent(number: number, there: ReadonlySet<number>): void {
    for (const slot of this.#places.markedSlots())
      if (this.#places.packAt(slot) === number && !there.has(slot))
        this.#badChunks.set(slot, 'a part of it is not in the pack that the index names');
  }

  async #nameFiles(readable: readonly Opened[]): Promise<void> {
    const walk = new TreeWalk(this.#packs, (entries): PartFindings => ({
      ...nothingFound,
      harmed: entries.flatMap((entry) => {
        const reason = entry.kind === 'file' ? this.#reasonAgainst(entry) : undefined;
        return reason === undefined ? [] : [{ path: pathText(pathOf(entry.path)), reason }];
      }),
    }));
    for (const snapshot of readable) await this.#noteHarmed(snapshot, walk);
  }

  #reasonAgainst({ chunks }: FileEntry): string | undefined {
    for (const chunk of chunks) {
      const slot = this.#places.find(chunk);
      if (slot === undefined) continue;
      const reason = this.#badChunks.get(slot) ?? this.#badPacks.get(this.#places.packAt(slot));
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}

function unreadableReason(error: unknown): string {
  if (error instanceof DreyError && error.code === 'snapshot-unreadable') return error.message;
  throw error;
}
