// Fleets that are not fully connected; with DREY_LONG=1 of the size that the design is judged by, 200 machines for 30 days in one run.

import test from 'ava';
import { manyFaults } from '../../agent/simulation/index.ts';
import { days, minutes } from '../../datasets/index.ts';
import { isLong, runWell } from './running.ts';
import { takeTime } from '../helpers/waiting.ts';

/** A fleet of more than 64 machines is not fully connected: eighty are enough for all that is different there. */
const { agentCount, lifeDays } = isLong ? { agentCount: 200, lifeDays: 30 } : { agentCount: 80, lifeDays: 5 };

test.serial(
  `${agentCount} machines live ${lifeDays} days with nights, loss, delay, crashes and two fires, and no promise breaks`,
  async (t) => {
    takeTime(t);
    const report = await runWell(t, {
      seed: 'two hundred',
      agentCount,
      days: lifeDays,
      tickMs: minutes(30),
      holderSilenceMs: days(isLong ? 7 : 2),
      snapshotsPerMachineDay: isLong ? 0.06 : 0.18,
      faults: {
        ...manyFaults,
        network: { ...manyFaults.network, lossShare: 0.00005, transferLossShare: 0.01 },
        alwaysOnShare: 0.7,
        crashesPerMachineDay: 0.02,
        partitionsPerDay: 0.1,
        rotsPerDay: 0,
        destroyedCount: 2,
      },
    });
    t.true(
      report.snapshotsAcknowledged > (isLong ? 200 : 30),
      `${report.snapshotsAcknowledged} acknowledged`,
    );
    t.is(report.snapshotsRestored, 20);
    t.true(report.planEpoch > 1);
  },
);
