// The folder that a restore writes into. Files grow under a temporary name and get their own when all their bytes are
// there; nothing is written through a link or outside the folder, and nothing that was there is replaced unasked.

import {
  constants,
  existsSync,
  writeFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  copyFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DreyError, makeFolders } from '../../../datasets/words.ts';
import { nameDiskError } from '../disk-full.ts';
import {
  defaultAcl,
  type EntryMarks,
  firstFailure,
  openToOwner,
  setFileMarks,
  setFolderMarks,
  setSymlinkMarks,
} from './entry-marks.ts';
import { flushAll, flushAlone } from './flushing.ts';
import { permissionBits } from './file-stats.ts';
import { type GrowingFile, makeLength } from './growing-files.ts';
import {
  type BytePath,
  bytePath,
  foldedName,
  parentOf,
  pathBytes,
  placeUnder,
  staysInside,
} from './path-bytes.ts';
import { errorCode } from './scan.ts';
import { SettledFiles } from './settled-files.ts';
import { keptAttributes, systemCalls } from './system-calls.ts';
import { ownerName, TakenFolder } from './taken-folder.ts';
import {
  isMadeOf,
  isSameFile,
  isWrittenByAnother,
  leadsTo,
  markIn,
  markName,
  type Piece,
  type PieceCheck,
  restoreFolderInUse,
  runnerName,
  runnerText,
} from './unfinished-restore.ts';

/** Something else stands where a file should go. */
export class NameTaken extends Error {}

export interface RestoreFolderOptions {
  readonly to: string;
  readonly overwrite: boolean;
  /** What is going to stand in it. */
  readonly names: ReadonlySet<string>;
  /** Of which snapshot: one that was cut off goes on in its folder. */
  readonly snapshot: string;
}

/** Where files grow: what a restore that was killed leaves behind, and snapshots may hold that. */
function partsNameFor({ names }: RestoreFolderOptions): string {
  const name = '.drey-partial';
  if (!names.has(name)) return name;
  for (let number = 2; ; number++) if (!names.has(`${name}-${number}`)) return `${name}-${number}`;
}

export class RestoreFolder implements Disposable {
  readonly #options: RestoreFolderOptions;
  readonly #place: (path: BytePath) => Buffer;
  readonly #partsName: string;
  readonly #parts: string;
  /** Of this run alone: where another begins in the same folder meanwhile, bytes of the two must not meet in one file. */
  readonly #growing: string;
  /** What is made in it would get access lists that no snapshot told of. */
  readonly #handsDownAcls: boolean;
  readonly #taken: TakenFolder;
  readonly #settled: SettledFiles;
  /** That this run made or took over. */
  readonly #folders = new Set<BytePath>();
  /** Of what this run has put in its place, the first path of each name as disks may see it. */
  readonly #placed = new Map<string, BytePath>();
  /** Some of it is there from a run that was cut off. */
  readonly goesOn: boolean;
  #partCount = 0;
  #isClosed = false;

  /**
   * Makes the folder, or finds what a run that was cut off has left in it. Throws `restore-folder-not-empty`, `restore-folder-in-use` or
   * `restore-folder-unusable`.
   */
  constructor(options: RestoreFolderOptions) {
    this.#options = options;
    this.#settled = new SettledFiles(() => flushAll(options.to));
    this.#taken = openFolder(options.to);
    const { place } = this.#taken;
    this.#place = placeUnder(place);
    this.#partsName = partsNameFor(options);
    this.#parts = join(place, this.#partsName);
    this.#growing = join(this.#parts, randomBytes(8).toString('hex'));
    try {
      if (isWrittenByAnother(this.#parts)) throw restoreFolderInUse();
      this.goesOn = prepareFolder({ ...options, to: place }, this.#partsName) === 'goes on';
      this.#handsDownAcls = keptAttributes(Buffer.from(place, 'utf8')).some(
        ({ name }) => name === defaultAcl,
      );
      this.#beginParts();
    } catch (error) {
      this.#taken[Symbol.dispose]();
      throw unusable(error);
    }
  }

  #beginParts(): void {
    this.#taken.take(this.#parts);
    if (this.#mayReplace) openToOwner(this.#place(bytePath('')));
    // Taken away and written again, both notes could be lost to a disk that others fill just then.
    const isKept = this.goesOn && isOwnAlone(this.#parts);
    this.#clearParts(isKept ? [markName, ownerName] : [ownerName]);
    if (!isKept) {
      rmSync(this.#parts, { recursive: true, force: true });
      mkdirSync(this.#parts, { mode: 0o700 });
    }
    this.#taken.noteOwner();
    if (!isKept) writeFileSync(join(this.#parts, markName), this.#options.snapshot);
    writeFileSync(join(this.#parts, runnerName), runnerText(process.pid));
    this.#dropAcls(Buffer.from(this.#parts, 'utf8'));
    mkdirSync(this.#growing, { mode: 0o700 });
  }

  /** Why an entry cannot stand at this path; undefined when it can. */
  refusal(path: BytePath): string | undefined {
    if (path === '' || !staysInside(path)) return 'its path would leave the folder';
    return this.#isRealFolder(parentOf(path)) ? undefined : notInFolder;
  }

  /** True when it is a folder inside `to` and no link stands on the way. Looks each time: others may be at it meanwhile. */
  #isRealFolder(path: BytePath): boolean {
    if (path === '') return true;
    return this.#isRealFolder(parentOf(path)) && isFolderAt(this.#place(path));
  }

  /** Makes a folder, open to its owner alone until `markFolder`. */
  makeFolder(path: BytePath): string | undefined {
    const present = lstatSync(this.#place(path), { throwIfNoEntry: false });
    if (present?.isDirectory() === true && this.#mayReplace && !this.#isPlaced(path)) {
      openToOwner(this.#place(path));
      this.#folders.add(path);
      this.#notePlaced(path);
      return undefined;
    }
    if (present !== undefined) return inTheWay;
    mkdirSync(this.#place(path), { mode: 0o700 });
    this.#dropAcls(this.#place(path));
    this.#folders.add(path);
    this.#notePlaced(path);
    return undefined;
  }

  /** Whether a run that was cut off has made this file whole: it has these pieces and nothing else. */
  hasWhole(path: BytePath, pieces: readonly Piece[], isRight: PieceCheck): boolean {
    return isMadeOf(this.#place(path), pieces, isRight);
  }

  startFile(path: BytePath, { isSparse = false }: { readonly isSparse?: boolean }): GrowingFile {
    return { path, temporary: join(this.#growing, String(this.#partCount++)), isSparse };
  }

  /**
   * All bytes are there: marks it and gives it its name. Answers what could not be set, or throws why it has no name. The temporary folder
   * is closed to others, so its names lead where they should.
   */
  finishFile(file: GrowingFile, byteCount: number, marks: EntryMarks): string | undefined {
    // Nothing was written of an empty file, and perhaps not to the end of one that ends in a hole.
    if (byteCount === 0 || file.isSparse) makeLength(file.temporary, byteCount);
    const place = Buffer.from(file.temporary, 'utf8');
    const imperfect = setFileMarks(place, marks);
    this.#hasToReplace(file.path);
    flushAlone(file.temporary, byteCount);
    renameSync(file.temporary, this.#place(file.path));
    this.#settled.add(this.#place(file.path), byteCount);
    this.#notePlaced(file.path);
    return imperfect;
  }

  /** Forgets a file that cannot become whole. */
  dropFile(file: GrowingFile): void {
    rmSync(file.temporary, { force: true });
  }

  /**
   * Another name of a restored file or symlink; where the file system has no more hard links a copy, with these marks. Answers what could not
   * be set of them, or throws why it has no name.
   */
  makeLink(path: BytePath, first: BytePath, marks: EntryMarks): string | undefined {
    if (this.goesOn && isSameFile(this.#place(path), this.#place(first))) return undefined;
    if (!this.#isRealFolder(parentOf(first))) throw new NameTaken(notInFolder);
    return this.#put(path, (place) => {
      try {
        linkSync(this.#place(first), place);
        return undefined;
      } catch (error) {
        if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'ENOTSUP' && errorCode(error) !== 'EMLINK')
          throw error;
        return copyEntry({ from: this.#place(first), to: place, marks });
      }
    });
  }

  /** Answers what could not be set, or throws why it has no name. */
  makeSymlink(path: BytePath, target: BytePath, marks: EntryMarks): string | undefined {
    if (this.goesOn && leadsTo(this.#place(path), pathBytes(target))) return undefined;
    return this.#put(path, (place) => {
      symlinkSync(pathBytes(target), place);
      return setSymlinkMarks(place, marks);
    });
  }

  /** Whether this run made the folder, or took it over: of all others nothing is changed. */
  hasFolder(path: BytePath): boolean {
    return this.#folders.has(path);
  }

  /** After all that it holds is there: writing into a folder moves its time. The drive's own (`''`) comes last, after `close`: it is given back. */
  markFolder(path: BytePath, marks: EntryMarks): string | undefined {
    const place = this.#place(path);
    if (path !== '') return this.refusal(path) ?? setFolderMarks(place, marks);
    const failure = firstFailure([() => this.#taken.giveBack(), () => this.#dropAcls(place)]);
    return setFolderMarks(place, marks) ?? failure;
  }

  /** The same where the drive's own folder has no marks to get: it is its owner's again, as it was. Answers why it is not, in words. */
  giveBack(): string | undefined {
    return firstFailure([() => this.#taken.giveBack()]);
  }

  /** Ends when all of it is on the disk: nobody may hear before that it is done. Throws `restore-not-flushed`. */
  flush(): void {
    this.#settled.flush();
  }

  /** Removes what is unfinished; where something is whole, and not all, what says of which snapshot it is stays. The first call counts. */
  close(how: 'done' | 'cut off'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!existsSync(this.#parts)) return;
    const hasSome = readdirSync(this.#taken.place).some((name) => name !== this.#partsName);
    if (how === 'done' || !hasSome) rmSync(this.#parts, { recursive: true, force: true });
    else this.#clearParts([markName, ownerName]);
  }

  /** After a run, however it ended: throws nothing, as what ended it says more. */
  [Symbol.dispose](): void {
    firstFailure([() => this.close('cut off')]);
    this.#taken[Symbol.dispose]();
  }

  #clearParts(kept: readonly string[]): void {
    if (!isFolderAt(this.#parts)) return;
    for (const name of readdirSync(this.#parts))
      if (!kept.includes(name)) rmSync(join(this.#parts, name), { recursive: true, force: true });
  }

  #dropAcls(place: Buffer): void {
    if (!this.#handsDownAcls) return;
    for (const name of [defaultAcl, 'system.posix_acl_access']) systemCalls?.removeAttribute(place, name);
  }

  /** Makes an entry in its place, or beside it where it replaces another: a crash leaves one of the two. */
  #put<Result>(path: BytePath, make: (place: Buffer) => Result): Result {
    const place = this.#place(path);
    const isReplaced = this.#hasToReplace(path);
    const made = isReplaced ? Buffer.from(join(this.#growing, String(this.#partCount++)), 'utf8') : place;
    const result = make(made);
    if (isReplaced) renameSync(made, place);
    this.#notePlaced(path);
    return result;
  }

  /** Whether something of that name is there, in a folder. Two names that this disk cannot tell apart (capitals) must not become one file silently. */
  #hasToReplace(path: BytePath): boolean {
    if (!this.#isRealFolder(parentOf(path))) throw new NameTaken(notInFolder);
    const present = lstatSync(this.#place(path), { throwIfNoEntry: false });
    if (present === undefined) return false;
    if (!this.#options.overwrite || present.isDirectory() || this.#isPlaced(path))
      throw new NameTaken(inTheWay);
    return true;
  }

  #notePlaced(path: BytePath): void {
    if (!this.#mayReplace) return;
    const name = foldedName(path);
    if (!this.#placed.has(name)) this.#placed.set(name, path);
  }

  /** Whether what stands there is what this run has put in the place of another name. */
  #isPlaced(path: BytePath): boolean {
    const other = this.#mayReplace ? this.#placed.get(foldedName(path)) : undefined;
    return other !== undefined && other !== path && isSameFile(this.#place(path), this.#place(other));
  }

  get #mayReplace(): boolean {
    return this.#options.overwrite || this.goesOn;
  }
}

function copyEntry({
  from,
  to,
  marks,
}: {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly marks: EntryMarks;
}): string | undefined {
  if (lstatSync(from).isSymbolicLink()) {
    symlinkSync(readlinkSync(from, 'buffer'), to);
    return setSymlinkMarks(to, marks);
  }
  copyFileSync(from, to, constants.COPYFILE_EXCL);
  return setFileMarks(to, marks);
}

function unusable(cause: unknown): unknown {
  const named = nameDiskError(cause);
  if (named instanceof DreyError) return named;
  return new DreyError({
    code: 'restore-folder-unusable',
    message: `The folder to restore into cannot be made, read or written into (${errorCode(cause) ?? 'unknown error'})`,
    advice: 'Name a folder that you may write into, or one that is not there yet.',
    cause,
  });
}

const inTheWay = 'something of that name is there already';
const notInFolder = 'what should be the folder above it is something else';

const isFolderAt = (place: string | Buffer): boolean =>
  lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true;

/** Made by this user, and open to nobody else: what lies in it is not a trap. */
function isOwnAlone(place: string): boolean {
  const stats = lstatSync(place, { throwIfNoEntry: false });
  return (
    stats?.isDirectory() === true &&
    stats.uid === (process.getuid?.() ?? stats.uid) &&
    (stats.mode & permissionBits) === 0o700
  );
}

function openFolder(to: string): TakenFolder {
  try {
    makeFolders(to);
    return new TakenFolder(to);
  } catch (error) {
    throw unusable(error);
  }
}

function prepareFolder(
  { to, overwrite, snapshot }: RestoreFolderOptions,
  partsName: string,
): 'new' | 'goes on' {
  const names = readdirSync(to).filter((name) => name !== partsName);
  if (names.length === 0 || overwrite) return 'new';
  const mark = markIn(join(to, partsName));
  if (mark === snapshot) return 'goes on';
  const isUnfinished = mark !== undefined && /^[0-9a-f]{64}$/u.test(mark);
  throw new DreyError({
    code: 'restore-folder-not-empty',
    message: isUnfinished
      ? `The folder to restore into holds an unfinished restore of snapshot ${mark.slice(0, 16)}`
      : `The folder to restore into holds ${names.length === 1 ? 'something' : `${names.length} entries`} already`,
    advice: isUnfinished
      ? `Go on with it by \`--snapshot ${mark.slice(0, 16)}\`, or name a new or an empty folder.`
      : 'Name a new or an empty folder, so that nothing is mixed up or replaced.',
  });
}
