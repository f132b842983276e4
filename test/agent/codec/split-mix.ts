// Many pseudo-random bytes quickly, the same for the same seed (SplitMix64, Steele et al., OOPSLA 2014).

/** A source of bytes: each call continues where the last one ended. */
export function createSplitMix(seed: bigint): (byteCount: number) => Uint8Array {
  let state = seed;
  return (byteCount) => {
    const words = new BigUint64Array(Math.ceil(byteCount / 8));
    for (let index = 0; index < words.length; index++) {
      state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
      let mixed = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
      mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d0_49bb_1331_11ebn);
      words[index] = mixed ^ (mixed >> 31n);
    }
    return new Uint8Array(words.buffer, 0, byteCount);
  };
}
