// WebAssembly modules written out byte by byte, so that nothing is built: the few pieces of the binary format (W3C, WebAssembly
// Core 1.0, section 5, and its vectors of 128 bits) that the kernels of this folder use. Knows nothing of what they compute.

/** Unsigned LEB128, as lengths, indexes and offsets are written. */
function leb(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const section = (id: number, body: readonly number[]): readonly number[] => [
  id,
  ...leb(body.length),
  ...body,
];
const text = (value: string): readonly number[] => [value.length, ...new TextEncoder().encode(value)];

export const int32 = 0x7f;
export const vector = 0x7b;

export const get = (local: number): readonly number[] => [0x20, local];
export const set = (local: number): readonly number[] => [0x21, local];
export const tee = (local: number): readonly number[] => [0x22, local];
/** Of 0 to 63: one byte of signed LEB128. */
export const number = (value: number): readonly number[] => [0x41, value];

export const [add, subtract, and, shiftLeft] = [0x6a, 0x6b, 0x71, 0x74] as const;
export const [isZero, isLess, select, leave] = [0x45, 0x49, 0x1b, 0x0f] as const;
export const [loop, when, end] = [[0x03, 0x40] as const, [0x04, 0x40] as const, 0x0b] as const;
/** Back to the start of the innermost loop while the number on the stack is not zero. */
export const again = [0x0d, 0] as const;
export const loadByte = (offset: number): readonly number[] => [0x2d, 0, ...leb(offset)];
export const loadInt = [0x28, 2, 0] as const;
export const storeInt = [0x36, 2, 0] as const;
export const simd = (operation: number, ...rest: readonly number[]): readonly number[] => [
  0xfd,
  operation,
  ...rest,
];

export interface Kernel {
  readonly memory: Uint8Array;
  readonly run: (...values: readonly number[]) => number;
}

export interface KernelParts {
  readonly pageCount: number;
  readonly parameterCount: number;
  /** `[int32]` or nothing. */
  readonly results: readonly number[];
  /** Locals beside the parameters: how many of which type, in order. */
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly body: readonly number[];
}

/** The part of the global WebAssembly that is used here: the types of Node leave it out. */
interface Assembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: Pick<Kernel, 'run'> & { readonly memory: { readonly buffer: ArrayBuffer } };
  };
}

/** Undefined where there is no WebAssembly, or none that knows all that is used. */
export function startKernel(parts: KernelParts): Kernel | undefined {
  try {
    const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Assembly };
    const { memory, run } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(parts))).exports;
    return { memory: new Uint8Array(memory.buffer), run };
  } catch {
    return undefined;
  }
}

/** A module with a memory and one function, `run`. */
function moduleOf({ pageCount, parameterCount, results, locals, body }: KernelParts): Uint8Array {
  const parameters = Array.from({ length: parameterCount }, () => int32);
  const code = [locals.length, ...locals.flat(), ...body, end];
  return Uint8Array.from(
    [
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [1, 0x60, parameterCount, ...parameters, results.length, ...results]),
      section(3, [1, 0]),
      section(5, [1, 0, ...leb(pageCount)]),
      section(7, [2, ...text('run'), 0, 0, ...text('memory'), 2, 0]),
      section(10, [1, ...leb(code.length), ...code]),
    ].flat(),
  );
}
