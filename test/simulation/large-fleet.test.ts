// The size that the design is judged by: 200 machines for 30 days, in one run.

import test from 'ava';
import { manyFaults } from '../../agent/simulation/index.ts';
import { days, minutes } from '../../datasets/index.ts';
import { runWell } from './running.ts';

test.serial(
  '200 machines live 30 days with nights, loss, delay, crashes and two fires, and no promise breaks',
  async (t) => {
    t.timeout(minutes(10));
    const report = await runWell(t, {
      seed: 'two hundred',
      agentCount: 200,
      days: 30,
      tickMs: minutes(30),
      holderSilenceMs: days(7),
      snapshotsPerMachineDay: 0.06,
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
    t.true(report.snapshotsAcknowledged > 200, `${report.snapshotsAcknowledged} acknowledged`);
    t.is(report.snapshotsRestored, 20);
    t.true(report.planEpoch > 1);
  },
);
