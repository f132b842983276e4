// The replayed fleet under one policy, slot by slot: who holds which shard of which file, what is copied, what cannot be served and
// what is lost. It looks at the trace one slot at a time; what policies learn from ends before the slot that is being lived.

import { createRandom, hourMs, machineId, slotUnknown, slotUp } from '../../datasets/index.ts';
import { fleetOffsetMs } from '../../models/index.ts';
import { groupForPack } from '../rendezvous.ts';
import type { PlacementClass } from '../plan.ts';
import { businessShare } from './calendar.ts';
import { fileBytes, filesPerMachine, type Origin, type Scenario } from './scenario.ts';

/** What is copied first: shards that nobody has, or those of files of which the fewest shards are up, before what only moves. */
export type CopyOrder = 'lost first' | 'thinnest first';

/** A shard that nobody has. */
export const nobody = -1;
const notLost = -1;

export interface Account {
  unavailableFileSlots: number;
  /** Of slots that begin or end within business hours the share that lies there. */
  unavailableFileSlotsBusiness: number;
  /** Those that counted: all holders were looked at. */
  fileSlots: number;
  /** All, whether they counted or not. */
  readonly livedFileSlots: number;
  lostFiles: number;
  readonly storedBytes: number;
  movedBytes: number;
}

/** What a machine takes in within an hour, of what machines hold on average: a lost disk is full again after a day. */
const receivedShareMax = 1 / 24;

export class World {
  readonly account: Account;
  /** Files that could not be served and are not lost for good, slot by slot from the origin on. */
  readonly unavailableBySlot: Int32Array;
  /** File-slots out of reach of what was lost for good in that slot: its rest of the time until the end. */
  readonly lostBySlot: Int32Array;
  readonly #scenario: Scenario;
  readonly #origin: Origin;
  readonly #n: number;
  readonly #k: number;
  readonly #fileCount: number;
  readonly #shardBytes: number;
  /** F × n machines that have the shard now. */
  readonly #holders: Int32Array;
  /** F × n machines that should have it. */
  readonly #wanted: Int32Array;
  /** F group numbers: they stay, whoever the members are. */
  #groupOf: Int32Array = new Int32Array(0);
  /** F slots since the origin in which each file was lost for good; `notLost` for those that were not. */
  readonly #lostAt: Int32Array;
  /** Machines whose departure has been taken account of. */
  readonly #gone = new Set<number>();
  readonly #utcOffsetMs: number;
  #isPlaced = false;
  #isSettled = false;
  #order: CopyOrder = 'lost first';

  constructor(scenario: Scenario, origin: Origin, machineCount: number) {
    const { k, n } = scenario.rules.redundancy;
    this.#scenario = scenario;
    this.#utcOffsetMs = fleetOffsetMs(scenario.history);
    this.#origin = origin;
    this.#n = n;
    this.#k = k;
    this.#fileCount = filesPerMachine * machineCount;
    this.#shardBytes = Math.ceil(fileBytes / k);
    this.#holders = new Int32Array(this.#fileCount * n).fill(nobody);
    this.#wanted = new Int32Array(this.#fileCount * n).fill(nobody);
    this.#lostAt = new Int32Array(this.#fileCount).fill(notLost);
    this.unavailableBySlot = new Int32Array(origin.toSlot - origin.fromSlot);
    this.lostBySlot = new Int32Array(origin.toSlot - origin.fromSlot);
    this.account = {
      unavailableFileSlots: 0,
      unavailableFileSlotsBusiness: 0,
      fileSlots: 0,
      livedFileSlots: this.#fileCount * this.unavailableBySlot.length,
      lostFiles: 0,
      storedBytes: this.#fileCount * n * this.#shardBytes,
      movedBytes: 0,
    };
  }

  /** Files follow these groups of machines from now on. The first time they are where they should be. */
  follow(groups: readonly (readonly number[])[], order: CopyOrder = 'lost first'): void {
    this.#order = order;
    if (this.#groupOf.length === 0) this.#groupOf = groupsOfFiles(this.#fileCount, groups.length);
    for (const [file, group] of this.#groupOf.entries())
      this.#wanted.set(groups[group] ?? [], file * this.#n);
    if (!this.#isPlaced) this.#holders.set(this.#wanted);
    this.#isPlaced = true;
    this.#isSettled = false;
  }

  /** Lives one slot: departures, then what is served, then copies. */
  live(slot: number): void {
    this.#bury(slot);
    this.#serve(slot);
    if (!this.#isSettled) this.#copy(slot);
  }

  #isUp(machine: number, slot: number): boolean {
    const { up, slotCount } = this.#scenario.history;
    return machine !== nobody && up[machine * slotCount + slot] === slotUp;
  }

  /** Disks that are gone take their shards with them. */
  #bury(slot: number): void {
    const { departures } = this.#scenario;
    const leaving = new Set<number>();
    for (const [machine, departure] of departures.entries()) {
      if (departure > slot || this.#gone.has(machine)) continue;
      this.#gone.add(machine);
      leaving.add(machine);
    }
    if (leaving.size === 0) return;
    for (let at = 0; at < this.#holders.length; at++) {
      if (!leaving.has(this.#holders[at]!)) continue;
      this.#holders[at] = nobody;
      this.#isSettled = false;
      this.#countLoss(Math.floor(at / this.#n), slot);
    }
  }

  #countLoss(file: number, slot: number): void {
    if (this.#lostAt[file] !== notLost || this.#survivors(file) >= this.#k) return;
    this.#lostAt[file] = slot - this.#origin.fromSlot;
    this.account.lostFiles++;
  }

  #survivors(file: number): number {
    let count = 0;
    for (let at = file * this.#n; at < (file + 1) * this.#n; at++) if (this.#holders[at] !== nobody) count++;
    return count;
  }

  /** Files of which fewer than k shards are up. A file of which a holder was not seen in that slot does not count, as nobody knows. */
  #serve(slot: number): void {
    const { up, slotCount, startMs, slotMs } = this.#scenario.history;
    let [unavailable, seen, asleep] = [0, 0, 0];
    for (let file = 0; file < this.#fileCount; file++) {
      let upCount = 0;
      let isSeen = true;
      for (let at = file * this.#n; at < (file + 1) * this.#n; at++) {
        const holder = this.#holders[at]!;
        if (holder === nobody) continue;
        const state = up[holder * slotCount + slot]!;
        if (state === slotUnknown) isSeen = false;
        if (state === slotUp) upCount++;
      }
      if (!isSeen) continue;
      seen++;
      if (upCount >= this.#k) continue;
      unavailable++;
      const lostAt = this.#lostAt[file]!;
      if (lostAt === notLost) asleep++;
      else this.lostBySlot[lostAt]!++;
    }
    const { account } = this;
    account.fileSlots += seen;
    account.unavailableFileSlots += unavailable;
    const [fromMs, utcOffsetMs] = [startMs + slot * slotMs, this.#utcOffsetMs];
    const business = businessShare({ fromMs, spanMs: slotMs, utcOffsetMs });
    account.unavailableFileSlotsBusiness += unavailable * business;
    this.unavailableBySlot[slot - this.#origin.fromSlot] = asleep;
  }

  /** Copies towards what is wanted: files with the fewest shards first, within what each machine may take in. */
  #copy(slot: number): void {
    const hours = this.#scenario.history.slotMs / hourMs;
    const takeMax = Math.max(1, Math.ceil(filesPerMachine * this.#n * receivedShareMax * hours));
    const taken = new Map<number, number>();
    const waiting: { readonly at: number; readonly survivors: number }[] = [];
    for (let at = 0; at < this.#holders.length; at++) {
      const [holder, wanted] = [this.#holders[at]!, this.#wanted[at]!];
      const file = Math.floor(at / this.#n);
      if (holder === wanted || wanted === nobody || this.#lostAt[file] !== notLost) continue;
      waiting.push({ at, survivors: this.#survivorsBeside(at, slot) });
    }
    this.#isSettled = waiting.length === 0;
    for (const { at } of waiting.toSorted((a, b) => a.survivors - b.survivors || a.at - b.at)) {
      const wanted = this.#wanted[at]!;
      const count = taken.get(wanted) ?? 0;
      if (count >= takeMax || !this.#isUp(wanted, slot)) continue;
      const shards = this.#shardsToFetch(at, slot);
      if (shards === undefined) continue;
      taken.set(wanted, count + 1);
      this.#holders[at] = wanted;
      this.account.movedBytes += shards * this.#shardBytes;
    }
  }

  /** How many shards there are of a file of which one is missing; all n where it only moves. */
  #survivorsBeside(at: number, slot: number): number {
    const holder = this.#holders[at]!;
    const file = Math.floor(at / this.#n);
    if (this.#order === 'lost first') return holder === nobody ? this.#survivors(file) : this.#n;
    return this.#isUp(holder, slot) ? this.#n : this.#upCount(file, slot);
  }

  #upCount(file: number, slot: number): number {
    let count = 0;
    for (let at = file * this.#n; at < (file + 1) * this.#n; at++)
      if (this.#isUp(this.#holders[at]!, slot)) count++;
    return count;
  }

  /** One shard from who has it (or, of replicas, from anybody), else k others to compute it from; undefined when neither is up. */
  #shardsToFetch(at: number, slot: number): number | undefined {
    if (this.#isUp(this.#holders[at]!, slot)) return 1;
    return this.#upCount(Math.floor(at / this.#n), slot) >= this.#k ? this.#k : undefined;
  }
}

/** Hashes worth their time: rendezvous asks each group about each file, which is the square of the fleet. */
const hashesMax = 3e8;

/** F group numbers: each file goes to the group that rendezvous hashing gives its pack; in large fleets to one drawn as evenly. */
function groupsOfFiles(fileCount: number, groupCount: number): Int32Array {
  if (fileCount * groupCount > hashesMax) {
    const random = createRandom('groups of files');
    return Int32Array.from({ length: fileCount }, () => random.below(groupCount));
  }
  const placementClass: PlacementClass = {
    name: 'small',
    redundancy: { k: 1, n: 1 },
    groups: Array.from({ length: groupCount }, (_, index) => ({
      id: String(index),
      members: [],
      weight: 1,
      unavailability: 0,
      unavailabilityAt: {},
      reasons: [],
    })),
  };
  const owner = machineId('owner');
  return Int32Array.from({ length: fileCount }, (_, file) => {
    const packId = (Math.imul(file + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(8);
    return Number(groupForPack({ packId, owner, placementClass })?.id ?? 0);
  });
}
