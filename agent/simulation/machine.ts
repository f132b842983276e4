// One simulated machine: what outlives its processes (disk, logs, key, journal), and whether it is on. And what a machine
// asks of its world.

import type { Random, UnixMs } from '../../datasets/index.ts';
import type { PresenceForecast } from '../../models/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type {
  AdminKey,
  AgentRecord,
  MachineKey,
  openStatement,
  PlanWait,
  Role,
  ShardKey,
} from '../codec/index.ts';
import {
  type AgentCore,
  type CoreEffect,
  type CoreEvent,
  type DriveProof,
  type Effects,
  type HeardForget,
  isNoteNeeded,
  type MeshShape,
  type OpenedBatches,
  type ProofResult,
  type ScrubPosition,
  type ShardCount,
  type StagedSnapshot,
} from '../core/index.ts';
import type { ShardPlace } from '../ports.ts';
import type { DriveId, FleetId, InviteId, PeerId } from '../units.ts';
import { Platters, type Slot } from './disk.ts';
import type { EventQueue } from './event-queue.ts';
import type { Frames } from './frames.ts';
import { Shelves } from './log.ts';
import type { Rotten } from './inside.ts';
import type { Liar } from './liars.ts';
import type { SimulatedLock } from './locks.ts';
import type { Network } from './network.ts';
import type { PlanRequest } from './planner.ts';
import { noRest, type Rest } from './rests.ts';
import { Shell } from './shell.ts';

export interface World {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly frames: Frames;
  readonly fleet: FleetId;
  readonly tickMs: number;
  /** How long the next plan takes. */
  planMs(): number;
  readonly scrubPassMs: number;
  readonly meshShape: MeshShape;
  /** The next plan; in scope `copies` the same with other copies of popular packs, undefined where the run has none. */
  planFor(request: PlanRequest, scope: 'copies' | undefined): Plan | undefined;
  /** Whether machines tell where they stand. */
  saysPlace(index: number): boolean;
  /** A process of it has read its disk. */
  begun(machine: Machine): void;
  /** Why a plan that was made waits for an admin; undefined where it does not. */
  waitFor(core: AgentCore, scope: PlanWait['scope']): PlanWait | undefined;
  /** Whether the plan that is asked for cannot be computed. */
  failsToPlan(): boolean;
  /** Who is back when, by what the machines did before the run; undefined where nobody knows. */
  presence(): PresenceForecast | undefined;
  /** Plants a bug: changes what the core orders. Only tests of the checkers set it. */
  readonly rewrite: ((effects: Effects) => Effects) | undefined;
  readonly openStatement: typeof openStatement;
  /** What the statements in batches say, opened once for all. */
  readonly openedBatches: OpenedBatches;
  crash(machine: Machine): void;
  /** The process dies; its person starts it again a little later. */
  crashForNow(machine: Machine): void;
  /** The core took it; what it ordered is not done yet. */
  noteEvent(machine: Machine, event: CoreEvent): void;
  noteEffect(machine: Machine, effect: CoreEffect): void;
  noteProof(proof: DriveProof): void;
  noteReport(report: Extract<CoreEffect, { kind: 'report' }>): void;
  noteAcknowledged(machine: Machine, staged: StagedSnapshot): void;
  noteOffered(machine: Machine, shard: OfferedShard): void;
}

/** A shard that begins to flow in, or is refused: without a place. */
export interface OfferedShard extends ShardKey {
  readonly from: PeerId;
  readonly place: ShardPlace | undefined;
}

/** How a machine is certified. */
export interface Coming {
  readonly roles?: readonly Role[];
  readonly invite?: InviteId;
  /** By default one admin after the other: of whom no log tells is not counted where several have to agree. */
  readonly by?: AdminKey;
  readonly notBeforeMs?: UnixMs;
  readonly notAfterMs?: UnixMs;
}

/** What a backup program keeps of a whole disk. */
interface DiskImage {
  readonly platters: Platters;
  readonly shelves: Shelves;
  readonly journal: readonly StagedSnapshot[];
  readonly heard: readonly HeardForget[];
  readonly lock: SimulatedLock | undefined;
}

/** How a trial restore ends that proves nothing. */
export type ProofFailure = Exclude<ProofResult['verdict'], 'proven'>;

/** From when to when a machine ran and was awake; open while it does. */
interface UpSpan {
  readonly fromMs: number;
  toMs: number;
}

export interface MachineParts {
  readonly index: number;
  readonly key: MachineKey;
  readonly certificate: Uint8Array;
  readonly random: Random;
  readonly quotaBytes: number;
  readonly skewMs: number;
}

export class Machine {
  readonly index: number;
  readonly key: MachineKey;
  readonly certificate: Uint8Array;
  readonly random: Random;
  skewMs: number;
  /** What it writes now it writes as if its clock were ahead by so much. */
  datedAheadMs = 0;
  hasDatedAhead = false;
  /** The earliest date ahead that it wrote: when that has come, it looks as if it had spoken then. */
  firstAheadMs = Number.POSITIVE_INFINITY;
  shelves = new Shelves();
  /** Snapshots that are staged and not yet acknowledged: a small file in the live world. */
  journal: StagedSnapshot[] = [];
  /** When it heard that packs were given up: rows of the database in the live world. */
  heard: HeardForget[] = [];
  /** How far the reading of all shards is: another one. */
  scrub: ScrubPosition | undefined;
  /** What the last proofs of its drives found: one more. */
  readonly proofs = new Map<DriveId, DriveProof>();
  /** Its drive's keys, and who opens it; undefined before its person saves for the first time. */
  lock: SimulatedLock | undefined;
  /** New keys that it ever made, whatever its disk remembers. */
  madeKeyCount = 0;
  /** What everybody who was put out may have known of its keys when that was first heard here: no agent sees this. */
  readonly keysBefore = new Map<string, readonly Uint8Array[]>();
  readonly ups: UpSpan[] = [];
  /** Shards in which a bit flipped, until that was noticed. */
  readonly rotten = new Map<string, Rotten>();
  /** When bits flipped on its disk. */
  readonly rotMs: number[] = [];
  platters: Platters;
  shell: Shell | undefined;
  liar: Liar | undefined;
  /** Some of its lies may still stand against it when it has stopped. */
  hasLied = false;
  /** Gone for good, with its disk. */
  isDestroyed = false;
  /** Put out of the fleet; its process does not know better than to go on. */
  isRevoked = false;
  /** The word by which it was, and in whose log that stands. */
  outBy: { readonly log: PeerId; readonly bytes: Uint8Array } | undefined;
  /** It was stolen, and says that all is given up that was saved with it. */
  isPlundered = false;
  /** Where its certificate ends before the run does: then. */
  validUntilMs: number | undefined;
  /** What it was told last of how many shards of packs can be had. */
  counted: readonly ShardCount[] | undefined;
  /** What its next trial restores find that would else have been whole. */
  failingProofs: ProofFailure[] = [];
  /** Parts of packs that nothing needed at the last look. */
  leftInScratch: ReadonlySet<Slot> = new Set();
  /** It may not make plans. */
  isLayman = false;
  /** It makes none any more, whatever its core orders. */
  isIdle = false;
  /** The newest of its snapshots whose head it has written, since its disk was last put back. */
  headNumber = -1;
  /** Whether it is to rest; until when, and when that last changed. */
  rest: Rest = noRest;
  restsUntilMs = 0;
  restedMs = Number.NEGATIVE_INFINITY;
  /** Its database takes no words of others before then. */
  logFullUntilMs = Number.NEGATIVE_INFINITY;
  /** What its person wants, whatever the power does. */
  wantsOn = false;
  #hasLived = false;
  #saidCount = 0;
  #outageUntilMs = 0;
  #image: DiskImage | undefined;
  #onHeld: ((shard: ShardKey) => void) | undefined;
  #effectsUntilCrash = Number.POSITIVE_INFINITY;

  constructor(parts: MachineParts) {
    this.index = parts.index;
    this.key = parts.key;
    this.certificate = parts.certificate;
    this.random = parts.random;
    this.skewMs = parts.skewMs;
    this.platters = new Platters(parts.quotaBytes);
  }

  get peer(): PeerId {
    return this.key.peer;
  }

  /** What its process finds when it starts, besides shards and logs; and whether it is its first. */
  beginLife(now: UnixMs): Omit<Extract<CoreEvent, { kind: 'started' }>, 'kind' | 'stored' | 'now'> {
    const isFirstLife = this.#hasLived ? undefined : true;
    this.#hasLived = true;
    const { scrub } = this;
    this.heard = this.heard.filter((one) => isNoteNeeded(one, now));
    return {
      isFirstLife,
      staged: [...this.journal],
      heard: [...this.heard],
      scrub,
      proofs: [...this.proofs.values()],
    };
  }

  /** Runs and is awake. */
  get isUp(): boolean {
    return this.shell !== undefined && !this.shell.life.isAsleep;
  }

  /** Somebody switches it on, or comes back to it. Nothing happens without power. */
  powerOn(world: World): void {
    this.wantsOn = true;
    if (this.isDestroyed || world.queue.nowMs < this.#outageUntilMs) return;
    const { shell } = this;
    if (shell === undefined) {
      this.ups.push({ fromMs: world.queue.nowMs, toMs: Number.POSITIVE_INFINITY });
      this.shell = new Shell(this, world);
      this.shell.start();
      return;
    }
    if (!shell.life.isAsleep) return;
    this.ups.push({ fromMs: world.queue.nowMs, toMs: Number.POSITIVE_INFINITY });
    shell.life.wake();
    // What waited for the waking may have crashed it.
    if (this.shell === shell) shell.wire.forgetLinks();
  }

  /** The lid closes: the process stays, frozen. */
  sleep(): void {
    if (this.shell === undefined) return;
    this.#endSpan(this.shell);
    this.shell.wire.dropLinks();
    this.shell.life.sleep();
  }

  /** The power goes: everything unflushed is lost. A clean stop is no different to an agent that flushes before it promises. */
  crash(): void {
    if (this.shell === undefined) return;
    this.#endSpan(this.shell);
    this.shell.wire.dropLinks();
    this.shell.life.end();
    this.shell = undefined;
    this.platters.crash();
    this.#effectsUntilCrash = Number.POSITIVE_INFINITY;
  }

  /** Records as they go into one batch: every other time it says first where it can be reached, as agents do. */
  saidWith(records: readonly AgentRecord[]): readonly AgentRecord[] {
    return this.#saidCount++ % 2 === 0 ? records : [{ kind: 'addresses', addresses: [] }, ...records];
  }

  /** How long it ran and was awake since then. */
  upMsSince(sinceMs: number, nowMs: number): number {
    return this.ups.reduce(
      (sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, nowMs) - Math.max(fromMs, sinceMs)),
      0,
    );
  }

  /** How long it has been off, or asleep; 0 while it runs. */
  offMs(nowMs: number): number {
    const last = this.ups.at(-1);
    return last === undefined ? 0 : Math.max(0, nowMs - last.toMs);
  }

  /** How long it is up and awake, without a break; 0 while it is not. */
  awakeMs(nowMs: number): number {
    return this.isUp ? nowMs - (this.ups.at(-1)?.fromMs ?? nowMs) : 0;
  }

  #endSpan({ life }: Shell): void {
    const span = this.ups.at(-1);
    if (span !== undefined) span.toMs = Math.min(span.toMs, life.queue.nowMs);
  }

  /** No power until then; afterwards it is on if its person wants it on. */
  loseMains(world: World, untilMs: number): void {
    this.#outageUntilMs = Math.max(this.#outageUntilMs, untilMs);
    world.crash(this);
    world.queue.schedule(this.#outageUntilMs, () => {
      if (this.wantsOn && this.shell === undefined) this.powerOn(world);
    });
  }

  endOutage(): void {
    this.#outageUntilMs = 0;
  }

  get hasImage(): boolean {
    return this.#image !== undefined;
  }

  /** Remembers the disk as it is. */
  takeImage(): void {
    this.#image = {
      platters: this.platters.copy(),
      shelves: this.shelves.copy(),
      journal: [...this.journal],
      heard: [...this.heard],
      lock: this.lock,
    };
  }

  /** Puts the remembered disk in place of the present one; false where none was remembered. The machine is off. */
  restoreImage(): boolean {
    const image = this.#image;
    if (image === undefined || this.shell !== undefined) return false;
    this.#image = undefined;
    this.platters = image.platters;
    this.shelves = image.shelves;
    this.journal = [...image.journal];
    this.heard = [...image.heard];
    this.lock = image.lock;
    // What it heard before counts no more.
    this.ups.length = 0;
    this.rotten.clear();
    this.headNumber = -1;
    if (this.#onHeld !== undefined) this.watchHeld(this.#onHeld);
    return true;
  }

  /** Tells of each shard that is, or comes to be, held on the disk. */
  watchHeld(onHeld: (shard: ShardKey) => void): void {
    this.#onHeld = onHeld;
    this.platters.onHeld = onHeld;
    for (const { place, descriptor, index } of this.platters.all())
      if (place === 'held') onHeld({ pack: descriptor.pack, index });
  }

  /** Stolen or burnt. */
  destroy(): void {
    this.crash();
    this.isDestroyed = true;
    this.platters = new Platters(0);
  }

  /** Lets the process crash between two effects, `count` effects from now. */
  crashAfter(count: number): void {
    if (this.isUp || count === Number.POSITIVE_INFINITY) this.#effectsUntilCrash = count;
  }

  isCrashDue(): boolean {
    return --this.#effectsUntilCrash < 0;
  }
}
