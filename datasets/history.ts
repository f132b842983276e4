// A fleet's history as the models and the optimizer want it: one machine a row, one hour a column.
// Made by readers and by the generator; it never holds names, paths or contents.

import type { AccessRow, MachineAttributes, PackReadRow } from './rows.ts';
import type { MachineId, UnixMs } from './units.ts';

/** Values of `FleetHistory.up`. `unknown`: nobody could see the machine then; it counts neither as up nor as down. */
export const slotDown = 0;
export const slotUp = 1;
export const slotUnknown = 2;

export interface MachineProfile {
  readonly machine: MachineId;
  readonly attributes: MachineAttributes;
  /** Offset of the machine's local time from UTC in milliseconds (0 where unknown). */
  readonly utcOffsetMs: number;
  /**
   * What was told of it, oldest first: each change, the last one as above. Absent where nothing but that was ever told, from the first slot
   * on. A part of the history that ends earlier knows no later one.
   */
  readonly told?: readonly ToldProfile[];
}

export interface ToldProfile extends Pick<MachineProfile, 'attributes' | 'utcOffsetMs'> {
  readonly atMs: UnixMs;
}

/** N machines × T hours. Row i, column t of `up` stands at `up[i * slotCount + t]`. */
export interface FleetHistory {
  /** Start of slot 0, a whole hour. */
  readonly startMs: UnixMs;
  /** Length of a slot in milliseconds; one hour unless a reader was asked for another. */
  readonly slotMs: number;
  /** T ≥ 1. */
  readonly slotCount: number;
  /** N rows, in a fixed order; ids are unique. */
  readonly machines: readonly MachineProfile[];
  /** N × T of slotDown | slotUp | slotUnknown. */
  readonly up: Uint8Array;
  /** In order of hourMs; may be empty. */
  readonly access: readonly AccessRow[];
  /** What was restored of packs, in order of hourMs; absent where nothing was. */
  readonly packReads?: readonly PackReadRow[];
}
