// Admins who delete by a quorum, think better of it, or whose key was stolen, in simulated fleets under faults.

import test from 'ava';
import { hours } from '../../datasets/index.ts';
import { manyFaults } from '../../agent/simulation/index.ts';
import { isLong, runWell } from './running.ts';

for (const seed of isLong ? [1, 2] : [1]) {
  test.serial(
    `what a quorum had deleted is freed everywhere, what one stolen key asked for nowhere, seed ${seed}`,
    async (t) => {
      const faults = { ...manyFaults, wipesPerDay: 0.6 };
      const report = await runWell(t, {
        seed,
        agentCount: 10,
        days: 14,
        faults,
        holderSilenceMs: hours(8),
      });
      t.true(report.faultCounts['deletion by a quorum']! > 1);
      t.true(report.faultCounts['deletion by a thief of one key']! > 1);
      t.is(report.shardsLeftOver, 0);
      t.true(report.snapshotsRestored > 10, 'other drives are restored');
    },
  );
}
