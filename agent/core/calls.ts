// Whom work of this agent wants to speak to, until neighbours.ts has taken note of it, and of whom an answer is still awaited.

import type { PeerId } from '../units.ts';

/** How soon a machine that is called is wanted: `soon` waits where it was tried a short while ago. */
export type CallHaste = 'soon' | 'now';

const noCalls: ReadonlyMap<PeerId, CallHaste> = new Map();

export class Calls {
  #waiting = new Map<PeerId, CallHaste>();
  /** Machines that were called at once and have not answered yet. */
  readonly #expected = new Set<PeerId>();

  add(peer: PeerId, haste: CallHaste): void {
    if (this.#waiting.get(peer) !== 'now') this.#waiting.set(peer, haste);
  }

  expect(peer: PeerId): void {
    this.#expected.add(peer);
  }

  isExpected(peer: PeerId): boolean {
    return this.#expected.has(peer);
  }

  /** It answered, or it did not. */
  end(peer: PeerId): void {
    this.#expected.delete(peer);
  }

  /** Who was called since this was last asked. */
  take(): ReadonlyMap<PeerId, CallHaste> {
    if (this.#waiting.size === 0) return noCalls;
    const taken = this.#waiting;
    this.#waiting = new Map();
    return taken;
  }

  clear(): void {
    this.#waiting.clear();
    this.#expected.clear();
  }
}
