// What the pushes have to beat: caches that keep what was fetched, all of one size per site, counted in bytes. A file that is larger
// than the whole cache is never kept. Each is as published, but for sizes: several small files may leave for a large one.

import type { FileId } from '../../../datasets/index.ts';
import type { Read, SiteStore } from './reads.ts';
import { WorthQueue } from './worth-queue.ts';

/** Least recently used. A map keeps the order in which keys came in. */
export class LruStore implements SiteStore {
  readonly #kept = new Map<FileId, number>();
  readonly #capacity: number;
  #bytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get kept(): ReadonlyMap<FileId, number> {
    return this.#kept;
  }

  read({ file, byteCount }: Read): boolean {
    const before = this.#kept.get(file);
    if (before !== undefined) this.#drop(file, before);
    if (byteCount <= this.#capacity) {
      this.#kept.set(file, byteCount);
      this.#bytes += byteCount;
    }
    for (const [oldest, bytes] of this.#kept) {
      if (this.#bytes <= this.#capacity) break;
      this.#drop(oldest, bytes);
    }
    return before !== undefined;
  }

  #drop(file: FileId, bytes: number): void {
    this.#kept.delete(file);
    this.#bytes -= bytes;
  }
}

/** Evicts whatever `worth` calls least; ties: what came in first. Keeps the file that was just read out of the choice. */
abstract class RankedStore implements SiteStore {
  readonly #kept = new Map<FileId, number>();
  readonly #queue = new WorthQueue();
  readonly #capacity: number;
  #bytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** It changes only when the file itself is read. */
  protected abstract worth(file: FileId): number;
  protected abstract note(read: Read): void;
  /** Whether a file that is worth less than all it would push out stays out. */
  protected abstract readonly admits: 'all' | 'better';

  read(read: Read): boolean {
    const { file, byteCount } = read;
    const before = this.#kept.get(file);
    this.note(read);
    this.#drop(file);
    if (byteCount > this.#capacity) return before !== undefined;
    const worth = this.worth(file);
    const leaving = this.#queue.leastWorth(this.#bytes + byteCount - this.#capacity)!;
    if (this.admits === 'better' && leaving.most >= worth) return before !== undefined;
    for (const other of leaving.files) this.#drop(other);
    this.#kept.set(file, byteCount);
    this.#queue.put(file, { bytes: byteCount, worth });
    this.#bytes += byteCount;
    return before !== undefined;
  }

  #drop(file: FileId): void {
    this.#bytes -= this.#kept.get(file) ?? 0;
    this.#kept.delete(file);
    this.#queue.remove(file);
  }
}

/** Least frequently used; counts are never forgotten, those of evicted files neither. */
export class LfuStore extends RankedStore {
  protected readonly admits = 'all';
  readonly #counts = new Map<FileId, number>();

  protected worth(file: FileId): number {
    return this.#counts.get(file) ?? 0;
  }

  protected note({ file }: Read): void {
    this.#counts.set(file, this.worth(file) + 1);
  }
}

/** Belady's MIN (1966): evicts what is read last of all, and keeps out what is read later still. It sees the future. */
export class BeladyStore extends RankedStore {
  protected readonly admits = 'better';
  readonly #next = new Map<FileId, number[]>();
  #at = 0;

  /** `future`: all reads of this site, in order. */
  constructor(capacity: number, future: readonly Read[]) {
    super(capacity);
    for (const [at, { file }] of future.entries()) {
      const known = this.#next.get(file);
      if (known === undefined) this.#next.set(file, [at]);
      else known.push(at);
    }
    for (const uses of this.#next.values()) uses.reverse();
  }

  protected worth(file: FileId): number {
    return -(this.#next.get(file)?.at(-1) ?? Number.MAX_VALUE);
  }

  protected note({ file }: Read): void {
    const uses = this.#next.get(file) ?? [];
    while ((uses.at(-1) ?? Number.POSITIVE_INFINITY) <= this.#at) uses.pop();
    this.#at++;
  }
}

interface Seat {
  readonly bytes: number;
  isVisited: boolean;
}

/** SIEVE (Zhang et al., NSDI'24): a queue that nothing moves in; a hand walks from old to new and spares what was visited. */
export class SieveStore implements SiteStore {
  readonly #capacity: number;
  readonly #seats = new Map<FileId, Seat>();
  #bytes = 0;
  /** Where the hand stands; undefined before the oldest, where it is put when it has walked past the newest. */
  #hand: FileId | undefined;
  /** Old to new, from behind the hand on. */
  #round: Iterator<FileId> = this.#seats.keys();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  read({ file, byteCount }: Read): boolean {
    const seat = this.#seats.get(file);
    if (seat !== undefined) {
      seat.isVisited = true;
      return true;
    }
    if (byteCount > this.#capacity) return false;
    while (this.#bytes + byteCount > this.#capacity) this.#evict();
    this.#seats.set(file, { bytes: byteCount, isVisited: false });
    this.#bytes += byteCount;
    return false;
  }

  #evict(): void {
    for (;;) {
      if (this.#hand === undefined) this.#round = this.#seats.keys();
      const file = this.#hand ?? this.#nextOfRound()!;
      const seat = this.#seats.get(file)!;
      // Before the file goes, and before another comes: behind the newest of now there is nobody.
      this.#hand = this.#nextOfRound();
      if (seat.isVisited) {
        seat.isVisited = false;
        continue;
      }
      this.#seats.delete(file);
      this.#bytes -= seat.bytes;
      return;
    }
  }

  #nextOfRound(): FileId | undefined {
    const step = this.#round.next();
    return step.done === true ? undefined : step.value;
  }
}

interface Entry {
  readonly bytes: number;
  hits: number;
}

/** S3-FIFO (Yang et al., SOSP'23): a small queue of a tenth, a main queue with second chances, and a list of ghosts. */
export class S3FifoStore implements SiteStore {
  readonly #capacity: number;
  readonly #small = new Map<FileId, Entry>();
  readonly #main = new Map<FileId, Entry>();
  readonly #ghosts = new Map<FileId, number>();
  #smallBytes = 0;
  #mainBytes = 0;
  #ghostBytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  read({ file, byteCount }: Read): boolean {
    const entry = this.#small.get(file) ?? this.#main.get(file);
    if (entry !== undefined) {
      entry.hits = Math.min(3, entry.hits + 1);
      return true;
    }
    if (byteCount > this.#capacity) return false;
    while (this.#smallBytes + this.#mainBytes + byteCount > this.#capacity) this.#evict();
    const ghost = this.#ghosts.get(file);
    if (ghost === undefined) {
      this.#small.set(file, { bytes: byteCount, hits: 0 });
      this.#smallBytes += byteCount;
    } else {
      this.#ghosts.delete(file);
      this.#ghostBytes -= ghost;
      this.#toMain(file, byteCount);
    }
    return false;
  }

  #toMain(file: FileId, bytes: number): void {
    this.#main.set(file, { bytes, hits: 0 });
    this.#mainBytes += bytes;
  }

  #evict(): void {
    if (this.#smallBytes > 0.1 * this.#capacity || this.#main.size === 0) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    for (const [file, { bytes, hits }] of this.#small) {
      this.#small.delete(file);
      this.#smallBytes -= bytes;
      if (hits > 1) {
        this.#toMain(file, bytes);
        continue;
      }
      this.#ghosts.set(file, bytes);
      this.#ghostBytes += bytes;
      this.#forgetGhosts();
      return;
    }
  }

  #forgetGhosts(): void {
    for (const [file, bytes] of this.#ghosts) {
      if (this.#ghostBytes <= 0.9 * this.#capacity) return;
      this.#ghosts.delete(file);
      this.#ghostBytes -= bytes;
    }
  }

  #evictMain(): void {
    for (const [file, entry] of this.#main) {
      this.#main.delete(file);
      if (entry.hits === 0) {
        this.#mainBytes -= entry.bytes;
        return;
      }
      entry.hits--;
      this.#main.set(file, entry);
    }
  }
}
