// What this machine does with files and packs, counted by hour: reads and writes of the drives' files by keyed ids, and packs that were
// fetched for restores. A file that was touched in two scans of one hour counts twice, a second read between two scans is not seen.

import type { AccessRow, FileId, MachineId, PackReadRow, UnixMs } from '../../../datasets/index.ts';
import type { PackDescriptor } from '../../codec/index.ts';
import type { PackId } from '../../units.ts';
import { type CountedHour, HourCounts } from './hour-counts.ts';

/** What one scan saw of one file. */
export interface Access {
  readonly file: FileId;
  readonly reads: number;
  readonly writes: number;
  /** Size of the file in bytes. */
  readonly byteCount: number;
}

/** Files of one hour: enough for a person's day; a mass change (a checkout, an unpacked archive) tells no popularity. */
export const filesPerHourMax = 2000;
/** Packs of one hour: 32 GB of restores; of a larger one the beginning tells enough. */
export const packsPerHourMax = 2000;

interface PackRead {
  readonly descriptor: PackDescriptor;
  readonly reads: number;
}

export class AccessCounts {
  readonly #machine: MachineId;
  readonly #files = new HourCounts<FileId, Access>(filesPerHourMax, (before, access) => ({
    ...access,
    reads: access.reads + before.reads,
    writes: access.writes + before.writes,
  }));
  readonly #packs = new HourCounts<PackId, PackRead>(packsPerHourMax, (before, read) => ({
    ...read,
    reads: read.reads + before.reads,
  }));

  constructor(machine: MachineId) {
    this.#machine = machine;
  }

  /** Adds what a scan saw to the hour of `now`; files beyond `filesPerHourMax` are not counted. */
  count(accesses: readonly Access[], now: UnixMs): void {
    for (const access of accesses) this.#files.count(access.file, access, now);
  }

  /** A restore has the pack, wherever it came from; packs beyond `packsPerHourMax` are not counted. */
  countPack(descriptor: PackDescriptor, now: UnixMs): void {
    this.#packs.count(descriptor.pack, { descriptor, reads: 1 }, now);
  }

  /** Rows of the hours that ended before `now`; each row is given once. */
  takeFinished(now: UnixMs): readonly (AccessRow | PackReadRow)[] {
    return this.#rows(this.#files.takeFinished(now), this.#packs.takeFinished(now));
  }

  /** All rows, with those of the hour that is not over: for a stop. */
  takeAll(): readonly (AccessRow | PackReadRow)[] {
    return this.#rows(this.#files.takeAll(), this.#packs.takeAll());
  }

  #rows(
    files: readonly CountedHour<Access>[],
    packs: readonly CountedHour<PackRead>[],
  ): readonly (AccessRow | PackReadRow)[] {
    const machine = this.#machine;
    return [
      ...files.flatMap(({ hourMs, items }) =>
        items.map((access): AccessRow => ({ kind: 'access', machine, hourMs, ...access })),
      ),
      ...packs.flatMap(({ hourMs, items }) =>
        items.map(({ descriptor, reads }): PackReadRow => {
          const { pack, owner, placementClass, redundancy, packBytes } = descriptor;
          return {
            kind: 'packRead',
            machine,
            hourMs,
            pack,
            owner,
            packClass: placementClass,
            ...redundancy,
            packBytes,
            reads,
          };
        }),
      ),
    ];
  }
}
