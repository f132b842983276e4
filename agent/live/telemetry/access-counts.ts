// Reads and writes of the drives' files, counted by hour. Knows files only by their keyed ids; a file that was
// touched in two scans of one hour counts twice, a second read between two scans is not seen.

import {
  type AccessRow,
  type FileId,
  hourMs,
  type MachineId,
  unixMs,
  type UnixMs,
} from '../../../datasets/index.ts';

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

type Hour = Map<FileId, Access>;

export class AccessCounts {
  readonly #machine: MachineId;
  readonly #hours = new Map<number, Hour>();

  constructor(machine: MachineId) {
    this.#machine = machine;
  }

  /** Adds what a scan saw to the hour of `now`; files beyond `filesPerHourMax` are not counted. */
  count(accesses: readonly Access[], now: UnixMs): void {
    const start = Math.floor(now / hourMs) * hourMs;
    const hour = this.#hours.get(start) ?? new Map<FileId, Access>();
    this.#hours.set(start, hour);
    for (const access of accesses) addAccess(hour, access);
  }

  /** Rows of the hours that ended before `now`; each row is given once. */
  takeFinished(now: UnixMs): readonly AccessRow[] {
    return this.#take((start) => start + hourMs <= now);
  }

  /** All rows, with those of the hour that is not over: for a stop. */
  takeAll(): readonly AccessRow[] {
    return this.#take(() => true);
  }

  #take(isWanted: (startMs: number) => boolean): readonly AccessRow[] {
    const starts = [...this.#hours.keys()].filter(isWanted).toSorted((a, b) => a - b);
    const rows = starts.flatMap((start) =>
      [...(this.#hours.get(start)?.values() ?? [])].map((access) => this.#row(start, access)),
    );
    for (const start of starts) this.#hours.delete(start);
    return rows;
  }

  #row(startMs: number, access: Access): AccessRow {
    return { kind: 'access', machine: this.#machine, hourMs: unixMs(startMs), ...access };
  }
}

function addAccess(hour: Hour, access: Access): void {
  const before = hour.get(access.file);
  if (before === undefined && hour.size >= filesPerHourMax) return;
  hour.set(access.file, {
    file: access.file,
    reads: access.reads + (before?.reads ?? 0),
    writes: access.writes + (before?.writes ?? 0),
    byteCount: access.byteCount,
  });
}
