// Who has which shard of one pack: pairs of an index and a machine, mostly one a slot. A machine knows hundreds of thousands of packs: one array
// of pairs serves all packs of which the same was said. Order is that in which the words came.

import { SharedValues } from '../shared-values.ts';
import type { PeerId } from '../units.ts';

/** index, machine, index, machine … */
export type Pairs = readonly (number | PeerId)[];

export const noPairs: Pairs = [];

const shared = new SharedValues<Pairs>();

export class ShardHolders {
  readonly #lists: Pairs[];
  readonly #at: number;

  /** Looks at one place of a list: who looks at the same one sees the same holders. */
  constructor(lists: Pairs[] = [noPairs], at = 0) {
    this.#lists = lists;
    this.#at = at;
  }

  get #pairs(): Pairs {
    return this.#lists[this.#at]!;
  }

  set #pairs(pairs: Pairs) {
    this.#lists[this.#at] = pairs.length === 0 ? noPairs : shared.of(pairs.join(' '), () => pairs);
  }

  /** Pairs. */
  get size(): number {
    return this.#pairs.length / 2;
  }

  has(index: number, peer: PeerId): boolean {
    const pairs = this.#pairs;
    for (let at = 0; at < pairs.length; at += 2)
      if (pairs[at] === index && pairs[at + 1] === peer) return true;
    return false;
  }

  /** Whether a machine has any. */
  hasPeer(peer: PeerId): boolean {
    const pairs = this.#pairs;
    for (let at = 1; at < pairs.length; at += 2) if (pairs[at] === peer) return true;
    return false;
  }

  /** Whether that is news. */
  add(index: number, peer: PeerId): boolean {
    if (this.has(index, peer)) return false;
    // Of that length exactly; what is spread into has room for more.
    this.#pairs = this.#pairs.concat(index, peer);
    return true;
  }

  /** Takes one shard away from a machine, or all. */
  delete(peer: PeerId, index?: number): void {
    if (!this.hasPeer(peer)) return;
    const left = [...this].filter(([at, who]) => who !== peer || (index ?? at) !== at);
    this.#pairs = left.flat();
  }

  clear(): void {
    this.#pairs = noPairs;
  }

  /** Machines that have a shard. */
  of(index: number): readonly PeerId[] {
    const pairs = this.#pairs;
    const peers: PeerId[] = [];
    for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === index) peers.push(pairs[at + 1] as PeerId);
    return peers;
  }

  /** Indexes of the shards that a machine has. */
  indexesOf(peer: PeerId): readonly number[] {
    return [...this].filter(([, who]) => who === peer).map(([index]) => index);
  }

  /** Indexes that anybody has, ascending. */
  indexes(): readonly number[] {
    return [...new Set([...this].map(([index]) => index))].toSorted((a, b) => a - b);
  }

  /** Indexes that any of those machines has, as the bits of an `IndexSet`. Makes nothing new: it is asked of hundreds of thousands of packs. */
  bitsOf(counts: (peer: PeerId) => boolean): number {
    const pairs = this.#pairs;
    let bits = 0;
    for (let at = 0; at < pairs.length; at += 2)
      if (counts(pairs[at + 1] as PeerId)) bits |= 1 << (pairs[at] as number);
    return bits;
  }

  *[Symbol.iterator](): IterableIterator<readonly [index: number, peer: PeerId]> {
    const pairs = this.#pairs;
    for (let at = 0; at < pairs.length; at += 2) yield [pairs[at] as number, pairs[at + 1] as PeerId];
  }
}
