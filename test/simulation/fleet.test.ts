// The shipped core in simulated fleets: seeds × faults, with the promises 1 to 3 checked from outside. A failure prints the
// command that runs it again.

import test from 'ava';
import { hours } from '../../datasets/index.ts';
import { manyFaults, noFaults } from '../../agent/simulation/index.ts';
import { isLong, run, runWell } from './running.ts';

for (const seed of isLong ? [11, 12, 13] : [12]) {
  test.serial(`12 machines with every fault at once, seed ${seed}`, async (t) => {
    const report = await runWell(t, { seed, agentCount: 12, days: 7, faults: manyFaults });
    t.true(report.snapshotsAcknowledged > 10, `${report.snapshotsAcknowledged} acknowledged`);
    t.true(report.snapshotsRestored > 0);
    t.true(report.effectCounts['proveShard']! > 100, `${report.effectCounts['proveShard']} audits`);
  });

  test.serial(
    `12 machines and a new plan nearly every day: moving costs no shard, seed ${seed}`,
    async (t) => {
      const faults = { ...manyFaults, rotsPerDay: 0, destroyedCount: 0 };
      const report = await runWell(t, { seed, agentCount: 12, days: 7, faults, holderSilenceMs: hours(8) });
      t.true(report.planEpoch > 5, `${report.planEpoch} plans`);
      // n − k of both classes: no acknowledged pack ever had one shard less than all.
      t.is(report.marginLeast, 2);
    },
  );
}

for (const seed of isLong ? [21, 22] : [21]) {
  test.serial(
    `what owners give up is freed, and nothing that they keep is touched, seed ${seed}`,
    async (t) => {
      const faults = { ...manyFaults, rotsPerDay: 0 };
      const report = await runWell(t, {
        seed,
        // A week of the holders' own clocks, and days before and after it.
        agentCount: isLong ? 12 : 8,
        days: isLong ? 21 : 12,
        faults,
        keepLast: 2,
        holderSilenceMs: hours(60),
      });
      t.true(report.snapshotsGivenUp > 30, `${report.snapshotsGivenUp} given up`);
      t.is(report.shardsLeftOver, 0);
      t.true(report.snapshotsRestored > 10);
    },
  );
}

test.serial(
  'among liars, a third of the fleet, some are left out as holders, and no honest machine is',
  async (t) => {
    const faults = { ...manyFaults, destroyedCount: 0, liarShare: 1 / 3 };
    const report = await runWell(t, { seed: 31, agentCount: 12, days: isLong ? 21 : 8, faults });
    t.true(report.liarsLeftOut >= 1, `${report.liarsLeftOut} of 4 left out`);
  },
);

test.serial('4 machines, the fewest that can keep a backup, through crashes and nights', async (t) => {
  const faults = { ...manyFaults, destroyedCount: 0, rotsPerDay: 0 };
  const report = await runWell(t, { seed: 4, agentCount: 4, days: 7, faults });
  t.true(report.snapshotsAcknowledged > 3, `${report.snapshotsAcknowledged} acknowledged`);
});

test.serial('a quota that is too small stops backups, never what was acknowledged', async (t) => {
  const report = await run({ seed: 5, agentCount: 6, days: 4, quotaBytes: 6000, faults: noFaults });
  t.deepEqual(
    report.violations.filter(({ check }) => check !== 'settled'),
    [],
  );
  t.true(report.snapshotsAcknowledged > 0);
  t.true(report.snapshotsAcknowledged < report.snapshotsMade);
});

test.serial('the same seed gives the same run, another seed another one', async (t) => {
  const options = { agentCount: 8, days: 3, faults: manyFaults };
  const first = await run({ ...options, seed: 1 });
  const second = await run({ ...options, seed: 1 });
  const other = await run({ ...options, seed: 2 });
  t.deepEqual(first, second);
  t.not(first.traceHash, other.traceHash);
});
