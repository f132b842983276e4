// Whose clock differs from the one here, by the dates of what machines write. Leases, certificates and deletions go by clocks, within a day or so
// of each other; people have to set them, and this says which. It changes nothing.

import { hours, minutes, type UnixMs } from '../../datasets/index.ts';
import type { SignedBatch } from '../codec/index.ts';
import type { PeerId } from '../units.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';

/** What was heard of a machine, as it came. A lead is the date of a word from the clock here on. */
interface Words {
  /** Of the last one. */
  readonly leadMs: number;
  readonly heardMs: UnixMs;
  /** Of those of some hours the one that was under way for the least time. */
  readonly bestLeadMs: number;
  readonly bestMs: UnixMs;
  /** Since when it is heard without a pause. */
  readonly sinceMs: UnixMs;
}

/** Nobody's words come sooner than they are written: a clock that is so far ahead is wrong, or the one here is. */
const aheadMsMin = minutes(10);
/** Words may be under way for a while: so late says something only where most machines are, all the time. */
const behindMsMin = hours(1);
/** Machines that are on say something each hour: within this time one word comes at once, however much older ones came with it. */
const settleMs = hours(2);
const freshMs = hours(3);
/** Of fewer machines nobody knows which one is wrong. */
const witnessesMin = 2;

export class Clocks {
  readonly hears = ['started', 'connected', 'batchStored', 'tick'] as const;
  readonly #membership: Membership;
  readonly #words = new Map<PeerId, Words>();
  /** The own disk is being read: what it says came long ago. */
  #isReading = false;
  #tickMs: UnixMs | undefined;

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  handle(event: EventOf<Clocks['hears'][number]>): readonly [] {
    if (event.kind === 'batchStored') this.#learn(event.batch, event.now);
    else this.#isReading = event.kind === 'started';
    if (event.kind === 'tick') this.#notice(event.now);
    return [];
  }

  /**
   * Machines whose clock is wrong, and how far each is from the one here, in ms, ahead where positive; right are all others, as far as anybody can
   * tell from here. Of this machine itself: as most of those say that are up.
   */
  wrong(now: UnixMs): ReadonlyMap<PeerId, number> {
    const { self, machines } = this.#membership;
    const own = this.#ownWrongBy(now);
    // Measured by a wrong clock all others are wrong.
    if (own !== undefined) return new Map([[self, own]]);
    return new Map(
      machines.flatMap((peer): [PeerId, number][] => {
        const leadMs = this.#freshWords(peer, now)?.leadMs ?? 0;
        return leadMs < aheadMsMin ? [] : [[peer, leadMs]];
      }),
    );
  }

  /** After a sleep, or a clock that was set, what was heard before says nothing. */
  #notice(now: UnixMs): void {
    if (this.#tickMs !== undefined && Math.abs(now - this.#tickMs) >= aheadMsMin) this.#words.clear();
    this.#tickMs = now;
  }

  #ownWrongBy(now: UnixMs): number | undefined {
    const heard = this.#membership.machines
      .filter((peer) => peer !== this.#membership.self && this.#membership.isUp(peer))
      .flatMap((peer) => this.#freshWords(peer, now) ?? []);
    if (heard.length < witnessesMin) return undefined;
    // More than half of them are so far away, or further.
    const ahead = heard.map(({ leadMs }) => leadMs).toSorted(descending)[Math.floor(heard.length / 2)]!;
    if (ahead >= aheadMsMin) return -ahead;
    const settled = heard.filter(({ sinceMs }) => now - sinceMs >= settleMs);
    if (settled.length < witnessesMin) return undefined;
    const behind = settled.map(({ bestLeadMs }) => bestLeadMs).toSorted(descending)[
      Math.ceil(settled.length / 2) - 1
    ]!;
    return behind <= -behindMsMin ? -behind : undefined;
  }

  #freshWords(peer: PeerId, now: UnixMs): Words | undefined {
    const words = this.#words.get(peer);
    return words === undefined || !isFresh(words.heardMs, now) ? undefined : words;
  }

  #learn({ author, atMs }: SignedBatch, now: UnixMs): void {
    if (this.#isReading || author === this.#membership.self) return;
    const leadMs = atMs - now;
    const before = this.#freshWords(author, now);
    const isBest = before === undefined || leadMs >= before.bestLeadMs || !isFresh(before.bestMs, now);
    this.#words.set(author, {
      leadMs,
      heardMs: now,
      bestLeadMs: isBest ? leadMs : before.bestLeadMs,
      bestMs: isBest ? now : before.bestMs,
      sinceMs: before?.sinceMs ?? now,
    });
  }
}

const descending = (a: number, b: number): number => b - a;

const isFresh = (heardMs: UnixMs, now: UnixMs): boolean => now - heardMs <= freshMs;
