// The elected optimizer of a simulated fleet repairs by margin: thin groups within hours, a night not at all, and nothing else moves.

import test from 'ava';
import { type FleetHistory, hours } from '../../datasets/index.ts';
import { noFaults, type SimulationOptions } from '../../agent/simulation/index.ts';
import { historyOf } from '../optimizer/replay/traces.ts';
import { runWell } from './running.ts';

const week = 168;
const machineCount = 12;

/** Servers that are off for a morning once a week, each on another day. */
const past: FleetHistory = historyOf(
  Array.from({ length: machineCount }, (_, machine) =>
    Array.from({ length: 4 * week }, (__, slot) => {
      const hour = slot % week;
      const from = 12 * machine + 3;
      return hour >= from && hour < from + 4 ? '0' : '1';
    }).join(''),
  ),
);

/** Two machines go in the second night, and do not come back. */
const lived = (goneCount: number): FleetHistory =>
  historyOf(
    Array.from({ length: machineCount }, (_, machine) =>
      machine < goneCount ? '1'.repeat(30) + '0'.repeat(week) : '1'.repeat(30 + week),
    ),
  );

const options = (history: FleetHistory): SimulationOptions => ({
  seed: 7,
  agentCount: machineCount,
  days: 6,
  history,
  faults: { ...noFaults, nights: 'people' },
  holderSilenceMs: hours(24 * 14),
});

test.serial(
  'groups that lost two machines are made whole long before the allowed silence is over',
  async (t) => {
    const patient = await runWell(t, options(lived(3)));
    const knowing = await runWell(t, { ...options(lived(3)), past });
    t.true(
      knowing.planEpoch > patient.planEpoch,
      `${knowing.planEpoch} plans, ${patient.planEpoch} without a forecast`,
    );
    t.true(knowing.effectCounts['rebuildShard']! > (patient.effectCounts['rebuildShard'] ?? 0));
  },
);

/** Four desktops of an office from 8 to 18, and eight servers. */
const office = (weeks: number): FleetHistory => {
  const day = `${'0'.repeat(8)}${'1'.repeat(10)}${'0'.repeat(6)}`;
  const desktop = `${day.repeat(5)}${'0'.repeat(48)}`.repeat(weeks);
  return historyOf(
    Array.from({ length: machineCount }, (_, machine) => (machine < 4 ? desktop : '1'.repeat(weeks * week))),
  );
};

test.serial('nights and a weekend start nothing', async (t) => {
  const patient = await runWell(t, { ...options(office(2)), days: 6.5 });
  const knowing = await runWell(t, { ...options(office(2)), days: 6.5, past: office(4) });
  t.true(knowing.effectCounts['forecastPresence']! > 0);
  t.is(knowing.planEpoch, patient.planEpoch);
});
