// What an agent looks after without being asked: how far the reading of its shards is, what it is fed by, proofs that its own drives
// can be restored, packs that others lost. Carries out and notes what the core decided; small files and rows of the
// database keep it over restarts.

import { join } from 'node:path';
import { z } from 'zod';
import { minutes, unixMs } from '../../datasets/index.ts';
import type { ProveAnswer } from '../control/index.ts';
import type {
  CoreEvent,
  DriveProof,
  HeardForget,
  PowerSource,
  ProofResult,
  ScrubPosition,
} from '../core/index.ts';
import { proofFileBytesMax, proofFilesMax } from '../limits.ts';
import type { Clock, Random, Timer } from '../ports.ts';
import { type DriveId, driveId, packId, type PeerId, snapshotId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import { proveSnapshot } from './data-path/index.ts';
import { isFullError } from './disk-full.ts';
import { HeardForgets } from './heard-forgets.ts';
import { type Home, readNotes, writeJson } from './home.ts';
import type { LookupLine } from './lookups.ts';
import { LostPacks } from './lost-packs.ts';
import type { PowerState } from './power.ts';
import type { Store } from './store.ts';
import { Turns } from './turns.ts';

const count = z.int().min(0);
const scrubSchema = z.strictObject({
  version: z.literal(1),
  passFromMs: count,
  after: z.strictObject({ pack: z.string(), index: count }).exactOptional(),
  wholeMs: count.exactOptional(),
});
const resultSchema = z.strictObject({
  snapshot: z.string().transform(snapshotId),
  atMs: count.transform(unixMs),
  fileCount: count,
  byteCount: count,
  fetchedBytes: count,
  machineCount: count,
  comparedCount: count,
  verdict: z.enum(['proven', 'unreachable', 'wrong']),
  reasons: z.array(z.string()),
});
const proofsSchema = z.strictObject({
  version: z.literal(1),
  proofs: z.array(
    z.strictObject({
      drive: z.string().transform(driveId),
      last: resultSchema,
      proven: resultSchema.exactOptional(),
    }),
  ),
});

/** A plug is noticed within this time. */
const powerLookMs = minutes(5);
/** Reasons that are kept of one proof. */
const reasonsMax = 5;

export interface UpkeepParts {
  readonly home: Home;
  readonly store: Pick<Store, 'database'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: (event: CoreEvent) => void;
  readonly power: () => Promise<PowerState>;
  readonly report: (level: 'info' | 'warning' | 'problem', text: string) => void;
}

export class Upkeep {
  readonly #agent: LiveAgent;
  readonly #parts: UpkeepParts;
  readonly #heardForgets: HeardForgets;
  readonly #scrubFile: string;
  readonly #proofsFile: string;
  #power: PowerSource = 'mains';
  #timer: Timer | undefined;
  #isStopped = false;
  readonly #turns = new Turns();
  readonly lostPacks: LostPacks;

  constructor(agent: LiveAgent, parts: UpkeepParts) {
    this.#agent = agent;
    this.#parts = parts;
    this.lostPacks = new LostPacks(agent, parts.report);
    this.#heardForgets = new HeardForgets(parts.store.database, parts.home);
    this.#scrubFile = join(parts.home.folder, 'scrub.json');
    this.#proofsFile = join(parts.home.folder, 'proofs.json');
  }

  /** What the last run noted, as far as it can be read. */
  async survived(): Promise<Pick<Extract<CoreEvent, { kind: 'started' }>, 'heard' | 'scrub' | 'proofs'>> {
    return {
      heard: await this.#heardForgets.load(this.#agent.now()),
      scrub: this.#readScrub(),
      proofs: this.#readProofs(),
    };
  }

  /** Begins to look at the power. */
  start(): void {
    void this.#lookAtPower();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** On a full disk it is heard anew after the next start: the packs are then kept for longer, never for less. */
  noteForget(heard: HeardForget): void {
    this.#heardForgets.note(heard).catch((error: unknown) => {
      this.#parts.report(
        'warning',
        `when packs were given up could not be noted, and they are kept for longer: ${String(error)}`,
      );
    });
  }

  noteScrub({ passFromMs, after, wholeMs }: ScrubPosition): void {
    this.#note(
      () =>
        writeJson(this.#scrubFile, {
          version: 1,
          passFromMs,
          ...(after === undefined ? {} : { after }),
          ...(wholeMs === undefined ? {} : { wholeMs }),
        }),
      'after a restart some shards are read again',
    );
  }

  /** The core's order. */
  proveForCore(drive: DriveId): void {
    this.prove(drive).catch((error: unknown) => {
      this.#parts.report('warning', `a proof could not be made: ${String(error)}`);
      this.#keepFailed(drive, `it could not be begun: ${String(error)}`);
    });
  }

  /** The core waits for an end of each: else the other drives would wait too. */
  #keepFailed(drive: DriveId, reason: string): void {
    const head = this.#agent.core.catalogue.drives.get(drive)?.heads.at(-1);
    if (head === undefined) return;
    const nothing = { fileCount: 0, byteCount: 0, fetchedBytes: 0, machineCount: 0, comparedCount: 0 };
    const { snapshot } = head;
    this.#keep(drive, {
      snapshot,
      atMs: this.#agent.now(),
      ...nothing,
      verdict: 'unreachable',
      reasons: [reason],
    });
  }

  /** Proves one drive of this machine now; one proof at a time. */
  prove(drive: DriveId, line?: LookupLine): Promise<ProveAnswer['drives'][number]> {
    return this.#turns.take(() => this.#prove(drive, line));
  }

  async #prove(drive: DriveId, line?: LookupLine): Promise<ProveAnswer['drives'][number]> {
    const { core, workers, drives, fetcher } = this.#agent;
    const running = drives.running.get(drive);
    const head = core.catalogue.drives.get(drive)?.heads.at(-1);
    if (running === undefined || head === undefined)
      throw new Error('a drive without a snapshot of this machine was to be proven');
    const senders = new Set<PeerId>();
    let fetchedBytes = 0;
    const result = await proveSnapshot(head, {
      workers,
      ...running.keys,
      folder: running.stored.folder,
      seed: Math.floor(this.#parts.random.fraction() * 2 ** 32),
      filesMax: proofFilesMax,
      fileBytesMax: proofFileBytesMax,
      fetchPack: async (descriptor) => {
        const fetched = await fetcher.fetchFromOthers(descriptor);
        for (const sender of fetched.senders) senders.add(sender);
        fetchedBytes += fetched.bytes.length;
        return fetched.bytes;
      },
      ...(line === undefined
        ? {}
        : {
            signal: line.signal,
            onProgress: ({ phase, done, of }) => line.report({ kind: 'counted', what: phase, done, of }),
          }),
    });
    const { problems, ...counts } = result;
    const isWrong = problems.some(({ verdict }) => verdict === 'wrong');
    const last: ProofResult = {
      snapshot: head.snapshot,
      atMs: this.#agent.now(),
      ...counts,
      fetchedBytes,
      machineCount: senders.size,
      verdict: isWrong ? 'wrong' : problems.length > 0 ? 'unreachable' : 'proven',
      reasons: [...new Set(problems.map(({ reason }) => reason))].slice(0, reasonsMax),
    };
    this.#keep(drive, last);
    if (last.verdict === 'unreachable') await this.#lookForLost(() => this.lostPacks.look(running));
    return { drive, path: running.stored.folder, ...last, problems };
  }

  #keep(drive: DriveId, last: ProofResult): void {
    const { core } = this.#agent;
    const proven = last.verdict === 'proven' ? last : core.proving.proofOf(drive)?.proven;
    const proof: DriveProof = { drive, last, proven };
    this.#note(() => this.#writeProof(proof), 'when a drive was proven is known until the next start only');
    this.#parts.tell({ kind: 'driveProved', proof, now: this.#agent.now() });
  }

  #writeProof({ drive, last, proven }: DriveProof): void {
    const others = (readNotes(this.#proofsFile, proofsSchema)?.proofs ?? []).filter(
      (one) => one.drive !== drive,
    );
    const own = proven === undefined ? { drive, last } : { drive, last, proven };
    writeJson(this.#proofsFile, { version: 1, proofs: [...others, own] });
  }

  #readProofs(): readonly DriveProof[] {
    return (readNotes(this.#proofsFile, proofsSchema)?.proofs ?? []).map(({ drive, last, proven }) => ({
      drive,
      last,
      proven,
    }));
  }

  #readScrub(): ScrubPosition | undefined {
    const noted = readNotes(this.#scrubFile, scrubSchema);
    if (noted === undefined) return undefined;
    const { passFromMs, after, wholeMs } = noted;
    return {
      passFromMs: unixMs(passFromMs),
      after: after === undefined ? undefined : { pack: packId(after.pack), index: after.index },
      wholeMs: wholeMs === undefined ? undefined : unixMs(wholeMs),
    };
  }

  #note(write: () => void, loss: string): void {
    try {
      write();
    } catch (error) {
      if (!isFullError(error)) throw error;
      this.#parts.report('warning', `the disk is full: ${loss}`);
    }
  }

  async #lookAtPower(): Promise<void> {
    const power = await this.#parts.power();
    // Trials ask others for shards: while the machine's person wants it to rest, they do as on a battery.
    const source = this.#agent.operations.pacing.pauseReason === undefined ? power.source : 'battery';
    if (this.#isStopped) return;
    if (source !== this.#power) {
      this.#power = source;
      this.#parts.tell({ kind: 'powerChanged', source, now: this.#agent.now() });
    }
    if (source === 'mains') void this.#lookForLost(() => this.lostPacks.lookIfDue());
    this.#timer = this.#parts.clock.start(powerLookMs, () => void this.#lookAtPower());
  }

  async #lookForLost(look: () => Promise<unknown>): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (!this.#isStopped)
        this.#parts.report('warning', `whether packs are lost could not be seen: ${String(error)}`);
    }
  }
}
