// A history as telemetry rows again: so that a public trace can be fed to whatever learns from telemetry.
// Why a machine was down is not in a history, so every down span becomes "off".

import type { FleetHistory } from './history.ts';
import { slotUnknown, slotUp } from './history.ts';
import { rowLimits } from './row-checks.ts';
import type { LocationRow, TelemetryRow, UptimeRow } from './rows.ts';
import { type MachineId, unixMs } from './units.ts';

/**
 * One uptime row per run of equal slots (runs over 31 days are cut), one location row per machine at the start, or one for each time that it told
 * something else, with its attributes and no measurements, the access rows and the reads of packs. `historyFromRows` makes the same history of them, but for UTC
 * offsets that no time zone attribute explains.
 * @yields Rows in the order of machines, then the access rows, then the reads of packs.
 */
export function* historyToRows(history: FleetHistory): Generator<TelemetryRow> {
  for (const [row, { machine, attributes, told }] of history.machines.entries()) {
    for (const at of told ?? [{ attributes, atMs: history.startMs }]) yield locationOf(machine, at);
    const slots = history.up.subarray(row * history.slotCount, (row + 1) * history.slotCount);
    yield* runsOf(machine, slots, history);
  }
  yield* history.access;
  yield* history.packReads ?? [];
}

function locationOf(
  machine: MachineId,
  { attributes, atMs }: Pick<LocationRow, 'attributes' | 'atMs'>,
): LocationRow {
  return { kind: 'location', machine, attributes, atMs, roundTripMs: {}, freeBytes: 0, quotaBytes: 0 };
}

function* runsOf(machine: MachineId, slots: Uint8Array, history: FleetHistory): Generator<UptimeRow> {
  const slotsMax = Math.max(1, Math.floor(rowLimits.spanMsMax / history.slotMs));
  const timeOf = (slot: number) => unixMs(history.startMs + slot * history.slotMs);
  for (let from = 0, to = 0; from < slots.length; from = to) {
    const value = slots[from];
    for (to = from + 1; to < slots.length && slots[to] === value && to - from < slotsMax; to++);
    if (value === slotUnknown) continue;
    const state = value === slotUp ? 'up' : 'off';
    yield { kind: 'uptime', machine, fromMs: timeOf(from), toMs: timeOf(to), state };
  }
}
