// A set of shard indexes as the bits of one number of an array. A holder knows hundreds of thousands of packs, and an empty `Set` alone takes
// 200 bytes.

import { shardCountMax } from '../limits.ts';

/** Indexes from 0 to `shardCountMax` − 1, in their order. */
export class IndexSet implements Iterable<number> {
  readonly #numbers: Uint32Array;
  readonly #at: number;

  /** Looks at one number of an array: who looks at the same one sees the same set. */
  constructor(numbers: Uint32Array = new Uint32Array(1), at = 0) {
    this.#numbers = numbers;
    this.#at = at;
  }

  /** Bit i stands for index i. */
  get bits(): number {
    return this.#numbers[this.#at]!;
  }

  set #bits(bits: number) {
    this.#numbers[this.#at] = bits;
  }

  get size(): number {
    return countBits(this.bits);
  }

  has(index: number): boolean {
    return isIndex(index) && ((this.bits >>> index) & 1) === 1;
  }

  /** Throws a RangeError for what is no index of a shard. */
  add(index: number): this {
    if (!isIndex(index)) throw new RangeError(`${index} is no index of a shard`);
    this.#bits = this.bits | (1 << index);
    return this;
  }

  /** Whether it was there. */
  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.#bits = this.bits & ~(1 << index);
    return true;
  }

  clear(): void {
    this.#bits = 0;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let rest = this.bits; rest !== 0; rest &= rest - 1) yield 31 - Math.clz32(rest & -rest);
  }
}

/** How many indexes some bits stand for. */
export function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

const isIndex = (index: number): boolean => Number.isInteger(index) && index >= 0 && index < shardCountMax;
