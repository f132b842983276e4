// When whom to dial again: soon after a blip, ever more rarely after that. Whom at all is decided elsewhere (neighbours.ts).

import { seconds, type UnixMs } from '../../datasets/index.ts';
import { absentDialsMax, retryMsMax, retryMsMin } from '../limits.ts';
import { dialAnswerMs } from '../mesh-limits.ts';
import type { PeerId } from '../units.ts';

interface Dial {
  atMs: number;
  waitMs: number;
  count: number;
  /** When it was first dialled; undefined before that. */
  dialledMs: UnixMs | undefined;
  lastDialledMs: UnixMs | undefined;
  /** That nobody answered the last dial was told. */
  isTold: boolean;
}

/** A dial fails while the other side starts, or both dial at once: that is over in seconds. */
const quickDialsMax = 3;
const quickDialGrowth = 2;
/** After that the wait before the next dial, from half a minute on. */
const laterWaitMs = seconds(30);
/** Where a network was cut in the middle nobody comes back by itself: after minutes apart the two sides meet within minutes. A night lasts hours. */
const dialWaitGrowth = 5;
/** When such a cut is over all others are dialled in this time. */
const reunionMs = seconds(30);

/** Whether the first few dials follow each other in seconds. In a large fleet each machine has others to speak to meanwhile. */
export type DialHaste = 'quick first' | 'patient';

export class Dialing {
  readonly #fraction: () => number;
  readonly #dials = new Map<PeerId, Dial>();
  #nextMs = 0;

  constructor(fraction: () => number) {
    this.#fraction = fraction;
  }

  /** Whether a machine is dialled now and then. */
  has(peer: PeerId): boolean {
    return this.#dials.has(peer);
  }

  /** Dials a machine first at `atMs`, whatever was tried before. */
  schedule(peer: PeerId, atMs: number): void {
    const never = { dialledMs: undefined, lastDialledMs: undefined, isTold: false };
    this.#dials.set(peer, { atMs, waitMs: retryMsMin, count: 0, ...never });
    this.#nextMs = Math.min(this.#nextMs, atMs);
  }

  /** Nobody wants it any more. */
  end(peer: PeerId): void {
    this.#dials.delete(peer);
  }

  /**
   * It is there. Whoever was off dials by itself when it is back: one that was absent for long and answers a dial was cut off, or this machine
   * was, and so may the others have been. They are dialled soon.
   */
  met(peer: PeerId, now: UnixMs): void {
    const dial = this.#dials.get(peer);
    this.#dials.delete(peer);
    if (dial === undefined || dial.waitMs <= laterWaitMs || dial.lastDialledMs === undefined) return;
    if (now - dial.lastDialledMs < dialAnswerMs) this.#dialAllSoon(now);
  }

  #dialAllSoon(now: UnixMs): void {
    for (const dial of this.#dials.values()) {
      dial.atMs = Math.min(dial.atMs, now + reunionMs * this.#fraction());
      this.#nextMs = Math.min(this.#nextMs, dial.atMs);
    }
  }

  /** Those that nobody wants any more are not dialled again. */
  keepOnly(isWanted: (peer: PeerId) => boolean): void {
    for (const peer of this.#dials.keys()) if (!isWanted(peer)) this.#dials.delete(peer);
  }

  /** Whether it was dialled, and has not answered in the time that an answer takes. */
  isUnanswered(peer: PeerId, now: UnixMs): boolean {
    const dialledMs = this.#dials.get(peer)?.dialledMs;
    return dialledMs !== undefined && now - dialledMs >= dialAnswerMs;
  }

  /** Those that did not answer, each once after it was dialled: meanwhile others may have had words of it. */
  takeUnanswered(now: UnixMs): readonly PeerId[] {
    const found: PeerId[] = [];
    for (const [peer, dial] of this.#dials) {
      const { isTold, lastDialledMs } = dial;
      if (isTold || lastDialledMs === undefined || now - lastDialledMs < dialAnswerMs) continue;
      dial.isTold = true;
      found.push(peer);
    }
    return found;
  }

  /** Those to dial now. Their next turn comes later, and counts from now. */
  due(now: UnixMs, haste: DialHaste): readonly PeerId[] {
    if (now < this.#nextMs) return [];
    const due: PeerId[] = [];
    // Whoever comes back dials by itself: where many are away, asking each every quarter of an hour is only noise.
    const patience = Math.max(1, this.#dials.size / absentDialsMax);
    let next = Number.POSITIVE_INFINITY;
    for (const [peer, dial] of this.#dials) {
      if (dial.atMs <= now) {
        due.push(peer);
        dial.dialledMs ??= now;
        dial.lastDialledMs = now;
        dial.isTold = false;
        dial.atMs = now + patience * this.#waitMs(dial, haste) * (0.75 + 0.5 * this.#fraction());
      }
      next = Math.min(next, dial.atMs);
    }
    this.#nextMs = next;
    return due;
  }

  /** Until the next dial of one that is dialled now. */
  #waitMs(dial: Dial, haste: DialHaste): number {
    if (haste === 'quick first' && dial.count < quickDialsMax)
      return retryMsMin * quickDialGrowth ** ++dial.count;
    dial.waitMs = Math.min(retryMsMax, Math.max(laterWaitMs, dial.waitMs * dialWaitGrowth));
    return dial.waitMs;
  }
}
