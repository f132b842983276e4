// When this machine first heard of batches from which it counts days by its own clock, as it noted then: restarts do not begin the days anew,
// and nobody else's clock shortens them.

import type { UnixMs } from '../../datasets/index.ts';
import { clockSkewMsMax, forgottenGraceMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { HeardForget } from './events.ts';

interface BatchName {
  readonly author: PeerId;
  readonly sequence: number;
}

const nameOf = ({ author, sequence }: BatchName): string => `${author}/${sequence}`;

/** By then all packs that a record named are freed, even on a machine that was off for long. */
const forgetKeptMs = 8 * forgottenGraceMs;

/**
 * Whether somebody may still need a note. What admins agreed on holds as long as their words: heard only now, it would wait again, for as many
 * admins as there are now.
 */
export const isNoteNeeded = ({ of, heardMs }: HeardForget, now: UnixMs): boolean =>
  of !== 'forget' || now - heardMs < forgetKeptMs;

export class NotedTimes {
  readonly #of: NonNullable<HeardForget['of']>;
  readonly #heardMs = new Map<string, UnixMs>();

  constructor(of: NonNullable<HeardForget['of']>) {
    this.#of = of;
  }

  /** What was noted before this start. A clock that was far ahead then would put all off until that date: such a note counts as none. */
  restore(heard: readonly HeardForget[], now: UnixMs): void {
    for (const one of heard)
      if ((one.of ?? this.#of) === this.#of && one.heardMs <= now + clockSkewMsMax)
        this.#heardMs.set(nameOf(one), one.heardMs);
  }

  of(batch: BatchName): UnixMs | undefined {
    return this.#heardMs.get(nameOf(batch));
  }

  /** Once for each batch. */
  note({ author, sequence }: BatchName, now: UnixMs): Effects {
    if (this.of({ author, sequence }) !== undefined) return [];
    this.#heardMs.set(nameOf({ author, sequence }), now);
    return [{ kind: 'noteForget', heard: { author, sequence, heardMs: now, of: this.#of } }];
  }
}
