// One simulated machine: what outlives its processes (disk, logs, key, journal), and whether it is on. And what a machine
// asks of its world.

import type { Random } from '../../datasets/index.ts';
import type { MachineKey, openStatement } from '../codec/index.ts';
import type { CoreEffect, Effects, HeardForget, StagedSnapshot } from '../core/index.ts';
import type { FleetId, PeerId } from '../units.ts';
import { Platters } from './disk.ts';
import type { EventQueue } from './event-queue.ts';
import type { Frames } from './frames.ts';
import { Shelves } from './log.ts';
import type { Network } from './network.ts';
import type { Planner } from './planner.ts';
import { Shell } from './shell.ts';

export interface World {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly frames: Frames;
  readonly fleet: FleetId;
  readonly tickMs: number;
  /** How long computing a plan takes. */
  readonly planMs: number;
  readonly planner: Planner;
  /** Plants a bug: changes what the core orders. Only tests of the checkers set it. */
  readonly rewrite: ((effects: Effects) => Effects) | undefined;
  readonly openStatement: typeof openStatement;
  crash(machine: Machine): void;
  noteEffect(machine: Machine, effect: CoreEffect): void;
  noteReport(report: Extract<CoreEffect, { kind: 'report' }>): void;
  noteAcknowledged(staged: StagedSnapshot): void;
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
  readonly skewMs: number;
  readonly shelves = new Shelves();
  /** Snapshots that are staged and not yet acknowledged: a small file in the live world. */
  readonly journal: StagedSnapshot[] = [];
  /** When it heard that packs were given up: another small file. */
  readonly heard: HeardForget[] = [];
  platters: Platters;
  shell: Shell | undefined;
  /** Gone for good, with its disk. */
  isDestroyed = false;
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

  /** Runs and is awake. */
  get isUp(): boolean {
    return this.shell !== undefined && !this.shell.life.isAsleep;
  }

  powerOn(world: World): void {
    if (this.isDestroyed) return;
    const { shell } = this;
    if (shell === undefined) {
      this.shell = new Shell(this, world);
      this.shell.start();
      return;
    }
    if (!shell.life.isAsleep) return;
    shell.life.wake();
    // What waited for the waking may have crashed it.
    if (this.shell === shell) shell.wire.forgetLinks();
  }

  /** The lid closes: the process stays, frozen. */
  sleep(): void {
    if (this.shell === undefined) return;
    this.shell.wire.dropLinks();
    this.shell.life.sleep();
  }

  /** The power goes: everything unflushed is lost. A clean stop is no different to an agent that flushes before it promises. */
  crash(): void {
    if (this.shell === undefined) return;
    this.shell.wire.dropLinks();
    this.shell.life.end();
    this.shell = undefined;
    this.platters.crash();
    this.#effectsUntilCrash = Number.POSITIVE_INFINITY;
  }

  /** Stolen or burnt. */
  destroy(): void {
    this.crash();
    this.isDestroyed = true;
    this.platters = new Platters(0);
  }

  /** Lets the process crash between two effects, `count` effects from now. */
  crashAfter(count: number): void {
    this.#effectsUntilCrash = count;
  }

  isCrashDue(): boolean {
    return --this.#effectsUntilCrash < 0;
  }
}
