// The promises of DESIGN.md, looked at from outside: what lies on the disks is compared with what was promised. A
// violation is a sentence with numbers; the run goes on, so that one report shows all.

import { dayMs, days } from '../../datasets/index.ts';
import type { PackDescriptor, ShardKey } from '../codec/index.ts';
import { forgottenGraceMs, queuedFramesPerPeerMax } from '../limits.ts';
import type { PackId } from '../units.ts';
import { type Ledger, packsOf, type Promised } from './ledger.ts';
import type { Machine } from './machine.ts';

/** A long weekend: by then every machine was on and heard what was given up. */
const hearingMsMax = days(4);
/** Violations kept; one bug makes thousands. */
const violationsMax = 50;

export class Checks {
  readonly #machines: readonly Machine[];
  readonly #ledger: Ledger;
  readonly #startMs: number;
  /** Shards that the world itself took (rot, fire) and that have not been put back since. */
  readonly #harmed = new Map<PackId, Set<number>>();
  readonly violations: string[] = [];
  /** Times a property was looked at. */
  readonly counts = {
    restorable: 0,
    known: 0,
    quota: 0,
    plain: 0,
    queues: 0,
    restored: 0,
    harmedBeyondRepair: 0,
  };
  /** Smallest number of shards above k that any acknowledged pack ever had at a look. */
  marginLeast = Number.POSITIVE_INFINITY;

  constructor(machines: readonly Machine[], ledger: Ledger, startMs: number) {
    this.#machines = machines;
    this.#ledger = ledger;
    this.#startMs = startMs;
  }

  violate(text: string): void {
    if (this.violations.length < violationsMax) this.violations.push(text);
  }

  /** The world harmed a shard: the promise speaks of k of those that were left alone. */
  noteHarm({ pack, index }: ShardKey): void {
    const harmed = this.#harmed.get(pack) ?? new Set();
    this.#harmed.set(pack, harmed.add(index));
  }

  /** Looks at everything that can be seen at one moment. */
  look(nowMs: number): void {
    this.#lookForShards(nowMs);
    this.#lookForHeads(nowMs);
    for (const machine of this.#machines) {
      const { heldBytes, quotaBytes } = machine.platters;
      if (heldBytes > quotaBytes && !machine.isDestroyed)
        this.violate(`machine ${machine.index} holds ${heldBytes} of ${quotaBytes} bytes`);
      this.counts.quota++;
      const waiting = machine.shell?.wire.queuedFramesMost ?? 0;
      if (waiting > queuedFramesPerPeerMax)
        this.violate(`${waiting} frames wait for one peer of machine ${machine.index}`);
      this.counts.queues++;
    }
  }

  /** Different intact shards of every pack, on disks that still exist; a whole pack in an outbox counts as all. */
  intactShards(): ReadonlyMap<PackId, ReadonlySet<number>> {
    const found = new Map<PackId, Set<number>>();
    for (const { platters } of this.#machines) {
      for (const { descriptor, index } of platters.intactHeld()) {
        const indexes = found.get(descriptor.pack);
        if (indexes === undefined) found.set(descriptor.pack, new Set([index]));
        else indexes.add(index);
      }
    }
    return found;
  }

  /** Whether the world took so much of a pack that nobody could have kept it. */
  isBeyondRepair({ pack, redundancy }: PackDescriptor, intact: ReadonlySet<number>): boolean {
    const harmed = this.#harmed.get(pack) ?? new Set<number>();
    for (const index of intact) harmed.delete(index);
    return intact.size < redundancy.k && intact.size + harmed.size >= redundancy.k;
  }

  /** Promise 1: at least k different intact shards of each acknowledged pack lie on disks that still exist. */
  #lookForShards(nowMs: number): void {
    const intact = this.intactShards();
    const nobody = new Set<number>();
    for (const descriptor of packsOf(this.#promisedAt(nowMs)).values()) {
      const { pack, redundancy } = descriptor;
      const indexes = intact.get(pack) ?? nobody;
      this.counts.restorable++;
      if (this.isBeyondRepair(descriptor, indexes)) {
        this.counts.harmedBeyondRepair++;
        continue;
      }
      this.marginLeast = Math.min(this.marginLeast, indexes.size - redundancy.k);
      if (indexes.size >= redundancy.k) continue;
      const [day, owner] = [((nowMs - this.#startMs) / dayMs).toFixed(2), this.#ownerOf(pack)];
      this.violate(
        `pack ${pack.slice(0, 8)} of machine ${owner}: ${indexes.size} shards of ${redundancy.k} on day ${day}`,
      );
    }
  }

  /** What was given up stays until the holders' time is over. */
  #promisedAt(nowMs: number): readonly Promised[] {
    const inGrace = this.#ledger.givenUp.filter(
      ({ givenUpMs }) => nowMs - (givenUpMs ?? 0) < forgottenGraceMs,
    );
    return [...this.#ledger.acknowledged, ...inGrace];
  }

  /** Shards of packs that were given up so long ago that every holder must have heard of it and waited its time. */
  countLeftOver(nowMs: number): number {
    const old = this.#ledger.givenUp.filter(
      ({ givenUpMs }) => nowMs - (givenUpMs ?? 0) > forgottenGraceMs + hearingMsMax,
    );
    const packs = packsOf(old);
    let count = 0;
    for (const { platters, isDestroyed } of this.#machines) {
      if (isDestroyed) continue;
      for (const { descriptor } of platters.intactHeld()) if (packs.has(descriptor.pack)) count++;
    }
    return count;
  }

  /** Promise 1 again: shards alone are of no use to a new machine if nobody but the owner knows the snapshot. */
  #lookForHeads(nowMs: number): void {
    for (const { owner, number, snapshot } of this.#ledger.acknowledged) {
      this.counts.known++;
      const isKnown = this.#machines.some(
        (machine) =>
          machine.peer !== owner && !machine.isDestroyed && machine.shelves.snapshots.has(snapshot),
      );
      if (isKnown) continue;
      const day = ((nowMs - this.#startMs) / dayMs).toFixed(2);
      const at = this.#machines.findIndex(({ peer }) => peer === owner);
      this.violate(`snapshot ${number} of machine ${at} is known to nobody else on day ${day}`);
    }
  }

  #ownerOf(pack: PackId): number {
    const promised = this.#ledger.acknowledged.find(({ descriptors }) =>
      descriptors.some((made) => made.pack === pack),
    );
    return this.#machines.findIndex(({ peer }) => peer === promised?.owner);
  }
}
