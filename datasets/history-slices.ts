// Parts of a history: some of its hours or some of its machines, as histories of their own; and the same in slots of an hour.
// It copies; the history given stays as it was.

import assert from 'node:assert/strict';
import type { FleetHistory, MachineProfile } from './history.ts';
import type { PackReadRow } from './rows.ts';
import { hours, unixMs } from './units.ts';

/** Half-open: slots fromSlot ≤ t < toSlot. */
export interface SlotRange {
  readonly fromSlot: number;
  readonly toSlot: number;
}

/** The same machines, as they were told until then, over fewer slots, with the access rows and pack reads of those slots. Range must be non-empty and inside. */
export function sliceHistory(history: FleetHistory, range: SlotRange): FleetHistory {
  const { fromSlot, toSlot } = range;
  assert(Number.isInteger(fromSlot) && Number.isInteger(toSlot), 'slots are whole numbers');
  assert(
    fromSlot >= 0 && fromSlot < toSlot && toSlot <= history.slotCount,
    'a slice lies inside its history',
  );
  const slotCount = toSlot - fromSlot;
  const up = new Uint8Array(history.machines.length * slotCount);
  for (let row = 0; row < history.machines.length; row++) {
    const rowStart = row * history.slotCount;
    up.set(history.up.subarray(rowStart + fromSlot, rowStart + toSlot), row * slotCount);
  }
  const startMs = unixMs(history.startMs + fromSlot * history.slotMs);
  const endMs = history.startMs + toSlot * history.slotMs;
  const access = history.access.filter((row) => row.hourMs >= startMs && row.hourMs < endMs);
  return {
    startMs,
    slotMs: history.slotMs,
    slotCount,
    machines: history.machines.map((profile) => profileBefore(profile, endMs)),
    up,
    access,
    ...keptReads(history, ({ hourMs }) => hourMs >= startMs && hourMs < endMs),
  };
}

/** As it was told before `endMs`; as it was first told where that came later: who a machine was is rarely imported with its past. */
function profileBefore(profile: MachineProfile, endMs: number): MachineProfile {
  const { machine, told } = profile;
  if (told === undefined || told.at(-1)!.atMs < endMs) return profile;
  const known = told.filter(({ atMs }) => atMs < endMs);
  const kept = known.length === 0 ? told.slice(0, 1) : known;
  const { attributes, utcOffsetMs } = kept.at(-1)!;
  return { machine, attributes, utcOffsetMs, told: kept };
}

/** Absent where none is left. */
function keptReads(
  { packReads = [] }: FleetHistory,
  isKept: (row: PackReadRow) => boolean,
): Pick<FleetHistory, 'packReads'> {
  const kept = packReads.filter(isKept);
  return kept.length === 0 ? {} : { packReads: kept };
}

/** The same slots for the machines at these distinct row indices, in that order, with only their access rows and pack reads. */
export function selectMachines(history: FleetHistory, rowIndices: readonly number[]): FleetHistory {
  assert(new Set(rowIndices).size === rowIndices.length, 'machines are selected once each');
  const { slotCount } = history;
  const machines: MachineProfile[] = [];
  const up = new Uint8Array(rowIndices.length * slotCount);
  for (const [row, index] of rowIndices.entries()) {
    const machine = history.machines[index];
    assert(machine !== undefined, `the history has no machine ${index}`);
    machines.push(machine);
    up.set(history.up.subarray(index * slotCount, (index + 1) * slotCount), row * slotCount);
  }
  const kept = new Set(machines.map((profile) => profile.machine));
  const access = history.access.filter((row) => kept.has(row.machine));
  return {
    startMs: history.startMs,
    slotMs: history.slotMs,
    slotCount,
    machines,
    up,
    access,
    ...keptReads(history, ({ machine }) => kept.has(machine)),
  };
}

/** The same history in slots of one hour, each hour of a longer slot like all of it: for whatever counts in hours. Itself where it is hourly. */
export function hourlyHistory(history: FleetHistory): FleetHistory {
  const hoursPerSlot = history.slotMs / hours(1);
  if (hoursPerSlot === 1) return history;
  assert(Number.isInteger(hoursPerSlot), 'slots are whole hours');
  const up = new Uint8Array(history.up.length * hoursPerSlot);
  for (const [at, state] of history.up.entries()) up.fill(state, at * hoursPerSlot, (at + 1) * hoursPerSlot);
  return { ...history, slotMs: hours(1), slotCount: history.slotCount * hoursPerSlot, up };
}
