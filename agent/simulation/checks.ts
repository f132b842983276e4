// The promises of DESIGN.md, looked at from outside: what lies on the disks is compared with what was promised. A
// violation is a sentence with numbers; the run goes on, so that one report shows all.

import { dayMs, days, hours, minutes } from '../../datasets/index.ts';
import type { PackDescriptor, ShardKey, SignedBatch } from '../codec/index.ts';
import { reasonText } from '../core/index.ts';
import {
  doubtGraceMs,
  doubtMsMax,
  doubtQuorumMin,
  forgottenGraceMs,
  queuedFramesPerPeerMax,
} from '../limits.ts';
import type { PackId, PeerId, SnapshotId } from '../units.ts';
import { doubtsAbout } from './doubting.ts';
import { heardMs, hearingMs } from './hearsay.ts';
import type { Holdings } from './holdings.ts';
import { type Ledger, packsOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type CheckName, checkNames, type Violation } from './options.ts';
import { Standing } from './standing.ts';

/** Violations kept of each check; one bug makes thousands. */
const violationsMax = 10;

/** An agent looks at its copies with every tick, which is half an hour apart in fleets of hundreds; and may wait for its disk. */
const copySlackMs = (tickMs: number): number => minutes(15) + 1.25 * tickMs;

/** What the checks look at. */
export interface CheckedWorld {
  readonly machines: readonly Machine[];
  readonly ledger: Ledger;
  readonly holdings: Holdings<Machine>;
  readonly startMs: number;
  /** Broken ones of these are reported. */
  readonly names: readonly CheckName[];
  /** What the world harmed is to be put back within this time. */
  readonly mendMsMax: number;
  /** How often an agent looks at the clock; a quarter more by chance. */
  readonly tickMs: number;
}

export class Checks {
  readonly #world: CheckedWorld;
  /** When the world itself took a shard (rot, fire, a liar) that has not been put back since. */
  readonly #harmed = new Map<PackId, Map<number, number>>();
  /** Copies whose time is over. */
  readonly #overdue = new Standing<PackId>();
  /** Packs that were lost through no fault of the fleet. */
  readonly #gone = new Set<PackId>();
  readonly #everHarmed = new Set<string>();
  /** Machines whose disks the world took: what they had said may be gone. */
  #lostDiskCount = 0;
  readonly violations: Violation[] = [];
  readonly #violationCounts = new Map<CheckName, number>();
  /** Liars that some honest machine left out at a look. */
  readonly liarsLeftOut = new Set<PeerId>();
  /** Times a property was looked at. */
  readonly counts: Record<CheckName | 'harmedBeyondRepair', number> = {
    ...(Object.fromEntries(checkNames.map((name) => [name, 0])) as Record<CheckName, number>),
    harmedBeyondRepair: 0,
  };
  /** Smallest number of shards above k that any acknowledged pack ever had at a look. */
  marginLeast = Number.POSITIVE_INFINITY;

  constructor(world: CheckedWorld) {
    this.#world = world;
  }

  violate(check: CheckName, text: string): void {
    const count = this.#violationCounts.get(check) ?? 0;
    this.#violationCounts.set(check, count + 1);
    if (this.#world.names.includes(check) && count < violationsMax) this.violations.push({ check, text });
  }

  /** The world harmed a shard: the promise speaks of k of those that were left alone. */
  noteHarm({ pack, index }: ShardKey, nowMs: number): void {
    const harmed = this.#harmed.get(pack) ?? new Map<number, number>();
    this.#harmed.set(pack, harmed.set(index, nowMs));
    this.#everHarmed.add(`${pack} ${index}`);
  }

  /** Whether the world ever took that shard from somebody: words about it may be true no more. */
  wasHarmed({ pack, index }: ShardKey): boolean {
    return this.#everHarmed.has(`${pack} ${index}`);
  }

  harmedCount(pack: PackId): number {
    return this.#harmed.get(pack)?.size ?? 0;
  }

  /** A whole disk is gone, or older than it was. */
  noteLostDisk(): void {
    this.#lostDiskCount++;
  }

  get lostDiskCount(): number {
    return this.#lostDiskCount;
  }

  /** Looks at everything that can be seen at one moment. */
  look(nowMs: number): void {
    this.#lookForEarlyHarm(nowMs);
    this.#lookForShards(nowMs);
    this.#lookForHeads(nowMs);
    this.#lookForFramed(nowMs);
    for (const machine of this.#world.machines) {
      const { heldBytes, copyBytes, quotaBytes } = machine.platters;
      if (heldBytes + copyBytes > quotaBytes && !machine.isDestroyed)
        this.violate(
          'quota',
          `machine ${machine.index} holds ${heldBytes} bytes, and ${copyBytes} of copies, of ${quotaBytes}`,
        );
      this.#lookForCopies(machine, nowMs);
      this.counts.quota++;
      const waiting = machine.shell?.wire.queuedFramesMost ?? 0;
      if (waiting > queuedFramesPerPeerMax)
        this.violate('queues', `${waiting} frames wait for one peer of machine ${machine.index}`);
      this.counts.queues++;
    }
  }

  /** A popular copy lies only where the plan that its machine knows wants it, and until its time is over. */
  #lookForCopies({ index, peer, shell, platters, isUp, ups, liar }: Machine, nowMs: number): void {
    const plan = shell?.core.election.plan;
    const sinceMs = ups.at(-1)?.fromMs ?? nowMs;
    const slackMs = copySlackMs(this.#world.tickMs);
    if (!isUp || plan === undefined || liar !== undefined || nowMs - sinceMs < slackMs) return;
    const wanted = new Map(
      (plan.popular?.copies ?? []).flatMap(({ pack, machine, untilMs }) =>
        machine === peer ? [[pack, untilMs]] : [],
      ),
    );
    // A clock that was set forwards is looked at with the next tick.
    const stands = this.#overdue.look(shell!, nowMs);
    const { wiped } = shell!.core.shelf;
    for (const { place, descriptor, isFlushed, isLeaving } of platters.all()) {
      if (place !== 'copy' || !isFlushed || isLeaving === true) continue;
      this.counts.copies++;
      const untilMs = wanted.get(descriptor.pack);
      const short = descriptor.pack.slice(0, 8);
      if (untilMs === undefined)
        this.violate('copies', `machine ${index} keeps a copy of pack ${short} that no plan wants there`);
      else if (wiped.has(descriptor.drive) && stands(descriptor.pack) >= slackMs)
        this.violate('copies', `machine ${index} keeps a copy of pack ${short}, whose drive is deleted`);
      else if (untilMs < shell!.clock.now() && stands(descriptor.pack) >= slackMs)
        this.violate('copies', `machine ${index} keeps a copy of pack ${short} whose time is over`);
    }
  }

  /** Different intact shards of a pack, on disks that still exist. */
  intactOf(pack: PackId): ReadonlySet<number> {
    return new Set(this.#world.holdings.intactOf(pack).keys());
  }

  /** Whether the world took so much of a pack, so lately, that nobody could have kept it; once so, always so. */
  isBeyondRepair(
    { pack, redundancy: { k, n } }: PackDescriptor,
    intact: ReadonlySet<number>,
    nowMs: number,
  ): boolean {
    const harmed = this.#harmed.get(pack);
    if (harmed === undefined) return false;
    for (const index of intact) harmed.delete(index);
    if (intact.size >= k) return false;
    if (this.#gone.has(pack)) return true;
    // With fewer machines than a group has members nobody can put anything back.
    const isMendable = this.usableCount() > n;
    let excused = 0;
    for (const atMs of harmed.values()) if (!isMendable || nowMs - atMs <= this.#world.mendMsMax) excused++;
    if (intact.size + excused < k) return false;
    this.#gone.add(pack);
    return true;
  }

  /** Machines that are neither burnt nor put out. */
  usableCount(): number {
    return this.#world.machines.filter(({ isDestroyed, isRevoked }) => !isDestroyed && !isRevoked).length;
  }

  /** A snapshot may be acknowledged long after a pack of it has left the outbox, and was taken by the world. */
  #lookForEarlyHarm(nowMs: number): void {
    const { ledger, machines } = this.#world;
    for (const pack of this.#harmed.keys()) {
      const descriptor = ledger.descriptorOf(pack);
      if (descriptor === undefined || ledger.acknowledgedMsOf(pack) !== undefined) continue;
      const owner = machines.find(({ peer }) => peer === descriptor.owner);
      if (owner?.platters.slot('outbox', { pack, index: 0 }) === undefined)
        this.isBeyondRepair(descriptor, this.intactOf(pack), nowMs);
    }
  }

  /** Promise 1: at least k different intact shards of each acknowledged pack lie on disks that still exist. */
  #lookForShards(nowMs: number): void {
    for (const descriptor of packsOf(this.#world.ledger.due(nowMs)).values()) {
      const { pack, redundancy } = descriptor;
      const indexes = this.intactOf(pack);
      this.counts.restorable++;
      if (this.isBeyondRepair(descriptor, indexes, nowMs)) {
        this.counts.harmedBeyondRepair++;
        continue;
      }
      this.marginLeast = Math.min(this.marginLeast, indexes.size - redundancy.k);
      if (indexes.size >= redundancy.k) continue;
      this.violate(
        'restorable',
        `pack ${pack.slice(0, 8)} of machine ${this.#ownerOf(pack, nowMs)}: ${indexes.size} shards of ${redundancy.k} on ${this.dayText(nowMs)}`,
      );
    }
  }

  /** Liars may not talk an honest machine out of its place, nor may bad luck; a disk that rots again and again is neither. */
  #lookForFramed(nowMs: number): void {
    const { machines } = this.#world;
    const liars = new Set(machines.filter(({ hasLied }) => hasLied).map(({ peer }) => peer));
    const failing = new Set(
      machines
        .filter(({ rotMs }) => rotMs.filter((atMs) => nowMs - atMs < doubtMsMax).length >= failingDiskRots)
        .map(({ peer }) => peer),
    );
    for (const { shell, liar, index, shelves } of this.#world.machines) {
      if (shell === undefined || liar !== undefined) continue;
      this.counts.framed++;
      for (const peer of shell.core.membership.leftOut) {
        const doubters = doubtersOf(shelves.order, peer, shell.clock.now() - doubtGraceMs + graceSlackMs);
        if (doubters.size < doubtQuorumMin)
          this.violate('framed', `machine ${index} leaves out another before its time of grace is over`);
        if (liars.has(peer)) this.liarsLeftOut.add(peer);
        else if (!failing.has(peer))
          this.violate(
            'framed',
            `machine ${index} leaves out an honest one on ${this.dayText(nowMs)}: ${reasonText(shell.core.trust.viewOf(peer))}`,
          );
      }
    }
  }

  dayText(nowMs: number): string {
    return `day ${((nowMs - this.#world.startMs) / dayMs).toFixed(2)}`;
  }

  /** Acknowledged packs that are gone through the world's own doing. */
  countBeyondRepair(nowMs: number): number {
    return [...packsOf(this.#world.ledger.acknowledged).values()].filter((descriptor) =>
      this.isBeyondRepair(descriptor, this.intactOf(descriptor.pack), nowMs),
    ).length;
  }

  /** Shards of packs that were given up so long ago that their holder must have heard of it, waited its time and freed them. */
  countLeftOver(nowMs: number): number {
    let count = 0;
    const { ledger, machines } = this.#world;
    // Who was put out gives nothing up: its packs stay.
    const out = new Set(machines.filter(({ isRevoked }) => isRevoked).map(({ peer }) => peer));
    const given = ledger.givenUp
      .filter(({ owner }) => !out.has(owner))
      .map((promised) => ({ promised, words: [{ by: promised.owner, atMs: promised.givenUpMs ?? nowMs }] }));
    for (const { promised, words } of [...given, ...ledger.wiped]) {
      const saidMs = Math.max(...words.map(({ atMs }) => atMs));
      // An owner waits for receipts of what it saved last, also where its drive was deleted meanwhile.
      const late = promised.descriptors
        .flatMap(({ pack }) => [...this.#world.holdings.intactOf(pack).values()].flat())
        .filter(({ peer }) => peer !== promised.owner)
        .filter((machine) => shouldHaveFreed(machine, saidMs, nowMs));
      // Who has heard it how soon takes long to find out, and few are late at all.
      if (late.length === 0) continue;
      const heard = words.map((word) => heardMs(machines, word));
      count += late.filter((machine) =>
        shouldHaveFreed(machine, Math.max(...heard.map((by) => by.get(machine)!)), nowMs),
      ).length;
    }
    return count;
  }

  /**
   * Promise 1 again: shards alone are of no use to a new machine if nobody but the owner knows the snapshot. Where the world took
   * half of all disks, those who knew it may be among them.
   */
  #lookForHeads(nowMs: number): void {
    const { ledger } = this.#world;
    for (const { owner, number, snapshot } of ledger.acknowledged) {
      if (ledger.isToBeWiped(owner)) continue;
      this.counts.known++;
      if (this.knowersOf(snapshot, owner) > 0 || this.#lostDiskCount >= this.#world.machines.length / 2)
        continue;
      const at = this.#world.machines.findIndex(({ peer }) => peer === owner);
      this.violate(
        'known',
        `snapshot ${number} of machine ${at} is known to nobody else on ${this.dayText(nowMs)}`,
      );
    }
  }

  /** Machines besides the owner that have the snapshot's head on their disks. */
  knowersOf(snapshot: SnapshotId, owner: PeerId): number {
    let count = 0;
    for (const { peer, isDestroyed, shelves } of this.#world.machines)
      if (peer !== owner && !isDestroyed && shelves.snapshots.has(snapshot)) count++;
    return count;
  }

  #ownerOf(pack: PackId, nowMs: number): number {
    const promised = this.#world.ledger
      .due(nowMs)
      .find(({ descriptors }) => descriptors.some((made) => made.pack === pack));
    return this.#world.machines.findIndex(({ peer }) => peer === promised?.owner);
  }
}

/** Clocks are set by hours, and verdicts stand for a while. */
const graceSlackMs = hours(6);
/** A disk that flips so many bits while a doubt lasts is to be left out: on each day on which it does, all who ask find a shard missing. */
const failingDiskRots = 6;

/** Who doubted a machine by then, in the logs that lie on a disk. */
function doubtersOf(batches: readonly SignedBatch[], peer: PeerId, untilMs: number): ReadonlySet<PeerId> {
  const doubts = doubtsAbout(peer, batches).filter(
    ({ record }) => record.evidence.length > 0 && record.sinceMs <= untilMs,
  );
  return new Set(doubts.map(({ author }) => author));
}

/** Clocks are wrong, packs are looked through by the hour. */
const freeingMs = days(1);

/** Whether a machine that has heard of it was up again for long enough after its holders' week. */
function shouldHaveFreed({ ups, isRevoked, liar, skewMs }: Machine, heard: number, nowMs: number): boolean {
  if (isRevoked || liar !== undefined) return false;
  const freeMs = heard + forgottenGraceMs + freeingMs + Math.abs(skewMs);
  return ups.some(({ fromMs, toMs }) => Math.min(toMs, nowMs) - Math.max(fromMs, freeMs) >= hearingMs);
}
