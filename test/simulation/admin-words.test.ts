// What admins say comes in any order, and keys and certificates end: everybody makes the same of it.

import test from 'ava';
import { noFaults } from '../../agent/simulation/index.ts';
import { hours } from '../../datasets/index.ts';
import { runWell } from './running.ts';

const crashing = { ...noFaults, crashesPerMachineDay: 0.5, partitionsPerDay: 4 };

test.serial(
  'of the rules for a fleet the one that was made last holds, whichever was heard last',
  async (t) => {
    const faults = { ...crashing, ruleCount: 8 };
    const report = await runWell(t, { seed: 'brambling', agentCount: 8, days: 4, faults });
    t.true(report.faultCounts['rule for the fleet']! > 8);
  },
);

test.serial('a key that was put out puts nobody out any more', async (t) => {
  const faults = { ...crashing, endedKeyCount: 2 };
  const report = await runWell(t, { seed: 'twite', agentCount: 8, days: 6, faults });
  t.true(report.faultCounts['word of a key that is out']! > 2);
});

test.serial('nobody takes a machine for a member whose certificate ran out', async (t) => {
  const faults = { ...crashing, guestCount: 3 };
  const report = await runWell(t, {
    seed: 'redpoll',
    agentCount: 6,
    days: 5,
    faults,
    holderSilenceMs: hours(20),
  });
  t.is(report.faultCounts['certificate that runs out'], 3);
});
