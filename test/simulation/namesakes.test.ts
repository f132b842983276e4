// Machines that copy others' drives, some before anybody has heard of those: every machine, a new one too, knows whose each drive is.

import test from 'ava';
import { noFaults } from '../../agent/simulation/index.ts';
import { runWell } from './running.ts';

for (const seed of ['magpie', 'cuckoo']) {
  test.serial(`nobody takes another's drive by its id, seed ${seed}`, async (t) => {
    const faults = { ...noFaults, namesakesPerDay: 12, joinCount: 3, crashesPerMachineDay: 0.5 };
    const report = await runWell(t, { seed, agentCount: 8, days: 3, faults });
    t.true(report.faultCounts["usurper: takes another's drive for its own"]! > 10);
    t.true(report.checkCounts['drives']! > 100);
    t.true(report.snapshotsRestored > 3);
  });
}
