// Scratch shards in memory, while there is room: a restore fetches a pack, reads it once and lets it go, and a disk would write, read and
// hash it for that. What finds no room here goes to files. Nothing in it outlives the agent, as nothing in scratch does.

/** Where in a file, in bytes. */
interface FilePlace {
  readonly position: number;
}

/** What readers and writers of shards need of an open file: at most all of `bytes` moves, and it says how many did. */
export interface ShardHandle {
  read(bytes: Uint8Array, at: FilePlace): Promise<{ readonly bytesRead: number }>;
  write(bytes: Uint8Array, at: FilePlace): Promise<{ readonly bytesWritten: number }>;
  close(): Promise<void>;
}

/** A shard in memory, of a length that is known before its first byte comes. */
export class MemoryShard implements ShardHandle {
  readonly bytes: Uint8Array;

  constructor(byteCount: number) {
    this.bytes = new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
  }

  read(bytes: Uint8Array, { position }: FilePlace): Promise<{ readonly bytesRead: number }> {
    const part = this.bytes.subarray(position, position + bytes.length);
    bytes.set(part);
    return Promise.resolve({ bytesRead: part.length });
  }

  write(bytes: Uint8Array, { position }: FilePlace): Promise<{ readonly bytesWritten: number }> {
    this.bytes.set(bytes, position);
    return Promise.resolve({ bytesWritten: bytes.length });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class ScratchMemory {
  readonly #bytesMax: number;
  /** Whole shards, by the file in which each would be. */
  readonly #kept = new Map<string, MemoryShard>();
  readonly #arriving = new Set<MemoryShard>();
  #byteCount = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A place for a shard that arrives; undefined where it has no room. `keep` or `drop` it. */
  open(byteCount: number): MemoryShard | undefined {
    if (this.#byteCount + byteCount > this.#bytesMax) return undefined;
    this.#byteCount += byteCount;
    const shard = new MemoryShard(byteCount);
    this.#arriving.add(shard);
    return shard;
  }

  /** From now on it is what `file` would hold. */
  keep(file: string, shard: MemoryShard): void {
    this.remove(file);
    this.#arriving.delete(shard);
    this.#kept.set(file, shard);
  }

  find(file: string): MemoryShard | undefined {
    return this.#kept.get(file);
  }

  /** Whether it was here. */
  remove(file: string): boolean {
    this.#byteCount -= this.#kept.get(file)?.bytes.length ?? 0;
    return this.#kept.delete(file);
  }

  /** One that did not become whole; harmless for one that is kept. */
  drop(shard: MemoryShard): void {
    if (this.#arriving.delete(shard)) this.#byteCount -= shard.bytes.length;
  }
}
