// Whose lease on the optimizer holds. It takes none itself, and does not judge what its holder does with it.

import { minutes, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { LeaseRecord } from '../codec/index.ts';
import { leaseClockErrorMsMax, leaseMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Membership } from './membership.ts';

/** No lease counts as taken longer before it was heard: whoever dates its own back would come before the one that holds. */
const backdatedMsMax = minutes(10);

export interface Lease {
  readonly peer: PeerId;
  readonly untilMs: UnixMs;
}

/** A lease as this agent heard it. */
interface HeardLease {
  /** By its author's clock, but hardly before it was heard: the order in which leases were taken. */
  readonly fromMs: UnixMs;
  readonly saidUntilMs: UnixMs;
  /** By this agent's clock. */
  readonly untilMs: UnixMs;
}

interface Candidate {
  readonly peer: PeerId;
  readonly lease: HeardLease;
}

export interface LeaseWord {
  readonly author: PeerId;
  readonly record: LeaseRecord;
  /** Before: it comes from the own disk. */
  readonly heard: 'now' | 'before';
  readonly now: UnixMs;
}

export class Leases {
  readonly #membership: Membership;
  readonly #planner: () => PeerId | undefined;
  readonly #heard = new Map<PeerId, HeardLease>();

  /** `planner`: who made the plan that is followed here. */
  constructor(membership: Membership, planner: () => PeerId | undefined) {
    this.#membership = membership;
    this.#planner = planner;
  }

  /**
   * The lease that holds now, of a machine that may have one and is not gone: that of whoever made the plan that is followed, as everybody
   * knows who that is, or else the earliest; ties go to the lower id.
   */
  at(now: UnixMs): Lease | undefined {
    let best: Candidate | undefined;
    for (const [peer, lease] of this.#heard) {
      if (isOver(lease, now)) this.#heard.delete(peer);
      if (lease.untilMs <= now || (best !== undefined && !this.#outranks({ peer, lease }, best))) continue;
      if (!this.#membership.isGone(peer, now) && this.#membership.hasRole(peer, 'optimizer'))
        best = { peer, lease };
    }
    return best === undefined ? undefined : { peer: best.peer, untilMs: best.lease.untilMs };
  }

  /** The lease of one machine, whoever else has one. */
  of(peer: PeerId, now: UnixMs): Lease | undefined {
    const untilMs = this.#heard.get(peer)?.untilMs ?? now;
    return untilMs <= now ? undefined : { peer, untilMs };
  }

  /**
   * A lease lasts as long as it says from when it was heard: its author's clock may be wrong by hours, and two optimizers of which
   * each thinks the other's lease over would overrule each other for ever. Those that ended long ago are of the past, and of those
   * from the own disk nobody knows when they were heard: they end when they say, and no later than if they were heard now. Nobody has
   * a longer lease than all, whatever it says, nor comes before one that was heard long before its own.
   */
  learn({ author, record: { fromMs, untilMs }, heard, now }: LeaseWord): void {
    const lastsMs = Math.min(leaseMs, untilMs - fromMs);
    const saidUntilMs = unixMs(fromMs + lastsMs);
    const endsMs = unixMs(heard === 'before' ? Math.min(saidUntilMs, now + lastsMs) : now + lastsMs);
    if (saidUntilMs < now - leaseClockErrorMsMax || lastsMs <= 0) return;
    const known = this.#heard.get(author);
    // A renewal keeps the place in the queue: the start stays the first one while leases follow without a gap.
    const continues = known !== undefined && fromMs <= known.saidUntilMs;
    const leastMs = heard === 'before' ? fromMs : now - backdatedMsMax;
    this.#heard.set(author, {
      fromMs: continues ? known.fromMs : unixMs(Math.max(fromMs, leastMs)),
      saidUntilMs,
      untilMs: endsMs,
    });
  }

  #outranks(a: Candidate, b: Candidate): boolean {
    const planner = this.#planner();
    return a.peer === planner || (b.peer !== planner && isEarlier(a, b));
  }
}

/** No renewal can follow it without a gap any more, whatever the clocks. */
const isOver = ({ untilMs, saidUntilMs }: HeardLease, now: UnixMs): boolean =>
  Math.max(untilMs, saidUntilMs) < now - 2 * leaseClockErrorMsMax;

const isEarlier = (a: Candidate, b: Candidate): boolean =>
  a.lease.fromMs < b.lease.fromMs || (a.lease.fromMs === b.lease.fromMs && a.peer < b.peer);
