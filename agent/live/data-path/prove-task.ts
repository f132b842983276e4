// Task of a worker thread: restores a few random files of a snapshot into memory, a stretch of the large ones, and compares them with the
// snapshot's hashes, and with the files themselves where those are unchanged. It writes nothing.

import { lstatSync } from 'node:fs';
import { createRandom, DreyError, type Random } from '../../../datasets/words.ts';
import type { TreeEntry } from '../../codec/index.ts';
import type { ChunkId } from '../../units.ts';
import { timeToleranceNs } from './compare-trees.ts';
import { DriveIndex } from './drive-index.ts';
import { openToLookAt } from './file-reader.ts';
import { type Chunk, PackSource } from './pack-source.ts';
import { pathText, placeUnder } from './path-bytes.ts';
import { pathOf } from './restore-plan.ts';
import type { Ask, FetchQuestion, ProveRequest, ProveResult, ReadQuestion, TaskEnd } from './tasks.ts';
import { entriesOfTree, type OpenedRoot, OpenPacks, openRoot } from './tree-walk.ts';

type FileEntry = Extract<TreeEntry, { kind: 'file' }>;

/** One chunk of a chosen file. */
interface Part {
  readonly file: Chosen;
  readonly chunk: ChunkId;
  readonly offset: number;
}

interface Chosen {
  readonly entry: FileEntry;
  /** Why it did not come back as it was; undefined while nothing is wrong. */
  problem: Omit<ProveResult['problems'][number], 'path'> | undefined;
  byteCount: number;
  isCompared: boolean;
}

/** Task `prove`. What is wrong is its answer: it throws only what is no finding. */
export async function proveTask(
  request: ProveRequest,
  ask: Ask<ReadQuestion, Uint8Array | undefined>,
): Promise<TaskEnd<ProveResult>> {
  return { result: await new ProveRun(request, ask).run() };
}

class ProveRun {
  readonly #request: ProveRequest;
  readonly #random: Random;
  readonly #packs: OpenPacks;
  readonly #index: DriveIndex;
  readonly #chosen: Chosen[] = [];
  /** When the snapshot was begun. */
  #atMs = 0;
  /** Packs that could not be had. */
  #absentCount = 0;

  constructor(request: ProveRequest, ask: Ask<ReadQuestion, Uint8Array | undefined>) {
    this.#request = request;
    this.#random = createRandom(request.seed);
    const fetch: Ask<FetchQuestion, Uint8Array | undefined> = async (question) => {
      try {
        return await ask(question);
      } catch (error) {
        this.#absentCount++;
        throw error;
      }
    };
    this.#packs = new OpenPacks(new PackSource(request, fetch));
    this.#index = new DriveIndex(this.#packs);
  }

  async run(): Promise<ProveResult> {
    const before = this.#absentCount;
    try {
      const root = await openRoot(this.#packs.source, this.#request);
      this.#atMs = root.root.atMs;
      await this.#choose(root);
      await this.#index.add(root);
    } catch (error) {
      if (!(error instanceof DreyError) || error.code !== 'snapshot-unreadable') throw error;
      return this.#result([{ reason: error.message, verdict: this.#verdictSince(before) }]);
    }
    const parts = this.#chosen.flatMap((file) => this.#partsOf(file));
    for (const [pack, wanted] of Map.groupBy(parts, ({ chunk }) => this.#packOf(chunk)))
      await this.#readPack(pack, wanted);
    return this.#result([]);
  }

  #result(problems: ProveResult['problems']): ProveResult {
    const good = this.#chosen.filter(({ problem }) => problem === undefined);
    const isUnread = problems.length > 0;
    return {
      fileCount: isUnread ? 0 : good.length,
      byteCount: isUnread ? 0 : good.reduce((sum, { byteCount }) => sum + byteCount, 0),
      comparedCount: good.filter(({ isCompared }) => isCompared).length,
      problems: [
        ...problems,
        ...this.#chosen.flatMap(({ entry, problem }) =>
          problem === undefined ? [] : [{ path: pathText(pathOf(entry.path)), ...problem }],
        ),
      ],
    };
  }

  #verdictSince(absentCount: number): 'unreachable' | 'wrong' {
    return this.#absentCount > absentCount ? 'unreachable' : 'wrong';
  }

  /** Each file of the tree is as likely as any other (reservoir sampling, Vitter 1985, algorithm R). */
  async #choose(root: OpenedRoot): Promise<void> {
    let seen = 0;
    for await (const entry of entriesOfTree(this.#packs, root)) {
      if (entry.kind !== 'file' || entry.chunks.length === 0) continue;
      const at = seen < this.#request.filesMax ? seen : this.#random.below(seen + 1);
      seen++;
      if (at < this.#request.filesMax)
        this.#chosen[at] = { entry, problem: undefined, byteCount: 0, isCompared: false };
    }
  }

  /** All chunks of a file, or of a large one those in a row from a random one on. */
  #partsOf(file: Chosen): readonly Part[] {
    const { entry } = file;
    const { fileBytesMax } = this.#request;
    const isLarge = entry.byteCount > fileBytesMax;
    const first = isLarge ? this.#random.below(entry.chunks.length) : 0;
    const parts: Part[] = [];
    let [offset, byteCount] = [0, 0];
    for (const [at, chunk] of entry.chunks.entries()) {
      const slot = this.#index.places.find(chunk);
      if (slot === undefined) {
        file.problem = { reason: 'the index does not say where a part of it lies', verdict: 'wrong' };
        return [];
      }
      const length = this.#index.places.lengthAt(slot);
      if (at >= first && (byteCount === 0 || byteCount + length <= fileBytesMax)) {
        parts.push({ file, chunk, offset });
        byteCount += length;
      }
      offset += length;
    }
    return parts;
  }

  #packOf(chunk: ChunkId): number {
    return this.#index.places.packAt(this.#index.places.find(chunk)!);
  }

  async #readPack(number: number, parts: readonly Part[]): Promise<void> {
    const { source } = this.#packs;
    const before = this.#absentCount;
    const fetched = await source.fetch(this.#index.places.packs[number]!);
    const verdict = this.#verdictSince(before);
    if ('reason' in fetched) {
      for (const { file } of parts) file.problem ??= { reason: fetched.reason, verdict };
      return;
    }
    const entries = new Map(fetched.pack.entries.map((entry) => [entry.chunk, entry]));
    for (const part of parts) {
      const entry = entries.get(part.chunk);
      this.#take(
        part,
        entry === undefined
          ? { reason: 'a part of it is not in the pack that the index names' }
          : source.read(fetched.pack, entry),
      );
    }
  }

  #take({ file, offset }: Part, chunk: Chunk): void {
    if ('reason' in chunk) {
      file.problem ??= { reason: chunk.reason, verdict: 'wrong' };
      return;
    }
    file.byteCount += chunk.bytes.length;
    const compared = this.#compare(file.entry, offset, chunk.bytes);
    if (compared === undefined) return;
    file.isCompared = true;
    if (compared === 'different')
      file.problem ??= {
        reason: 'the file here has other bytes than its snapshot, though its length and time are the same',
        verdict: 'wrong',
      };
  }

  /** Undefined where the file here is not the one of the snapshot any more. */
  #compare(entry: FileEntry, offset: number, bytes: Uint8Array): 'same' | 'different' | undefined {
    const place = placeUnder(this.#request.folder)(pathOf(entry.path));
    if (entry.isUnstable || !isUnchanged(place, entry, this.#atMs)) return undefined;
    const here = bytesAt(place, offset, bytes.length);
    if (here === undefined) return undefined;
    if (Buffer.compare(here, bytes) === 0) return 'same';
    return isUnchanged(place, entry, this.#atMs) ? 'different' : undefined;
  }
}

/** Since the snapshot was begun: programs may set a file's time of change back, but not that of its inode. */
function isUnchanged(place: Buffer, { byteCount, mtimeNs }: FileEntry, atMs: number): boolean {
  const stat = lstatSync(place, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size !== BigInt(byteCount)) return false;
  if (stat.ctimeMs >= BigInt(atMs)) return false;
  const apartNs = stat.mtimeNs - mtimeNs;
  return apartNs <= timeToleranceNs && -apartNs <= timeToleranceNs;
}

/** Undefined where they cannot be read, or where no file is any more. */
function bytesAt(place: Buffer, offset: number, length: number): Buffer | undefined {
  try {
    using file = openToLookAt(place);
    const bytes = file?.bytesAt(offset, length);
    return bytes?.length === length ? bytes : undefined;
  } catch {
    // Unreadable now: a proof says nothing about it, the next snapshot will.
    return undefined;
  }
}
