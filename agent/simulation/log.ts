// Pretend signed logs of all agents: what was flushed outlives a crash, the rest is gone.

import type { UnixMs } from '../../datasets/index.ts';
import { logName, noBatchHash, type SignedBatch, type Stream } from '../codec/index.ts';
import { batchPageBytesMax, batchPageCountMax } from '../limits.ts';
import type { Done, Log, LogHead, LogOutcome, LogPosition } from '../ports.ts';
import type { PeerId, SnapshotId } from '../units.ts';
import type { Life } from './life.ts';

/** Time from an append to its flush in milliseconds. */
const flushMs = 4;

/** Thousands of machines keep thousands of logs: names are made once, as the same few are looked up all the time. */
const names = { facts: new Map<PeerId, string>(), telemetry: new Map<PeerId, string>() };

function nameOf(author: PeerId, stream: Stream): string {
  const known = names[stream].get(author);
  if (known !== undefined) return known;
  const name = logName(author, stream);
  names[stream].set(author, name);
  return name;
}

interface StoredLog {
  next: number;
  hash: string;
  /** In order; those with a sequence number below the first were pruned. */
  batches: SignedBatch[];
}

/** Batches on the disk; they outlive the agent's process. */
export class Shelves {
  readonly logs = new Map<string, StoredLog>();
  /** In the order of their flush: what a start reads again. */
  order: SignedBatch[] = [];
  /** Snapshots whose heads are here. */
  readonly snapshots = new Set<SnapshotId>();

  /** The same batches once more: an image of the disk. */
  copy(): Shelves {
    const image = new Shelves();
    for (const batch of this.order) image.keep(batch);
    return image;
  }

  keep(batch: SignedBatch): void {
    const name = nameOf(batch.author, batch.stream);
    const log = this.logs.get(name) ?? { next: 0, hash: noBatchHash, batches: [] };
    log.next = batch.sequence + 1;
    log.hash = batch.hash;
    log.batches.push(batch);
    this.logs.set(name, log);
    this.order.push(batch);
    for (const record of batch.records) if (record.kind === 'head') this.snapshots.add(record.snapshot);
  }
}

export class SimulatedLog implements Log {
  readonly #shelves: Shelves;
  readonly #life: Life;
  readonly #refuses: (batch: SignedBatch) => boolean;
  /** Heads with what is under way: appends are flushed in order. */
  readonly #heads = new Map<string, LogHead>();
  /** Batches of each log whose end was not told yet, be they taken or not. */
  readonly #underWay = new Map<string, number>();

  /** `refuses`: whether there is no room for a batch now. */
  constructor(shelves: Shelves, life: Life, refuses = (_batch: SignedBatch): boolean => false) {
    this.#shelves = shelves;
    this.#life = life;
    this.#refuses = refuses;
    for (const [name, log] of shelves.logs) this.#heads.set(name, { next: log.next, hash: log.hash });
  }

  heads(): ReadonlyMap<string, LogHead> {
    return this.#heads;
  }

  isWriting(name: string): boolean {
    return (this.#underWay.get(name) ?? 0) > 0;
  }

  append(batch: SignedBatch, done: Done<LogOutcome>): void {
    const name = nameOf(batch.author, batch.stream);
    const fit = outcomeOf(batch, this.#heads.get(name));
    const outcome = fit === 'stored' && this.#refuses(batch) ? 'full' : fit;
    if (outcome === 'stored') this.#heads.set(name, { next: batch.sequence + 1, hash: batch.hash });
    this.#underWay.set(name, (this.#underWay.get(name) ?? 0) + 1);
    this.#life.after(flushMs, () => {
      this.#underWay.set(name, this.#underWay.get(name)! - 1);
      if (outcome === 'stored') this.#shelves.keep(batch);
      done(outcome);
    });
  }

  read(from: LogPosition, done: Done<readonly SignedBatch[]>): void {
    this.#life.after(1, () => done(this.#page(from)));
  }

  prune(beforeMs: UnixMs, done: Done<number>): void {
    this.#life.after(1, () => {
      let dropped = 0;
      for (const [name, log] of this.#shelves.logs) {
        if (!name.endsWith('/telemetry')) continue;
        const kept = log.batches.filter((batch) => batch.atMs >= beforeMs);
        dropped += log.batches.length - kept.length;
        log.batches = kept;
      }
      const isKept = (batch: SignedBatch): boolean => batch.stream !== 'telemetry' || batch.atMs >= beforeMs;
      if (dropped > 0) this.#shelves.order = this.#shelves.order.filter(isKept);
      done(dropped);
    });
  }

  /** All batches from a position on. */
  from({ author, stream, sequence }: LogPosition): readonly SignedBatch[] {
    const batches = this.#shelves.logs.get(nameOf(author, stream))?.batches ?? [];
    const lacking = Math.max(0, (batches.at(-1)?.sequence ?? -1) + 1 - sequence);
    return lacking === 0 ? [] : batches.slice(-lacking);
  }

  #page(from: LogPosition): readonly SignedBatch[] {
    const page: SignedBatch[] = [];
    let bytes = 0;
    for (const batch of this.from(from)) {
      bytes += batch.bytes.length;
      if (page.length >= batchPageCountMax || (page.length > 0 && bytes > batchPageBytesMax)) break;
      page.push(batch);
    }
    return page;
  }
}

function outcomeOf(batch: SignedBatch, head: LogHead | undefined): LogOutcome {
  const next = head?.next ?? 0;
  if (batch.sequence < next) return 'known';
  // A telemetry log may start late, or go on later: what was before is given up.
  if (batch.sequence > next && batch.stream === 'telemetry') return 'stored';
  return batch.sequence === next && batch.previous === (head?.hash ?? noBatchHash) ? 'stored' : 'gap';
}
