// The erasure code of agent/codec/FORMATS.md, "Shard": GF(2^8) by shifting and adding, a linear system by elimination.

/** Product modulo x^8 + x^4 + x^3 + x^2 + 1. */
export function times(a: number, b: number): number {
  let product = 0;
  for (let [left, right] = [a, b]; right > 0; right >>= 1) {
    if ((right & 1) === 1) product ^= left;
    left <<= 1;
    if (left > 255) left ^= 0x11d;
  }
  return product;
}

/** The number whose product with `a` is 1, found by trying all. */
export function inverse(a: number): number {
  for (let candidate = 1; candidate < 256; candidate++) if (times(a, candidate) === 1) return candidate;
  throw new Error('zero has no inverse');
}

/** The k slices of a pack, from any k shards by index. */
export function slicesOf(shards: ReadonlyMap<number, Uint8Array>, k: number): readonly Uint8Array[] {
  const chosen = [...shards].slice(0, k);
  if (chosen.length < k) throw new Error(`${chosen.length} of ${k} shards`);
  const rows = chosen.map(([index]) =>
    Array.from({ length: k }, (_, slice) => (index < k ? Number(index === slice) : inverse(index ^ slice))),
  );
  const undo = inverseOf(rows);
  return undo.map((factors) =>
    combine(
      factors,
      chosen.map(([, bytes]) => bytes),
    ),
  );
}

function combine(factors: readonly number[], parts: readonly Uint8Array[]): Uint8Array {
  const sum = new Uint8Array(parts[0]?.length ?? 0);
  for (const [at, part] of parts.entries()) {
    const products = Uint8Array.from({ length: 256 }, (_, value) => times(factors[at] ?? 0, value));
    for (let index = 0; index < sum.length; index++) sum[index]! ^= products[part[index]!]!;
  }
  return sum;
}

/** Gauss and Jordan. */
function inverseOf(matrix: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const size = matrix.length;
  const rows = matrix.map((row, at) => [
    ...row,
    ...Array.from({ length: size }, (_, column) => Number(column === at)),
  ]);
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, at) => at >= column && row[column] !== 0);
    if (pivot < 0) throw new Error('the shards do not determine the pack');
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const scale = inverse(rows[column]![column]!);
    rows[column] = rows[column]!.map((value) => times(value, scale));
    for (const [at, row] of rows.entries()) {
      const factor = row[column]!;
      if (at !== column) rows[at] = row.map((value, index) => value ^ times(factor, rows[column]![index]!));
    }
  }
  return rows.map((row) => row.slice(size));
}
