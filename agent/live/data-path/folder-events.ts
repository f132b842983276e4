// Tells which paths below a folder have changed, by the system's own watches. On Linux each folder is watched for itself (inotify(7)), so nothing is
// kept of files; elsewhere Node has one watch for a whole tree. It may miss changes, and never says what changed: for that there is the scan.

import { watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { rowLimits } from '../../codec/sealing.ts';
import { groundOf } from './folder-ground.ts';
import { bits, type InotifyEvent, waitingEvents } from './inotify-queue.ts';
import { usingLongPlaces } from './long-places.ts';
import { type BytePath, bytePath, bytePathOf, joinPath, placeUnder } from './path-bytes.ts';
import { errorCode } from './scan.ts';
import { type Inotify, systemCalls } from './system-calls.ts';
import { type WatchedFolder, WatchedFolders } from './watched-folders.ts';

export interface WatchRequest {
  readonly folder: string;
  /** Whether nothing below a folder means anything: it is not watched. */
  readonly isLeftOut: (folder: BytePath) => boolean;
  /** The paths of what was made, changed, moved or taken away; undefined where the system lost count. */
  readonly onChange: (paths: readonly BytePath[] | undefined) => void;
  /** Nothing more is told. */
  readonly onFailure: (error: unknown) => void;
  /** Whether nobody wants to know any more: what is still begun need not be ended. */
  readonly isOver?: () => boolean;
}

export interface FolderEvents {
  stop(): void;
}

/** Resolves once all folders are watched. Throws the system's error, with a `code` where it has one. */
export type WatchFolder = (request: WatchRequest) => Promise<FolderEvents>;

export const watchFolder: WatchFolder = async (request) => {
  if (process.platform !== 'linux') return watchTree(request);
  if (systemCalls?.inotify === undefined) throw new Error('inotify cannot be called here');
  const events = new LinuxEvents(request, systemCalls.inotify);
  await events.start();
  return events;
};

/** Whether `watchFolder` can work on this machine. */
export const canWatchFolders = process.platform !== 'linux' || systemCalls?.inotify !== undefined;

function watchTree({ folder, onChange, onFailure }: WatchRequest): FolderEvents {
  const watcher = watch(folder, { recursive: true, persistent: false });
  watcher.on('change', (_event, name) => {
    onChange(name === null ? undefined : [bytePathOf(String(name).replaceAll('\\', '/'))]);
  });
  watcher.on('error', onFailure);
  return { stop: () => watcher.close() };
}

const watchedFor =
  bits.modified |
  bits.attributes |
  bits.movedFrom |
  bits.movedTo |
  bits.created |
  bits.deleted |
  bits.deletedSelf |
  bits.movedSelf |
  bits.onlyFolders |
  bits.noLinks |
  bits.notUnlinked;

/** What came is read this often: no sooner than anybody wants to know, and a program that writes without end wakes nobody more often. */
const readEveryMs = 1000;
/** All folders are watched anew once the system has lost count, and again not before so many times what that took. */
const renewalRestFactor = 20;

/** What no event tells is looked at this often. */
const groundEveryMs = 10_000;

/** What one look at the queue found. */
interface Changes {
  readonly paths: Set<BytePath>;
  /** Folders that are new at their place, and those that have left theirs, by `placeKey`. */
  readonly added: Map<string, WatchedFolder>;
  readonly left: Set<string>;
  /** Folders whose mode, owner or the like changed: they may be ours to look into only now. */
  readonly altered: Map<string, WatchedFolder>;
  hasOverflown: boolean;
}

const placeKey = ({ above, name }: WatchedFolder): string => `${above}/${name}`;

class LinuxEvents implements FolderEvents {
  readonly #request: WatchRequest;
  readonly #inotify: Inotify;
  readonly #place: (path: BytePath) => Buffer;
  readonly #folders = new WatchedFolders();
  #handle: number | undefined;
  #root: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether a folder may have come or gone unheard since all were watched. */
  #hasLost = false;
  /** What it lay on when all were watched, and when that is looked at again. */
  #ground = '';
  #groundMs = 0;
  #isStopped = false;
  #renewableMs = 0;

  constructor(request: WatchRequest, inotify: Inotify) {
    this.#request = request;
    this.#inotify = inotify;
    this.#place = placeUnder(request.folder);
  }

  async start(): Promise<void> {
    const startedMs = performance.now();
    try {
      this.#ground = await this.#groundNow();
      if (this.#isStopped) return;
      this.#handle = this.#inotify.open();
      // A person may have named the folder by a link to it.
      this.#root = this.#inotify.add(this.#handle, this.#place(bytePath('')), watchedFor & ~bits.noLinks);
      this.#hasLost = false;
      await this.#watchBelow(this.#root);
      this.#renewableMs = performance.now() + renewalRestFactor * (performance.now() - startedMs);
      this.#readLater();
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#close();
  }

  #close(): void {
    clearTimeout(this.#timer);
    if (this.#handle !== undefined) this.#inotify.close(this.#handle);
    this.#handle = undefined;
    this.#folders.clear();
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#request.isOver?.() === true;
  }

  #startAnew(): Promise<void> {
    this.#close();
    return this.start();
  }

  #readLater(): void {
    if (this.#handle === undefined) return;
    this.#timer = setTimeout(() => void this.#read(), readEveryMs);
  }

  async #read(): Promise<void> {
    try {
      const isElsewhere = await this.#isElsewhere();
      if (this.#isStopped) return;
      const { paths, added, left, altered, hasOverflown } = this.#drain();
      this.#hasLost ||= hasOverflown;
      // Until all are watched anew nobody knows what lies where.
      if (!this.#hasLost) {
        this.#forget(left);
        await usingLongPlaces(async () => {
          for (const folder of added.values()) await this.#watchNew(folder);
          for (const folder of altered.values()) await this.#watchAltered(folder);
        });
      }
      const isRenewed =
        (this.#hasLost || isElsewhere) && !hasOverflown && performance.now() >= this.#renewableMs;
      if (isRenewed) await this.#startAnew();
      if (this.#isStopped) return;
      // Told last: who looks now misses nothing that comes later.
      if (hasOverflown || isRenewed) this.#request.onChange(undefined);
      else if (paths.size > 0) this.#request.onChange([...paths]);
      if (!isRenewed) this.#readLater();
    } catch (error) {
      if (this.#isStopped) return;
      this.#close();
      this.#request.onFailure(error);
    }
  }

  #groundNow(): Promise<string> {
    this.#groundMs = performance.now() + groundEveryMs;
    return groundOf(this.#place(bytePath('')), this.#request.isLeftOut);
  }

  /** Whether another folder is at its place, or at one below it. Throws where none is. */
  async #isElsewhere(): Promise<boolean> {
    if (performance.now() < this.#groundMs) return false;
    return (await this.#groundNow()) !== this.#ground;
  }

  /** All that came so far. Throws where the folder itself has gone. */
  #drain(): Changes {
    const changes: Changes = {
      paths: new Set(),
      added: new Map(),
      left: new Set(),
      altered: new Map(),
      hasOverflown: false,
    };
    if (this.#handle !== undefined)
      for (const event of waitingEvents(this.#handle)) this.#note(event, changes);
    return changes;
  }

  #note({ watch: at, mask, name }: InotifyEvent, changes: Changes): void {
    const has = (bit: number): boolean => (mask & bit) !== 0;
    if (has(bits.overflow)) changes.hasOverflown = true;
    if (at === this.#root && has(bits.deletedSelf | bits.movedSelf | bits.ended))
      throw Object.assign(new Error('the folder has gone'), { code: 'ENOENT' });
    if (has(bits.ended)) this.#folders.delete(at);
    const above = this.#pathOf(at);
    // Of other folders the one above is told by name.
    if (at === this.#root && name === '' && has(bits.attributes)) changes.paths.add(bytePath(''));
    if (name === '' || above === undefined) return;
    changes.paths.add(joinPath(above, name));
    if (!has(bits.isFolder)) return;
    const folder = { above: at, name };
    if (has(bits.movedFrom)) changes.left.add(placeKey(folder));
    if (has(bits.attributes)) changes.altered.set(placeKey(folder), folder);
    if (has(bits.created | bits.movedTo)) changes.added.set(placeKey(folder), folder);
  }

  /** Undefined for a folder that is watched no more. */
  #pathOf(at: number): BytePath | undefined {
    if (at === this.#root) return bytePath('');
    const folder = this.#folders.get(at);
    const above = folder === undefined ? undefined : this.#pathOf(folder.above);
    return folder === undefined || above === undefined ? undefined : joinPath(above, folder.name);
  }

  /** Ends the watches of folders that have left their place, and of all below them: they may lie outside by now. */
  #forget(left: ReadonlySet<string>): void {
    if (left.size === 0 || this.#handle === undefined) return;
    const gone = new Set<number>();
    const isGone = (at: number): boolean => {
      const folder = this.#folders.get(at);
      if (folder === undefined || gone.has(at)) return gone.has(at);
      const isOne = left.has(placeKey(folder)) || isGone(folder.above);
      if (isOne) gone.add(at);
      return isOne;
    };
    for (const at of this.#folders.keys()) isGone(at);
    for (const at of gone) {
      this.#folders.delete(at);
      this.#inotify.remove(this.#handle, at);
    }
  }

  async #watchNew(folder: WatchedFolder): Promise<void> {
    const at = this.#watch(folder);
    if (at !== undefined) await this.#watchBelow(at);
  }

  async #watchAltered(folder: WatchedFolder): Promise<void> {
    const count = this.#folders.size;
    const at = this.#watch(folder);
    if (at !== undefined && this.#folders.size > count) await this.#watchBelow(at);
  }

  /** All folders below a watched one, which is watched first: what comes while they are listed is heard of. */
  #watchBelow(top: number): Promise<void> {
    return usingLongPlaces(() => this.#watchAllBelow(top));
  }

  async #watchAllBelow(top: number): Promise<void> {
    const open = [top];
    for (let at = open.pop(); at !== undefined && !this.#isOver; at = open.pop()) {
      const path = this.#pathOf(at);
      if (path === undefined) continue;
      for (const name of await foldersIn(this.#place(path))) {
        const below = this.#watch({ above: at, name });
        if (below !== undefined) open.push(below);
      }
    }
  }

  /** Undefined for what is left out, and for what is no folder, or nobody's to look into: the scan tells of those. */
  #watch(folder: WatchedFolder): number | undefined {
    const above = this.#pathOf(folder.above);
    if (above === undefined || this.#handle === undefined) return undefined;
    const path = joinPath(above, folder.name);
    // The scan does not look there either, and a program gone wild makes folders in folders without end.
    if (path.length > rowLimits.pathBytesMax || this.#request.isLeftOut(path)) return undefined;
    try {
      const at = this.#inotify.add(this.#handle, this.#place(path), watchedFor);
      // By a mount a folder may lie at two places, one of them below itself. One that was moved is told of.
      const known = this.#pathOf(at);
      if (known !== undefined && known !== path) return undefined;
      this.#folders.set(at, folder);
      return at;
    } catch (error) {
      if (isPassedOver(error)) return undefined;
      throw error;
    }
  }
}

const passedOverCodes: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
]);
const isPassedOver = (error: unknown): boolean => passedOverCodes.has(errorCode(error));

async function foldersIn(place: Buffer): Promise<readonly string[]> {
  try {
    const entries = await readdir(place, { withFileTypes: true, encoding: 'buffer' });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name.toString('latin1'));
  } catch {
    // Gone, or not to be read: the scan lists what it could not look at.
    return [];
  }
}
