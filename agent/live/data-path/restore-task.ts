// Task of a worker thread: brings files back. Fetches each pack once, a little ahead; writes each chunk to all places
// that want it; lets a file have its name only when every byte of it was checked.

import { DreyError } from '../../../datasets/index.ts';
import type { TreeEntry } from '../../codec/index.ts';
import { nameDiskError } from '../disk-full.ts';
import { type Fetched, PackSource } from './pack-source.ts';
import { byBytes, type BytePath, bytePath, pathText } from './path-bytes.ts';
import { type GrowingFile, NameTaken, RestoreFolder } from './restore-folder.ts';
import {
  type PackWork,
  pathOf,
  type PlannedFile,
  planRestore,
  type PlannedWrite,
  type RestorePlan,
} from './restore-plan.ts';
import { failureText } from './scan.ts';
import { readSnapshot } from './snapshot-reader.ts';
import type { Ask, Difference, ReadQuestion, RestoreRequest, RestoreResult, TaskEnd } from './tasks.ts';

/** Packs fetched before they are needed: bounds the memory to three packs. */
const fetchAheadMax = 2;

/** The drive's own folder is the one that is restored into. */
const drivePath = bytePath('');

type AskMain = Ask<ReadQuestion, Uint8Array | undefined>;

/** Task `restore`. Throws as `restoreSnapshot` says. */
export async function restoreTask(request: RestoreRequest, ask: AskMain): Promise<TaskEnd<RestoreResult>> {
  const source = new PackSource(request, ask);
  const snapshot = await readSnapshot(source, request);
  const plan = planRestore(snapshot, request.paths);
  const folder = new RestoreFolder(request);
  try {
    const run = new RestoreRun({ plan, source, folder, ask });
    return { result: await run.run() };
  } finally {
    folder.close();
  }
}

interface RestoreParts {
  readonly plan: RestorePlan;
  readonly source: PackSource;
  readonly folder: RestoreFolder;
  readonly ask: AskMain;
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
  readonly #missing: Difference[];
  readonly #imperfect: Difference[] = [];
  #byteCount = 0;
  #linkCount = 0;

  constructor(parts: RestoreParts) {
    this.#parts = parts;
    this.#missing = parts.plan.missing.map(({ path, reason }) => ({ path: pathText(path), reason }));
  }

  async run(): Promise<RestoreResult> {
    const { plan, source, folder } = this.#parts;
    for (const path of plan.folders.keys())
      if (path !== drivePath) this.#try(path, () => folder.refusal(path) ?? folder.makeFolder(path));
    for (const [path, planned] of plan.files) this.#startFile(path, planned);
    await this.#writePacks();
    for (const [path, entry] of plan.links) this.#makeLink(path, entry);
    // Nothing may be written into a folder once it has its time.
    folder.close();
    for (const [path, entry] of [...plan.folders].toSorted(([a], [b]) => byBytes(b, a)))
      if (path === drivePath || folder.refusal(path) === undefined)
        this.#note(path, folder.markFolder(path, entry));
    return {
      fileCount: this.#finished.size + this.#linkCount,
      byteCount: this.#byteCount,
      packCount: source.fetchedCount,
      missing: this.#missing,
      imperfect: this.#imperfect,
    };
  }

  #startFile(path: BytePath, planned: PlannedFile): void {
    const { folder } = this.#parts;
    const refused = folder.refusal(path);
    if (refused !== undefined) {
      this.#miss(path, refused);
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
    const { plan, source, ask } = this.#parts;
    const ahead: Promise<Fetched>[] = [];
    for (const [index, work] of plan.packs.entries()) {
      for (let next = index + ahead.length; next <= index + fetchAheadMax; next++) {
        const { descriptor } = plan.packs[next] ?? {};
        if (descriptor === undefined) break;
        ahead.push(source.fetch(descriptor));
      }
      const fetched = await ahead.shift();
      if (fetched !== undefined) this.#writePack(work, fetched);
      await ask({ kind: 'progress', phase: 'packs', done: index + 1, of: plan.packs.length });
    }
  }

  #writePack({ writes }: PackWork, fetched: Fetched): void {
    for (const write of writes) {
      const growing = this.#growing.get(write.path);
      if (growing === undefined) continue;
      if ('reason' in fetched) this.#drop(write.path, growing, fetched.reason);
      else this.#writeChunk(write, growing, fetched);
    }
  }

  #writeChunk(
    { entry, path, offset }: PlannedWrite,
    growing: Growing,
    fetched: Extract<Fetched, { pack: unknown }>,
  ): void {
    const { source, folder } = this.#parts;
    const chunk = source.read(fetched.pack, entry);
    if ('reason' in chunk) {
      this.#drop(path, growing, chunk.reason);
      return;
    }
    try {
      folder.writeAt(growing.file, chunk.bytes, offset);
    } catch (error) {
      this.#drop(path, growing, writeFailure(error));
      return;
    }
    growing.writesLeft--;
    if (growing.writesLeft === 0) this.#finish(path, growing);
  }

  #finish(path: BytePath, { file, planned }: Growing): void {
    const { entry } = planned;
    this.#growing.delete(path);
    try {
      this.#note(path, this.#parts.folder.finishFile(file, entry.byteCount, entry));
    } catch (error) {
      this.#parts.folder.dropFile(file);
      this.#miss(path, writeFailure(error));
      return;
    }
    this.#finished.add(path);
    this.#byteCount += entry.byteCount;
    if (entry.isUnstable)
      this.#note(path, 'it changed while it was backed up: its bytes may mix two moments');
  }

  #drop(path: BytePath, { file }: Growing, reason: string): void {
    this.#growing.delete(path);
    this.#parts.folder.dropFile(file);
    this.#miss(path, reason);
  }

  #makeLink(path: BytePath, entry: TreeEntry): void {
    const { folder } = this.#parts;
    const refused = folder.refusal(path);
    if (refused !== undefined) this.#miss(path, refused);
    else if (entry.kind === 'symlink')
      this.#try(path, () => folder.makeSymlink(path, pathOf(entry.target), entry));
    else if (entry.kind === 'hardLink') this.#makeHardLink(path, pathOf(entry.target));
  }

  #makeHardLink(path: BytePath, first: BytePath): void {
    if (!this.#finished.has(first)) this.#miss(path, 'the file that it is another name of is missing');
    else if (this.#try(path, () => this.#parts.folder.makeLink(path, first))) this.#linkCount++;
  }

  /** Does a step that answers why it was refused; true when it was done. */
  #try(path: BytePath, step: () => string | undefined): boolean {
    let refused: string | undefined;
    try {
      refused = step();
    } catch (error) {
      refused = writeFailure(error);
    }
    if (refused !== undefined) this.#miss(path, refused);
    return refused === undefined;
  }

  #miss(path: BytePath, reason: string): void {
    this.#missing.push({ path: pathText(path), reason });
  }

  #note(path: BytePath, reason: string | undefined): void {
    if (reason !== undefined) this.#imperfect.push({ path: pathText(path), reason });
  }
}

/** Why one entry could not be written; a full disk ends the whole restore instead. */
function writeFailure(error: unknown): string {
  const named = nameDiskError(error);
  if (named instanceof DreyError) throw named;
  if (typeof (error as { syscall?: unknown }).syscall === 'string')
    return failureText(error).replace('read', 'written');
  if (error instanceof NameTaken) return error.message;
  throw error;
}
