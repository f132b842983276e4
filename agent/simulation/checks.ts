// The promises of DESIGN.md, looked at from outside: what lies on the disks is compared with what was promised. A
// violation is a sentence with numbers; the run goes on, so that one report shows all.

import { queuedFramesPerPeerMax } from '../limits.ts';
import type { PackId } from '../units.ts';
import type { Ledger } from './ledger.ts';
import { packsOf } from './ledger.ts';
import type { Machine } from './machine.ts';

/** Violations kept; one bug makes thousands. */
const violationsMax = 50;

export class Checks {
  readonly #machines: readonly Machine[];
  readonly #ledger: Ledger;
  readonly violations: string[] = [];
  /** Times a property was looked at and held. */
  readonly counts = { restorable: 0, quota: 0, plain: 0, queues: 0, restored: 0 };
  /** Smallest number of shards above k that any acknowledged pack ever had at a look. */
  marginLeast = Number.POSITIVE_INFINITY;

  constructor(machines: readonly Machine[], ledger: Ledger) {
    this.#machines = machines;
    this.#ledger = ledger;
  }

  violate(text: string): void {
    if (this.violations.length < violationsMax) this.violations.push(text);
  }

  /** Looks at everything that can be seen at one moment. */
  look(nowMs: number): void {
    this.#lookForShards(nowMs);
    for (const machine of this.#machines) {
      const { heldBytes, quotaBytes } = machine.platters;
      if (heldBytes > quotaBytes)
        this.violate(`machine ${machine.index} holds ${heldBytes} of ${quotaBytes} bytes`);
      this.counts.quota++;
      const waiting = machine.shell?.wire.queuedFramesMost ?? 0;
      if (waiting > queuedFramesPerPeerMax)
        this.violate(`${waiting} frames wait for one peer of machine ${machine.index}`);
      this.counts.queues++;
    }
  }

  /** Promise 1: at least k different intact shards of each acknowledged pack lie on disks that still exist. */
  #lookForShards(nowMs: number): void {
    const wanted = packsOf(this.#ledger.acknowledged);
    const found = this.#intactShards(wanted);
    for (const [pack, { redundancy }] of wanted) {
      const count = found.get(pack)?.size ?? 0;
      this.marginLeast = Math.min(this.marginLeast, count - redundancy.k);
      this.counts.restorable++;
      if (count < redundancy.k) {
        const [day, owner] = [(nowMs / 86_400_000).toFixed(2), this.#ownerOf(pack)];
        this.violate(
          `pack ${pack.slice(0, 8)} of machine ${owner}: ${count} shards of ${redundancy.k} on day ${day}`,
        );
      }
    }
  }

  #intactShards(wanted: ReadonlyMap<PackId, unknown>): ReadonlyMap<PackId, ReadonlySet<number>> {
    const found = new Map<PackId, Set<number>>();
    for (const { platters } of this.#machines) {
      for (const { descriptor, index } of platters.intactHeld()) {
        if (!wanted.has(descriptor.pack)) continue;
        const indexes = found.get(descriptor.pack);
        // Replicas are all alike: each holder's counts once, whatever its index.
        if (indexes === undefined) found.set(descriptor.pack, new Set([index]));
        else indexes.add(index);
      }
    }
    return found;
  }

  #ownerOf(pack: PackId): number {
    const promised = this.#ledger.acknowledged.find(({ descriptors }) =>
      descriptors.some((made) => made.pack === pack),
    );
    return this.#machines.findIndex(({ peer }) => peer === promised?.owner);
  }
}
