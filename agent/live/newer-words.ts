// Machines that speak in words of a newer version of Drey, which are refused here. Whoever wrote the older version could not know them: that there are
// some is all that can be told.

import type { UnixMs } from '../../datasets/index.ts';
import type { PeerId } from '../units.ts';
import { newerWordsNewsMsMax } from './limits.ts';

export class NewerWords {
  readonly #refusedMs = new Map<PeerId, UnixMs>();

  /** A word of this machine was refused. */
  note(peer: PeerId, now: UnixMs): void {
    this.#refusedMs.set(peer, now);
  }

  /** Those of which one was refused a short while ago: who was updated, or went back to the older version, is forgotten. */
  speakers(now: UnixMs): readonly PeerId[] {
    return [...this.#refusedMs].filter(([, atMs]) => now - atMs < newerWordsNewsMsMax).map(([peer]) => peer);
  }
}
