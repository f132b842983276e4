// The chunker's rolling hash over one block of bytes, in WebAssembly. Each byte's hash waits for the last one's, so four stretches are
// hashed side by side: a hash knows its last 32 bytes only, and starts anywhere from those. gear-search.ts is the fallback and the oracle.

import {
  add,
  again,
  and,
  end,
  get,
  int32,
  isLess,
  isZero,
  type Kernel,
  leave,
  loadByte,
  loadInt,
  loop,
  number,
  select,
  set,
  shiftLeft,
  startKernel,
  storeInt,
  subtract,
  tee,
  when,
} from './assembly.ts';
import { sha256 } from './keys.ts';

/** 256 pseudo-random words, the same for ever: the first four bytes of SHA-256("drey gear v1 " ‖ byte), big endian. */
export const gear = Int32Array.from({ length: 256 }, (_, byte) => {
  const digest = sha256(new TextEncoder().encode(`drey gear v1 ${byte}`));
  return new DataView(digest.buffer).getInt32(0);
});

/** Bytes that a hash of 32 bits knows of. */
const reachBytes = 32;
const laneBytes = 4096;
const laneCount = 4;
export const blockBytes = laneBytes * laneCount;
/** In its memory: the words of `gear`, then the hash after a block, then the block. */
export const hashAt = 4 * gear.length;
export const blockAt = hashAt + 4;

/** run(block, mask, hash, hashAt): parameters are locals 0 to 3, then three hashes, three cuts, where it reads and where it ends. */
const [block, mask, hash0, hashOut, hash1, hash2, hash3, cut1, cut2, cut3, at, to] = Array.from(
  { length: 12 },
  (_, local) => local,
) as [number, number, number, number, number, number, number, number, number, number, number, number];

/** hash = (hash « 1) + gear[byte at `at` + offset] */
const roll = (hash: number, offset: number): readonly number[] =>
  [
    [...get(hash), ...number(1), shiftLeft],
    [...get(at), ...loadByte(offset), ...number(2), shiftLeft, ...loadInt],
    [add, ...set(hash)],
  ].flat();

const meetsMask = (hash: number): readonly number[] => [...get(hash), ...get(mask), and, isZero];

/** Bytes of the block up to this one of a lane, this one included; the offset of a lane has more than one byte as a number. */
const cutIn = (lane: number): readonly number[] =>
  [
    [...get(at), ...get(block), subtract, ...number(1), add],
    ...Array.from({ length: lane }, () => addLane),
  ].flat();

/** `laneBytes`, as a number that fits into one byte and a shift. */
const addLane = [...number(1), ...number(Math.log2(laneBytes)), shiftLeft, add];

const rollLane = (lane: number, hash: number, cut: number): readonly number[] =>
  [
    roll(hash, lane * laneBytes),
    [...meetsMask(hash), ...when, ...get(cut), isZero, ...when, ...cutIn(lane), ...set(cut), end, end],
  ].flat();

const nextByte = [...get(at), ...number(1), add, ...tee(at), ...get(to), isLess, ...again];

const body: readonly number[] = [
  // The last bytes before each lane but the first.
  [...get(block), ...tee(at), ...number(reachBytes), add, ...set(to)],
  loop,
  [hash1, hash2, hash3].flatMap((hash, lane) => roll(hash, (lane + 1) * laneBytes - reachBytes)),
  [...nextByte, end],
  [...get(block), ...tee(at), ...addLane, ...set(to)],
  loop,
  [...roll(hash0, 0), ...meetsMask(hash0), ...when, ...cutIn(0), leave, end],
  [...rollLane(1, hash1, cut1), ...rollLane(2, hash2, cut2), ...rollLane(3, hash3, cut3)],
  [...nextByte, end],
  [...get(hashOut), ...get(hash3), ...storeInt],
  [...get(cut1), ...get(cut2), ...get(cut3), ...get(cut2), select, ...get(cut1), select],
].flat();

/**
 * `run(blockAt, mask, hash, hashAt)`: the first byte of the block after which the hash meets the mask, counted from 1; 0 where there is none,
 * and the hash at `hashAt`. Undefined where there is no WebAssembly.
 */
export function startGearKernel(): Kernel | undefined {
  const locals = [[8, int32]] as const;
  const kernel = startKernel({ pageCount: 1, parameterCount: 4, results: [int32], locals, body });
  kernel?.memory.set(new Uint8Array(gear.buffer));
  return kernel;
}
