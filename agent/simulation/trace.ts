// The fingerprint of a run: every thing that happened, mixed into 64 bits in order. Two runs with one seed must have
// one fingerprint; it is no cryptographic hash.

export class Trace {
  #low = 0x9e3779b9 | 0;
  #high = 0x85ebca6b | 0;
  #count = 0;

  /** Mixes one number; times and counts up to 2^53. */
  number(value: number): void {
    this.#mix(value | 0);
    this.#mix(Math.floor(value / 2 ** 32) | 0);
  }

  /** Mixes a short word. */
  word(value: string): void {
    let mixed = value.length;
    for (let index = 0; index < value.length; index++)
      mixed = (Math.imul(mixed, 31) + value.charCodeAt(index)) | 0;
    this.#mix(mixed);
  }

  get count(): number {
    return this.#count;
  }

  /** 16 hex digits. */
  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(value: number): void {
    // Two multiply-rotate lanes as in MurmurHash3's body (A. Appleby, 2011).
    this.#count++;
    this.#low = Math.imul((this.#low ^ value) | 0, 0xcc9e2d51);
    this.#low = ((this.#low << 15) | (this.#low >>> 17)) + this.#high;
    this.#high = Math.imul((this.#high ^ this.#low) | 0, 0x1b873593);
    this.#high = ((this.#high << 13) | (this.#high >>> 19)) + value;
  }
}
