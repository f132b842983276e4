// People who leave simulated fleets: drives that they could read get new keys, what is sealed from then on does not open for them, and everything
// before is restored as it was.

import test from 'ava';
import { noFaults } from '../../agent/simulation/index.ts';
import { hours, minutes } from '../../datasets/index.ts';
import { runWell } from './running.ts';

test.serial(
  'whoever was put out opens nothing that was sealed since, also where disks are put back to old images',
  async (t) => {
    const report = await runWell(t, {
      seed: 'keys 2',
      agentCount: 8,
      days: 6,
      tickMs: minutes(1),
      holderSilenceMs: hours(20),
      faults: {
        ...noFaults,
        nights: 'people',
        crashesPerMachineDay: 0.5,
        leaverCount: 4,
        rollbackCount: 3,
        revocationCount: 1,
        joinCount: 2,
      },
    });
    t.true(report.faultCounts['new drive key']! > 2);
    t.true(report.faultCounts['newer key in the log than on the disk']! > 0);
    t.true(report.checkCounts['keys']! > 3);
    t.true(report.snapshotsRestored > 10);
  },
);
