// The answer of statx(2), whose layout is the same on all Linux machines. Reads numbers out of the system's memory; asks for nothing.

import { type FileStats, permissionBits, statBlockBytes } from './file-stats.ts';

export const statxBytes = 256;
/** STATX_BASIC_STATS: all that stat(2) tells. */
export const statxMask = 0x7ff;

const types: Readonly<Record<number, FileStats['type']>> = { 0o10: 'file', 0o4: 'folder', 0o12: 'symlink' };
const typeShift = 12;
const nanosecond = 1_000_000_000n;
const [millisecondsPerSecond, nanosecondsPerMillisecond] = [1000, 1_000_000] as const;

/** Reads one answer after the other from the same memory. Linux runs on machines of this byte order here (x64, arm64). */
export class StatxReader {
  readonly #view: DataView;
  #device = '';
  #deviceNumbers: readonly [major: number, minor: number] = [-1, -1];

  /** `memory`: `statxBytes` that the system writes into. */
  constructor(memory: Uint8Array) {
    this.#view = new DataView(memory.buffer, memory.byteOffset, statxBytes);
  }

  read(): FileStats {
    const mode = this.#view.getUint16(28, true);
    return {
      type: types[mode >> typeShift] ?? 'special',
      mode: mode & permissionBits,
      uid: this.#view.getUint32(20, true),
      gid: this.#view.getUint32(24, true),
      byteCount: this.#number(40),
      diskBytes: this.#number(48) * statBlockBytes,
      mtimeNs: this.#timeNs(112),
      ctimeNs: this.#timeNs(96),
      atimeMs:
        Number(this.#view.getBigInt64(64, true)) * millisecondsPerSecond +
        Math.floor(this.#view.getUint32(72, true) / nanosecondsPerMillisecond),
      inode: `${this.#deviceName()}:${this.#view.getBigUint64(32, true)}`,
      linkCount: this.#view.getUint32(16, true),
    };
  }

  #number(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  #timeNs(at: number): bigint {
    return this.#view.getBigInt64(at, true) * nanosecond + BigInt(this.#view.getUint32(at + 8, true));
  }

  /** As one number, the way glibc's `makedev` packs it and stat(2) tells it. */
  #deviceName(): string {
    const major = this.#view.getUint32(136, true);
    const minor = this.#view.getUint32(140, true);
    if (major !== this.#deviceNumbers[0] || minor !== this.#deviceNumbers[1]) {
      const [high, low] = [BigInt(major), BigInt(minor)];
      const packed =
        ((high & 0xffff_f000n) << 32n) |
        ((high & 0xfffn) << 8n) |
        ((low & 0xffff_ff00n) << 12n) |
        (low & 0xffn);
      this.#device = String(packed);
      this.#deviceNumbers = [major, minor];
    }
    return this.#device;
  }
}
