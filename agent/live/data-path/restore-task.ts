// Task of a worker thread: brings files back. Hands each pack out once, with all places that want its chunks, to `place` tasks; lets a file
// have its name only when every byte of it was checked and written.

import type { DriveKeys, TreeEntry } from '../../codec/index.ts';
import { chunkIdsOf, keysIn, namingKey, packVersions, sha256Hex } from '../../codec/opening.ts';
import type { ChunkId } from '../../units.ts';
import type { GrowingFile } from './growing-files.ts';
import { runAll } from './lanes.ts';
import { letterOf } from './letter.ts';
import { PackSource } from './pack-source.ts';
import { byBytes, type BytePath, bytePath, pathText } from './path-bytes.ts';
import { type PlaceRequest, type PlaceResult, writeFailure } from './place-task.ts';
import { NameTaken, RestoreFolder } from './restore-folder.ts';
import { type PackWork, pathOf, type PlannedFile, planRestore, type RestorePlan } from './restore-plan.ts';
import { readSnapshot } from './snapshot-reader.ts';
import type { Piece } from './unfinished-restore.ts';
import type {
  Ask,
  Difference,
  Remedy,
  RestoreQuestion,
  RestoreRequest,
  RestoreResult,
  TaskEnd,
} from './tasks.ts';

/** The drive's own folder is the one that is restored into. */
const drivePath = bytePath('');

type AskMain = Ask<RestoreQuestion, Uint8Array | PlaceResult | undefined>;

/** Task `restore`. Throws as `restoreSnapshot` says. */
export async function restoreTask(request: RestoreRequest, ask: AskMain): Promise<TaskEnd<RestoreResult>> {
  // It asks for packs only, and gets bytes for them.
  const source = new PackSource(request, ask as Ask<RestoreQuestion, Uint8Array | undefined>);
  const snapshot = await readSnapshot(source, request);
  const plan = planRestore(snapshot, request.paths);
  using folder = new RestoreFolder({
    ...request,
    names: topNamesOf(plan),
    snapshot: sha256Hex(request.sealedRoot),
  });
  const { jobCountMax } = request;
  const run = new RestoreRun({ plan, keys: keysIn(request), folder, ask, jobCountMax });
  const restored = await run.run();
  folder.flush();
  return { result: { ...restored, packCount: source.fetchedCount + restored.packCount } };
}

/** Names that stand in the drive's own folder. */
const topNamesOf = ({ folders, files, links }: RestorePlan): ReadonlySet<string> =>
  new Set([...folders.keys(), ...files.keys(), ...links.keys()].map((path) => path.split('/', 1)[0]!));

interface RestoreParts {
  readonly plan: RestorePlan;
  readonly keys: DriveKeys;
  readonly folder: RestoreFolder;
  readonly ask: AskMain;
  readonly jobCountMax: number;
}

interface Growing {
  readonly file: GrowingFile;
  readonly planned: PlannedFile;
  writesLeft: number;
}

class RestoreRun {
  readonly #parts: RestoreParts;
  readonly #growing = new Map<BytePath, Growing>();
  readonly #finished = new Set<BytePath>();
  readonly #symlinks = new Set<BytePath>();
  /** What a run that was cut off has made. */
  readonly #earlier: EarlierRun | undefined;
  readonly #missing: Difference[];
  readonly #imperfect: Difference[] = [];
  readonly #remedies = new Set<Remedy>();
  #byteCount = 0;
  #packCount = 0;
  #linkCount = 0;

  constructor(parts: RestoreParts) {
    this.#parts = parts;
    if (parts.folder.goesOn) this.#earlier = new EarlierRun(parts);
    this.#missing = parts.plan.missing.map(({ path, reason }) => ({ path: pathText(path), reason }));
    if (this.#missing.length > 0 && parts.plan.isIndexCut) this.#remedies.add('machines');
  }

  async run(): Promise<RestoreResult> {
    const { plan, folder } = this.#parts;
    for (const path of plan.folders.keys())
      if (path !== drivePath && !this.#isRefused(path)) this.#try(path, () => folder.makeFolder(path));
    for (const [path, planned] of plan.files) this.#startFile(path, planned);
    await this.#writePacks();
    for (const [path, entry] of plan.links) this.#makeLink(path, entry);
    for (const [path, entry] of [...plan.folders].toSorted(([a], [b]) => byBytes(b, a)))
      if (folder.hasFolder(path)) this.#note(path, folder.markFolder(path, entry));
    // Nothing may be written into a folder once it has its time.
    folder.close(this.#remedies.size > 0 ? 'cut off' : 'done');
    const own = plan.folders.get(drivePath);
    this.#note(drivePath, own === undefined ? folder.giveBack() : folder.markFolder(drivePath, own));
    return {
      fileCount: this.#finished.size + this.#linkCount,
      symlinkCount: this.#symlinks.size,
      byteCount: this.#byteCount,
      packCount: this.#packCount,
      missing: this.#missing,
      imperfect: this.#imperfect,
      remedies: [...this.#remedies],
    };
  }

  #startFile(path: BytePath, planned: PlannedFile): void {
    const { folder } = this.#parts;
    if (this.#isRefused(path)) return;
    if (this.#earlier?.isWhole(path, folder) === true) {
      this.#count(path, planned);
      return;
    }
    const growing: Growing = {
      file: folder.startFile(path, planned.entry),
      planned,
      writesLeft: planned.writeCount,
    };
    this.#growing.set(path, growing);
    if (growing.writesLeft === 0) this.#finish(path, growing);
  }

  async #writePacks(): Promise<void> {
    const { plan, ask, jobCountMax } = this.#parts;
    let done = 0;
    await runAll(plan.packs, jobCountMax, async (work) => {
      await this.#writePack(work);
      await ask({ kind: 'progress', phase: 'packs', done: ++done, of: plan.packs.length });
    });
  }

  async #writePack({ descriptor, writes }: PackWork): Promise<void> {
    const { keys, ask } = this.#parts;
    const wanted = writes.flatMap(({ entry, path, offset }) => {
      const file = this.#growing.get(path)?.file;
      return file === undefined ? [] : [{ entry, file, offset }];
    });
    if (wanted.length === 0) return;
    const request: PlaceRequest = { ...keys, descriptor, writes: letterOf(wanted) };
    const { isFetched, failures } = (await ask({ kind: 'place', request })) as PlaceResult;
    if (isFetched) this.#packCount++;
    const failed = new Map(failures.map((failure) => [failure.temporary, failure]));
    for (const { file } of wanted) {
      const growing = this.#growing.get(file.path);
      const failure = failed.get(file.temporary);
      if (growing === undefined) continue;
      if (failure !== undefined) this.#drop(file.path, growing, failure);
      else if (--growing.writesLeft === 0) this.#finish(file.path, growing);
    }
  }

  #finish(path: BytePath, { file, planned }: Growing): void {
    const { entry } = planned;
    this.#growing.delete(path);
    try {
      this.#note(path, this.#parts.folder.finishFile(file, entry.byteCount, entry));
    } catch (error) {
      this.#parts.folder.dropFile(file);
      this.#miss(path, entryFailure(error));
      return;
    }
    this.#count(path, planned);
  }

  #count(path: BytePath, { entry }: PlannedFile): void {
    this.#finished.add(path);
    this.#byteCount += entry.byteCount;
    if (entry.isUnstable)
      this.#note(path, 'it changed while it was backed up: its bytes may mix two moments');
  }

  #drop(path: BytePath, { file }: Growing, { reason, remedy }: PlaceResult['failures'][number]): void {
    this.#growing.delete(path);
    this.#parts.folder.dropFile(file);
    this.#miss(path, reason, remedy);
  }

  #makeLink(path: BytePath, entry: TreeEntry): void {
    if (this.#isRefused(path)) return;
    if (entry.kind === 'symlink') this.#makeSymlink(path, pathOf(entry.target), entry);
    else if (entry.kind === 'hardLink') this.#makeHardLink(path, pathOf(entry.target), entry);
  }

  #makeSymlink(path: BytePath, target: BytePath, entry: TreeEntry): void {
    try {
      this.#note(path, this.#parts.folder.makeSymlink(path, target, entry));
      this.#symlinks.add(path);
    } catch (error) {
      this.#miss(path, entryFailure(error));
    }
  }

  #makeHardLink(path: BytePath, first: BytePath, entry: TreeEntry): void {
    const isFile = this.#finished.has(first);
    if (!isFile && !this.#symlinks.has(first)) {
      this.#tell(path, 'the file that it is another name of is missing');
      return;
    }
    const { folder, plan } = this.#parts;
    const isMade = this.#try(path, () => {
      this.#note(path, folder.makeLink(path, first, plan.files.get(first)?.entry ?? entry));
      return undefined;
    });
    if (isMade && isFile) this.#linkCount++;
  }

  /** Does a step that answers why it was refused; true when it was done. */
  #try(path: BytePath, step: () => string | undefined): boolean {
    let refused: string | undefined;
    try {
      refused = step();
    } catch (error) {
      refused = entryFailure(error);
    }
    if (refused !== undefined) this.#miss(path, refused);
    return refused === undefined;
  }

  /** Whether there is no place for it: it leads out of the folder, or what is above it could not be made. */
  #isRefused(path: BytePath): boolean {
    const refused = this.#parts.folder.refusal(path);
    if (refused !== undefined) this.#tell(path, refused);
    return refused !== undefined;
  }

  /** The same command goes on in its folder once what stood in the way does no more. */
  #miss(path: BytePath, reason: string, remedy: Remedy = 'here'): void {
    this.#tell(path, reason);
    this.#remedies.add(remedy);
  }

  #tell(path: BytePath, reason: string): void {
    this.#missing.push({ path: pathText(path), reason });
  }

  #note(path: BytePath, reason: string | undefined): void {
    if (reason !== undefined) this.#imperfect.push({ path: pathText(path), reason });
  }
}

/** Files that a run made that was cut off: believed by their bytes, whoever may have written into them since. */
class EarlierRun {
  readonly #pieces: ReadonlyMap<BytePath, readonly Piece[]>;
  readonly #namers: readonly ReturnType<typeof chunkIdsOf>[];

  constructor({ plan, keys }: Pick<RestoreParts, 'plan' | 'keys'>) {
    const writes = plan.packs.flatMap((pack) => pack.writes);
    const byPath = Map.groupBy(writes, ({ path }) => path);
    this.#pieces = new Map(
      [...byPath].map(([path, some]) => [path, some.map(({ entry, offset }) => ({ ...entry, offset }))]),
    );
    this.#namers = packVersions.toReversed().map((version) => chunkIdsOf(namingKey(keys), version));
  }

  isWhole(path: BytePath, folder: RestoreFolder): boolean {
    const isRight = (bytes: Uint8Array, chunk: ChunkId): boolean =>
      this.#namers.some((nameOf) => nameOf(bytes) === chunk);
    return folder.hasWhole(path, this.#pieces.get(path) ?? [], isRight);
  }
}

/** Why one entry could not be written; a full disk ends the whole restore instead. */
const entryFailure = (error: unknown): string =>
  error instanceof NameTaken ? error.message : writeFailure(error);
