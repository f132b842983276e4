// What Node offers no call for, or a dear one: extended attributes (POSIX ACLs are some of them), times to the nanosecond, `statx`, giving freed
// memory back. Linux only, through libc by koffi; elsewhere, or where koffi is missing, `systemCalls` is undefined and people are told what is not kept.

import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type { Attribute } from '../../codec/index.ts';
import type { FileStats } from './file-stats.ts';
import { statxBytes, statxMask, StatxReader } from './statx.ts';

export interface SystemCalls {
  /** Of what `path` (up to its first zero) names, of a link itself. Throws an error with a `code`. Absent on systems that are too old for it. */
  readonly statsAt: ((path: Uint8Array) => FileStats) | undefined;
  /** Undefined where the C library keeps nothing for later (musl). */
  readonly freedMemory: FreedMemory | undefined;
  /** Advises on pages of memory (madvise(2)). Throws an error with a `code`. */
  advise(address: bigint, byteCount: number, advice: number): void;
  /**
   * Extended attributes of an open file, or of a file, folder or link, sorted by name; none where the file system has none. A link is not followed.
   * Throws an error with a `code` as node:fs does.
   */
  attributesOf(entry: number | Buffer): readonly Attribute[];
  /** Sets one, of an open file or of a path; throws an error with a `code`. */
  setAttribute(entry: number | Buffer, attribute: Attribute): void;
  /** Takes one away; it may be gone already. Throws an error with a `code`. */
  removeAttribute(place: Buffer, name: string): void;
  /** Offset of the first byte of an open file, from `offset` on, that lies in no hole; infinite after the last, undefined where nobody knows. */
  dataFrom(handle: number, offset: number): number | undefined;
  /** Ends when all that was written to the disk of a folder is on it. Throws an error with a `code`. */
  flushDisk(folder: string): void;
  /** Takes what an open file has in the page cache, and on the disk, out of the cache (posix_fadvise(2)); a wish, so it never fails. */
  forgetPages(handle: number): void;
  /** Undefined where a sandbox has no such calls. */
  readonly inotify: Inotify | undefined;
  /** Sets time of change and of access, of an open file or of a path, of a link itself where it is one. */
  setTime(entry: number | Buffer, timeNs: bigint): void;
}

/** What was freed, and the C library keeps for later (glibc). */
export interface FreedMemory {
  /** Gives whole pages of it back to the system. */
  giveBack(): void;
  /** From now on pieces of so many bytes are the system's own, and go back as soon as they are freed. */
  keepLessThan(byteCount: number): void;
}

/** Watches of folders, inotify(7). All throw an error with a `code`. */
export interface Inotify {
  /** A file from which `inotify_event`s are read, without waiting for one. */
  open(): number;
  /** Ends all of its watches too. */
  close(handle: number): void;
  /** Watches what is in a folder, by a number that no other folder of this file gets; the same number for one that is watched already. */
  add(handle: number, folder: Buffer, mask: number): number;
  /** Ends a watch; it may have ended already. */
  remove(handle: number, watch: number): void;
}

/** Longest list of names, and longest value, that Linux has (xattr(7)). */
const attributeBytesMax = 65_536;
const currentFolder = -100;
/** POSIX_FADV_DONTNEED (posix_fadvise(2)). */
const notNeeded = 4;
/** SEEK_DATA (lseek(2)). */
const seekData = 3;
const noFollow = 0x1_00;
/** M_MMAP_THRESHOLD (mallopt(3)); glibc raises it to 32 MB by itself, unless it was set. */
const mappedFrom = -3;
/** IN_NONBLOCK and IN_CLOEXEC (inotify_init(2)). */
const withoutWaiting = 0x8_00 | 0x8_00_00;
const nanosecond = 1_000_000_000n;

/** The few functions of koffi that are used. */
interface Koffi {
  load(library: string): {
    func(prototype: string): (...values: readonly unknown[]) => number;
  };
  errno(): number;
}

const codes = new Map(Object.entries(constants.errno).map(([code, number]) => [number, code]));

class LinuxCalls implements SystemCalls {
  readonly #koffi: Koffi;
  readonly #list: (...values: readonly unknown[]) => number;
  readonly #get: (...values: readonly unknown[]) => number;
  readonly #listOpen: (...values: readonly unknown[]) => number;
  readonly #getOpen: (...values: readonly unknown[]) => number;
  readonly #set: (...values: readonly unknown[]) => number;
  readonly #setOpen: (...values: readonly unknown[]) => number;
  readonly #remove: (...values: readonly unknown[]) => number;
  readonly #time: (...values: readonly unknown[]) => number;
  readonly #timeOpen: (...values: readonly unknown[]) => number;
  readonly #seek: (...values: readonly unknown[]) => number;
  readonly #flush: (...values: readonly unknown[]) => number;
  readonly #advise: (...values: readonly unknown[]) => number;
  readonly #adviseFile: (...values: readonly unknown[]) => number;
  readonly statsAt: SystemCalls['statsAt'];
  readonly freedMemory: SystemCalls['freedMemory'];
  readonly inotify: SystemCalls['inotify'];
  readonly #names = Buffer.allocUnsafeSlow(attributeBytesMax);
  readonly #value = Buffer.allocUnsafeSlow(attributeBytesMax);

  constructor(koffi: Koffi, library: string) {
    const libc = koffi.load(library);
    this.#koffi = koffi;
    this.#list = libc.func('long llistxattr(const void *path, void *list, ulong size)');
    this.#get = libc.func('long lgetxattr(const void *path, const void *name, void *value, ulong size)');
    this.#listOpen = libc.func('long flistxattr(int file, void *list, ulong size)');
    this.#getOpen = libc.func('long fgetxattr(int file, const void *name, void *value, ulong size)');
    this.#set = libc.func(
      'int lsetxattr(const void *path, const void *name, const void *value, ulong size, int flags)',
    );
    this.#setOpen = libc.func(
      'int fsetxattr(int file, const void *name, const void *value, ulong size, int flags)',
    );
    this.statsAt = this.#statxOf(libc);
    this.freedMemory = this.#freedMemoryOf(libc);
    this.inotify = this.#inotifyOf(libc);
    this.#remove = libc.func('int lremovexattr(const void *path, const void *name)');
    this.#flush = libc.func('int syncfs(int file)');
    this.#advise = libc.func('int madvise(uintptr_t address, size_t size, int advice)');
    this.#adviseFile = libc.func('int posix_fadvise(int file, long offset, long length, int advice)');
    this.#seek = libc.func('long lseek(int file, long offset, int whence)');
    this.#timeOpen = libc.func('int futimens(int file, const void *times)');
    this.#time = libc.func('int utimensat(int folder, const void *path, const void *times, int flags)');
  }

  /** Undefined where the library, the kernel or a sandbox has no such call. */
  #statxOf(libc: ReturnType<Koffi['load']>): SystemCalls['statsAt'] {
    try {
      const statx = libc.func('int statx(int folder, const void *path, int flags, uint mask, void *stats)');
      const memory = new Uint8Array(statxBytes);
      const reader = new StatxReader(memory);
      const statsAt = (path: Uint8Array): FileStats => {
        if (statx(currentFolder, path, noFollow, statxMask, memory) !== 0) this.#fail('statx');
        return reader.read();
      };
      statsAt(Buffer.from('/\0'));
      return statsAt;
    } catch {
      return undefined;
    }
  }

  #freedMemoryOf(libc: ReturnType<Koffi['load']>): SystemCalls['freedMemory'] {
    try {
      const trim = libc.func('int malloc_trim(size_t kept)');
      const option = libc.func('int mallopt(int parameter, int value)');
      return {
        giveBack: () => void trim(0),
        keepLessThan: (byteCount) => void option(mappedFrom, byteCount),
      };
    } catch {
      return undefined;
    }
  }

  #inotifyOf(libc: ReturnType<Koffi['load']>): SystemCalls['inotify'] {
    try {
      const init = libc.func('int inotify_init1(int flags)');
      const add = libc.func('int inotify_add_watch(int file, const void *path, uint mask)');
      const remove = libc.func('int inotify_rm_watch(int file, int watch)');
      const close = libc.func('int close(int file)');
      const checked = (call: string, value: number): number => (value < 0 ? this.#fail(call) : value);
      return {
        open: () => checked('inotify_init1', init(withoutWaiting)),
        close: (handle) => void close(handle),
        add: (handle, folder, mask) => checked('inotify_add_watch', add(handle, terminated(folder), mask)),
        remove: (handle, watch) => void remove(handle, watch),
      };
    } catch {
      return undefined;
    }
  }

  attributesOf(entry: number | Buffer): readonly Attribute[] {
    const isOpen = typeof entry === 'number';
    const [list, get] = isOpen ? [this.#listOpen, this.#getOpen] : [this.#list, this.#get];
    const of = isOpen ? entry : terminated(entry);
    const length = list(of, this.#names, attributeBytesMax);
    if (length <= 0) return length === 0 || this.#isUnsupported() ? [] : this.#fail('llistxattr');
    const names = this.#names.toString('latin1', 0, length).split('\0').slice(0, -1).toSorted();
    return names.flatMap((name): Attribute[] => {
      const size = get(of, terminated(Buffer.from(name, 'latin1')), this.#value, attributeBytesMax);
      // Removed since it was listed, or for root's eyes only.
      if (size < 0) return [];
      return [{ name, value: new Uint8Array(this.#value.subarray(0, size)) }];
    });
  }

  setAttribute(entry: number | Buffer, { name, value }: Attribute): void {
    const rest = [terminated(Buffer.from(name, 'latin1')), value, value.length, 0];
    const failed =
      typeof entry === 'number' ? this.#setOpen(entry, ...rest) : this.#set(terminated(entry), ...rest);
    if (failed !== 0) this.#fail('setxattr');
  }

  removeAttribute(place: Buffer, name: string): void {
    if (this.#remove(terminated(place), terminated(Buffer.from(name, 'latin1'))) === 0) return;
    if (codes.get(this.#koffi.errno()) !== 'ENODATA' && !this.#isUnsupported()) this.#fail('lremovexattr');
  }

  dataFrom(handle: number, offset: number): number | undefined {
    const found = this.#seek(handle, offset, seekData);
    if (found >= 0) return found;
    return codes.get(this.#koffi.errno()) === 'ENXIO' ? Infinity : undefined;
  }

  flushDisk(folder: string): void {
    const handle = openSync(folder, 'r');
    try {
      if (this.#flush(handle) !== 0) this.#fail('syncfs');
    } finally {
      closeSync(handle);
    }
  }

  advise(address: bigint, byteCount: number, advice: number): void {
    if (this.#advise(address, byteCount, advice) !== 0) this.#fail('madvise');
  }

  forgetPages(handle: number): void {
    this.#adviseFile(handle, 0, 0, notNeeded);
  }

  setTime(entry: number | Buffer, timeNs: bigint): void {
    const nanos = ((timeNs % nanosecond) + nanosecond) % nanosecond;
    const seconds = (timeNs - nanos) / nanosecond;
    const times = BigInt64Array.of(seconds, nanos, seconds, nanos);
    const failed =
      typeof entry === 'number'
        ? this.#timeOpen(entry, times)
        : this.#time(currentFolder, terminated(entry), times, noFollow);
    if (failed !== 0) this.#fail('utimensat');
  }

  #isUnsupported(): boolean {
    const code = codes.get(this.#koffi.errno());
    return code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS';
  }

  #fail(syscall: string): never {
    const code = codes.get(this.#koffi.errno()) ?? 'EIO';
    throw Object.assign(new Error(`${syscall}: ${code}`), { code, syscall });
  }
}

/** With the zero that ends a path for the system. */
export const terminated = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.of(0)]);

/** glibc, then musl. */
const libraries = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

function load(): SystemCalls | undefined {
  // The layout of times is that of 64-bit systems.
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  for (const library of libraries) {
    try {
      return new LinuxCalls(createRequire(import.meta.url)('koffi') as Koffi, library);
    } catch {
      // Not this library, or koffi has no binary for this machine: without it attributes are not kept, and that is said.
    }
  }
  return undefined;
}

export const systemCalls = load();

/** Whether snapshots of this machine keep extended attributes, and restores set them. */
export const keepsAttributes = systemCalls !== undefined;

/** Whether an attribute belongs to the file: not the labels that a machine's own policy gives to all its files (SELinux, IMA). */
const isKept = ({ name }: Attribute): boolean =>
  !name.startsWith('security.') || name === 'security.capability';

/** Attributes that a snapshot keeps; none where this system has no call for them. */
export const keptAttributes = (entry: number | Buffer): readonly Attribute[] =>
  systemCalls?.attributesOf(entry).filter(isKept) ?? [];
