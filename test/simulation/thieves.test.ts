// Machines that sign in others' names, plan without being asked, and give up what was saved before they were stolen: nothing of it takes effect.

import test from 'ava';
import { noFaults } from '../../agent/simulation/index.ts';
import { hours } from '../../datasets/index.ts';
import { runWell } from './running.ts';

test.serial("words under others' names are refused by all, and harm nobody", async (t) => {
  const faults = { ...noFaults, forgeriesPerDay: 20, nights: 'people' as const };
  const report = await runWell(t, { seed: 'jay', agentCount: 8, days: 4, faults });
  t.true(report.faultCounts["words under others' names"]! > 20);
  t.true(report.snapshotsRestored > 3);
});

test.serial('what a stolen machine gives up is kept, and placed again without it', async (t) => {
  const faults = { ...noFaults, revocationCount: 2, plunderShare: 1, joinCount: 2 };
  const report = await runWell(t, { seed: 'shrike', agentCount: 9, days: 12, faults, keepLast: 3 });
  t.true(report.faultCounts['stolen machine gives all up']! >= 1);
  t.true(report.snapshotsRestored > 3);
});

test.serial('nobody follows the plan of a machine that may make none', async (t) => {
  const faults = { ...noFaults, laymanCount: 2, crashesPerMachineDay: 0.5 };
  const report = await runWell(t, {
    seed: 'wren',
    agentCount: 8,
    days: 4,
    faults,
    holderSilenceMs: hours(20),
  });
  t.true(report.faultCounts['plan of a layman']! > 5);
});

test.serial('of two machines that came by an invite for one, all put out the same one', async (t) => {
  const faults = { ...noFaults, twinInviteCount: 3, crashesPerMachineDay: 0.5, partitionsPerDay: 4 };
  const report = await runWell(t, { seed: 'tern', agentCount: 8, days: 4, faults });
  t.is(report.faultCounts['machine that came too late by its invite'], 3);
  t.true(
    Object.keys(report.reports).some((text) =>
      /^pc-\d+ was put out of the fleet: its invite was for one machine, and pc-\d+ came by it first/u.test(
        text,
      ),
    ),
    JSON.stringify(report.reports),
  );
});

test.serial('admins hasten what its owner gave up, and nothing else goes sooner', async (t) => {
  const faults = { ...noFaults, wipesPerDay: 2, alwaysOnShare: 0.8, nights: 'people' as const };
  const report = await runWell(t, { seed: 'rail', agentCount: 8, days: 12, faults, keepLast: 2 });
  t.true(report.faultCounts['what was given up is hastened by a quorum']! > 2);
});
