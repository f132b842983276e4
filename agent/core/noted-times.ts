// When this machine first heard of batches from which it counts days by its own clock, as it noted then: restarts do not begin the days anew,
// and nobody else's clock shortens them.

import type { UnixMs } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { HeardForget } from './events.ts';

interface BatchName {
  readonly author: PeerId;
  readonly sequence: number;
}

const nameOf = ({ author, sequence }: BatchName): string => `${author}/${sequence}`;

export class NotedTimes {
  readonly #heardMs = new Map<string, UnixMs>();

  /** What was noted before this start. */
  restore(heard: readonly HeardForget[]): void {
    for (const one of heard) this.#heardMs.set(nameOf(one), one.heardMs);
  }

  of(batch: BatchName): UnixMs | undefined {
    return this.#heardMs.get(nameOf(batch));
  }

  /** Once for each batch. */
  note({ author, sequence }: BatchName, now: UnixMs): Effects {
    if (this.of({ author, sequence }) !== undefined) return [];
    this.#heardMs.set(nameOf({ author, sequence }), now);
    return [{ kind: 'noteForget', heard: { author, sequence, heardMs: now } }];
  }
}
