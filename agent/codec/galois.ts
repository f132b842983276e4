// Arithmetic in GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and generator 2, by tables.

const polynomial = 0x11d;

const exponents = new Uint8Array(512);
const logarithms = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  exponents[power] = value;
  exponents[power + 255] = value;
  logarithms[value] = power;
  value <<= 1;
  if (value > 255) value ^= polynomial;
}

export const multiply = (a: number, b: number): number =>
  a === 0 || b === 0 ? 0 : exponents[logarithms[a]! + logarithms[b]!]!;

/** 1 / a for a ≠ 0. */
export const invert = (a: number): number => exponents[255 - logarithms[a]!]!;

/** The products of one factor with all 256 values. */
const rows = new Map<number, Uint8Array>();
function rowOf(factor: number): Uint8Array {
  const known = rows.get(factor);
  if (known !== undefined) return known;
  const row = Uint8Array.from({ length: 256 }, (_, value) => multiply(factor, value));
  rows.set(factor, row);
  return row;
}

/** target ^= factor · source, byte by byte; `source` may be shorter than `target` (as if padded with zeros). */
export function addScaled(target: Uint8Array, source: Uint8Array, factor: number): void {
  if (factor === 0) return;
  const row = rowOf(factor);
  for (let index = 0; index < source.length; index++) target[index]! ^= row[source[index]!]!;
}

/** Inverse of a square matrix by Gauss–Jordan elimination; undefined when it is singular. */
export function invertMatrix(matrix: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
  const size = matrix.length;
  const wide = matrix.map((row, index) => {
    const both = new Uint8Array(2 * size);
    both.set(row);
    both[size + index] = 1;
    return both;
  });
  for (let column = 0; column < size; column++) {
    const pivot = wide.findIndex((row, index) => index >= column && row[column] !== 0);
    if (pivot < 0) return undefined;
    [wide[column], wide[pivot]] = [wide[pivot]!, wide[column]!];
    eliminate(wide, column);
  }
  return wide.map((row) => row.slice(size));
}

function eliminate(wide: readonly Uint8Array[], column: number): void {
  const pivot = wide[column]!;
  const scale = invert(pivot[column]!);
  for (let index = 0; index < pivot.length; index++) pivot[index] = multiply(pivot[index]!, scale);
  for (const [index, row] of wide.entries()) {
    if (index !== column) addScaled(row, pivot.slice(), row[column]!);
  }
}
