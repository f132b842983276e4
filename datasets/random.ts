// Repeatable randomness: the same seed gives the same numbers on every machine, and each fork is a stream of its own.
// Not for secrets. It never reads a clock or the system's entropy.

import { createHash } from 'node:crypto';

/** A stream of repeatable random numbers. */
export interface Random {
  /** Uniform in [0, 1), with 53 random bits. */
  fraction(): number;
  /** A whole number, uniform in 0..n − 1, for 1 ≤ n ≤ 2^53. */
  below(n: number): number;
  /** Standard normal. */
  normal(): number;
  /** A stream that depends on this one's seed and the label, and not on how many numbers were drawn before. */
  fork(label: string | number): Random;
}

/**
 * Makes the stream of a seed; `1` and `'1'` are the same seed.
 * The numbers come from sfc32 (C. Doty-Humphrey, PractRand 0.95, 2010; 128 bits of state with a counter, so the period
 * is at least 2^32), the state from SHA-256 of the seed, so that close seeds give unrelated streams.
 */
export function createRandom(seed: number | string): Random {
  return new Sfc32(createHash('sha256').update(`seed:${seed}`).digest());
}

class Sfc32 implements Random {
  readonly #key: Buffer;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(key: Buffer) {
    this.#key = key;
    this.#a = key.readInt32LE(0);
    this.#b = key.readInt32LE(4);
    this.#c = key.readInt32LE(8);
    this.#counter = key.readInt32LE(12);
  }

  #next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  fraction(): number {
    const high = this.#next32() >>> 5;
    const low = this.#next32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  below(n: number): number {
    return Math.floor(this.fraction() * n);
  }

  normal(): number {
    // Box and Muller (1958); 1 − fraction is never 0, so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.fraction()));
    return radius * Math.cos(2 * Math.PI * this.fraction());
  }

  fork(label: string | number): Random {
    return new Sfc32(createHash('sha256').update(this.#key).update(`fork:${label}`).digest());
  }
}
