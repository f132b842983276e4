// Whom to ask again what they have of a pack that is wanted here: words are forgotten where a transfer failed, and nobody repeats
// them before the next day. It believes nothing: answers are for repair.ts.

import type { UnixMs } from '../../datasets/index.ts';
import { reminderMsMax, shardRetryMs } from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import { NextTime } from './next-time.ts';

interface Inquiry {
  readonly next: NextTime;
  waitMs: number;
}

export class Inquiries {
  readonly #open = new Map<PackId, Inquiry>();

  /** Asks `peers` about one pack, at first soon again, then ever more rarely. */
  ask(pack: PackId, peers: readonly PeerId[], now: UnixMs): Effects {
    const open = this.#open.get(pack) ?? { next: new NextTime(), waitMs: 6 * shardRetryMs };
    this.#open.set(pack, open);
    if (!open.next.hasCome(now)) return [];
    open.next.waitFor(open.waitMs, now);
    open.waitMs = Math.min(reminderMsMax, 2 * open.waitMs);
    return peers.map((to): CoreEffect => ({
      kind: 'send',
      to,
      message: { kind: 'shardsAsk', packs: [pack] },
    }));
  }

  /** Under a new plan others have it, or should. */
  clear(): void {
    this.#open.clear();
  }

  /** The pack is here, or not wanted any more. */
  end(pack: PackId): void {
    this.#open.delete(pack);
  }
}
