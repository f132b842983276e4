// Tiny traces for the replay: one text a machine, "1" up, "0" down, "?" unknown.

import {
  type FleetHistory,
  machineId,
  slotDown,
  slotUnknown,
  slotUp,
  unixMs,
} from '../../../datasets/index.ts';
import { departuresOf, type ReplayRules, type Scenario } from '../../../optimizer/replay/index.ts';

/** Monday 2026-01-05 00:00 UTC. */
export const mondayMs = Date.UTC(2026, 0, 5);

export const historyOf = (rows: readonly string[]): FleetHistory => ({
  startMs: unixMs(mondayMs),
  slotMs: 3_600_000,
  slotCount: rows[0]!.length,
  machines: rows.map((_, index) => ({ machine: machineId(`m${index}`), attributes: {}, utcOffsetMs: 0 })),
  up: Uint8Array.from(rows.join('').split(''), (cell) =>
    cell === '1' ? slotUp : cell === '0' ? slotDown : slotUnknown,
  ),
  access: [],
});

export const rules: ReplayRules = {
  redundancy: { k: 1, n: 3 },
  capacityFactor: 1.5,
  trainWeeks: 1,
  testWeeks: 1,
  origins: 1,
  repair: 'on',
  patienceMs: 90 * 3_600_000,
  seed: 1,
};

export function scenarioOf(rows: readonly string[], change: Partial<ReplayRules> = {}): Scenario {
  const history = historyOf(rows);
  return { history, rules: { ...rules, ...change }, departures: departuresOf(history) };
}
