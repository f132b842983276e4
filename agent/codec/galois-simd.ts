// Sums of scaled shards over GF(256), 16 bytes at a time: each product is two look-ups in tables of 16 (Plank et al., FAST'13).
// A WebAssembly module written out byte by byte, so nothing is built; galois.ts is the fallback and the oracle.

import {
  add,
  again,
  end,
  get,
  int32,
  isLess,
  type Kernel,
  loop,
  number,
  set,
  simd,
  startKernel,
  subtract,
  tee,
  vector,
} from './assembly.ts';
import { addScaled, multiply } from './galois.ts';

/** A part of every slice at once, small enough for the processor's inner caches. */
const blockBytes = 16 * 1024;
const tableBytes = 32;
const sourceCountMax = 32;
const tablesAt = 0;
const outAt = tableBytes * sourceCountMax;
const sourcesAt = outAt + blockBytes;
const pageBytes = 65_536;
const pageCount = Math.ceil((sourcesAt + blockBytes * sourceCountMax) / pageBytes);

const load = (offset: number): readonly number[] => simd(0x00, 0, offset);
const [swizzle, andVector, xor, shiftRight] = [simd(0x0e), simd(0x4e), simd(0x51), simd(0x6d)];
const sixteen = (byte: number): readonly number[] => simd(0x0c, ...Array.from({ length: 16 }, () => byte));

/** run(sources, byteCount, tables, from, to): parameters are locals 0 to 4, then four numbers and two vectors. */
const [sources, byteCount, tables, from, to, at, left, source, table, sum, bytes] = Array.from(
  { length: 11 },
  (_, local) => local,
) as [number, number, number, number, number, number, number, number, number, number, number];

const body: readonly number[] = [
  loop,
  [...sixteen(0), ...set(sum), ...get(sources), ...set(left), ...get(tables), ...set(table)],
  [...get(from), ...get(at), add, ...set(source)],
  loop,
  [...get(source), ...load(0), ...set(bytes)],
  [...get(sum), ...get(table), ...load(0), ...get(bytes), ...sixteen(0x0f), ...andVector, ...swizzle, ...xor],
  [...get(table), ...load(16), ...get(bytes), ...number(4), ...shiftRight, ...swizzle, ...xor, ...set(sum)],
  [...get(source), ...get(byteCount), add, ...set(source)],
  [...get(table), ...number(32), add, ...set(table)],
  [...get(left), ...number(1), subtract, ...tee(left), ...again],
  [end],
  [...get(to), ...get(at), add, ...get(sum), ...simd(0x0b, 0, 0)],
  [...get(at), ...number(16), add, ...tee(at), ...get(byteCount), isLess, ...again],
  [end],
].flat();

const locals = [
  [4, int32],
  [2, vector],
] as const;

let kernel: Kernel | 'none' | undefined;

/** Products of a factor with 0..15, and with 0, 16, 32 … 240. */
function tableOf(factor: number): Uint8Array {
  return Uint8Array.from({ length: tableBytes }, (_, index) =>
    multiply(factor, index < 16 ? index : (index - 16) << 4),
  );
}

export interface Combination {
  /** Up to `shardBytes` long each, as if padded with zeros. */
  readonly slices: readonly Uint8Array[];
  /** One row of factors, one for each slice, for each result. */
  readonly rows: readonly Uint8Array[];
  readonly shardBytes: number;
}

/** For each row the sum of all slices, each times its factor. */
export function combineShards(combination: Combination): readonly Uint8Array[] {
  kernel ??= startKernel({ pageCount, parameterCount: 5, results: [], locals, body }) ?? 'none';
  if (kernel === 'none' || combination.slices.length > sourceCountMax) return combinePlainly(combination);
  const { slices, rows, shardBytes } = combination;
  const shards = rows.map(() => new Uint8Array(shardBytes));
  const tablesOf = rows.map((row) => Array.from(row, tableOf));
  for (let start = 0; start < shardBytes; start += blockBytes) {
    const length = Math.min(blockBytes, shardBytes - start);
    loadSlices(kernel, slices, { start, length });
    for (const [index, shard] of shards.entries()) {
      for (const [column, factors] of tablesOf[index]!.entries())
        kernel.memory.set(factors, tablesAt + tableBytes * column);
      kernel.run(slices.length, blockBytes, tablesAt, sourcesAt, outAt);
      shard.set(kernel.memory.subarray(outAt, outAt + length), start);
    }
  }
  return shards;
}

function loadSlices(
  { memory }: Kernel,
  slices: readonly Uint8Array[],
  { start, length }: { readonly start: number; readonly length: number },
): void {
  for (const [column, slice] of slices.entries()) {
    const part = slice.subarray(start, start + length);
    const place = sourcesAt + blockBytes * column;
    memory.set(part, place);
    if (part.length < length) memory.fill(0, place + part.length, place + length);
  }
}

/** The same by plain tables: the fallback and the oracle. */
export function combinePlainly({ slices, rows, shardBytes }: Combination): readonly Uint8Array[] {
  return rows.map((row) => {
    const shard = new Uint8Array(shardBytes);
    for (const [column, slice] of slices.entries()) addScaled(shard, slice, row[column]!);
    return shard;
  });
}
