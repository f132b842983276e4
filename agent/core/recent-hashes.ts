// Hashes of the newest batches of one log, by their numbers. A fleet of thousands has as many logs, and each agent remembers all of them: a list
// is a fifth of a map.

export class RecentHashes {
  /** The number of the first hash that is kept. */
  #first = 0;
  readonly #hashes: string[] = [];

  /** Undefined where it was never kept, or is not any more. */
  of(sequence: number): string | undefined {
    return this.#hashes[sequence - this.#first];
  }

  /** Keeps the newest `keptMax`, or a few more. A number that does not follow begins anew, as logs do that were pruned. */
  keep(sequence: number, { hash, keptMax }: { readonly hash: string; readonly keptMax: number }): void {
    const at = sequence - this.#first;
    if (at < 0 || at > this.#hashes.length) {
      this.#first = sequence;
      this.#hashes.length = 0;
    }
    this.#hashes[sequence - this.#first] = hash;
    const surplus = this.#hashes.length - keptMax;
    if (surplus <= keptMax / 8) return;
    this.#hashes.splice(0, surplus);
    this.#first += surplus;
  }

  forgetFrom(sequence: number): void {
    this.#hashes.length = Math.min(this.#hashes.length, Math.max(0, sequence - this.#first));
  }
}
