// When packs that wait for the words of others are announced again: each at first soon, then ever more rarely, and together with all others
// that have waited as long. One that was just made hastens none that has waited for days.

import type { UnixMs } from '../../datasets/index.ts';
import { reminderMsMax, shardRetryMs } from '../limits.ts';
import type { PackId } from '../units.ts';

interface Reminder {
  readonly dueMs: number;
  readonly waitMs: number;
}

export class Reminders {
  #waiting: ReadonlyMap<PackId, Reminder> = new Map();
  #originMs: number | undefined;

  /** When the next one is due; infinite where nothing waits. */
  get nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#waiting.values()) nextMs = Math.min(nextMs, dueMs);
    return nextMs;
  }

  /** Takes all that wait now, and answers those that are due; what waits no more is forgotten. */
  due(packs: readonly PackId[], now: UnixMs): ReadonlySet<PackId> {
    const due = new Set<PackId>();
    const waiting = new Map<PackId, Reminder>();
    for (const pack of packs) {
      const known = this.#waiting.get(pack);
      if (known !== undefined && known.dueMs > now) {
        waiting.set(pack, known);
        continue;
      }
      due.add(pack);
      const waitMs = known === undefined ? shardRetryMs : Math.min(reminderMsMax, 2 * known.waitMs);
      waiting.set(pack, this.#after(waitMs, now));
    }
    this.#waiting = waiting;
    return due;
  }

  /** Under another plan other words are needed: with all of them from the beginning. */
  restart(): void {
    this.#waiting = new Map();
  }

  /** Those that wait equally long are due at the same moments, so that one word names many. */
  #after(waitMs: number, now: UnixMs): Reminder {
    this.#originMs ??= now;
    const turns = Math.floor((now - this.#originMs) / waitMs) + 1;
    return { dueMs: this.#originMs + turns * waitMs, waitMs };
  }
}
