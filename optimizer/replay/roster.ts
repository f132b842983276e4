// What could be known of the machines at one moment of the replay: who was seen by then, who has been silent for how long, and
// what the past looks like to somebody who learned of each machine when it first came up.

import {
  type FleetHistory,
  type MachineProfile,
  selectMachines,
  sliceHistory,
  slotDown,
  slotUnknown,
  slotUp,
} from '../../datasets/index.ts';

export class Roster {
  readonly #history: FleetHistory;
  /** N slots in which each machine was first up; beyond the end for never. */
  readonly #firstUp: Int32Array;
  /** N counts of slots since each machine was last up, in which it was looked at; up to `#slot`. */
  readonly #silentSlots: Int32Array;
  #slot = 0;

  constructor(history: FleetHistory) {
    const { slotCount, up } = history;
    this.#history = history;
    this.#silentSlots = new Int32Array(history.machines.length);
    this.#firstUp = Int32Array.from(history.machines, (_, row) => {
      const first = up.subarray(row * slotCount, (row + 1) * slotCount).indexOf(slotUp);
      return first < 0 ? slotCount + 1 : first;
    });
  }

  /** Moves the moment to the beginning of a slot; only forwards. */
  lookUntil(slot: number): void {
    const { slotCount, up } = this.#history;
    for (; this.#slot < slot; this.#slot++) {
      for (let row = 0; row < this.#silentSlots.length; row++) {
        const state = up[row * slotCount + this.#slot]!;
        if (state === slotUp) this.#silentSlots[row] = 0;
        else if (state !== slotUnknown) this.#silentSlots[row]!++;
      }
    }
  }

  /** Rows of the machines that were up at least once from `fromSlot` until now: older ones are no part of the fleet any more. */
  seenSince(fromSlot: number): readonly number[] {
    const slots = this.#slot - fromSlot;
    return [...this.#firstUp.keys()].filter(
      (row) => this.#firstUp[row]! < this.#slot && this.#silentSlots[row]! < slots,
    );
  }

  /** Of one machine, in slots. */
  silenceOf(row: number): number {
    return this.#silentSlots[row]!;
  }

  /** The slots from `fromSlot` until now of these machines; before its first hour up nobody knew of a machine. */
  past(rows: readonly number[], fromSlot: number): FleetHistory {
    const past = sliceHistory(selectMachines(this.#history, rows), { fromSlot, toSlot: this.#slot });
    for (const [column, row] of rows.entries()) {
      const known = this.#firstUp[row]! - fromSlot;
      for (let slot = 0; slot < Math.min(known, past.slotCount); slot++) {
        const at = column * past.slotCount + slot;
        if (past.up[at] === slotDown) past.up[at] = slotUnknown;
      }
    }
    const nowMs = this.#history.startMs + this.#slot * this.#history.slotMs;
    return { ...past, machines: past.machines.map((profile) => knownBy(profile, nowMs)) };
  }

  /** What nobody can know. For the oracle only. */
  future(rows: readonly number[], toSlot: number): FleetHistory {
    return sliceHistory(selectMachines(this.#history, rows), { fromSlot: this.#slot, toSlot });
  }
}

/** A machine that has told nothing of itself yet has no attributes: what it says later nobody knows. */
function knownBy(profile: MachineProfile, nowMs: number): MachineProfile {
  const isTold = profile.told === undefined || profile.told.some(({ atMs }) => atMs < nowMs);
  return isTold ? profile : { machine: profile.machine, attributes: {}, utcOffsetMs: 0 };
}
