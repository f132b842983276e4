// Shards that take hours on their way, optimizers that take turns, machines that take each other's slots: nothing is forgotten, whoever plans plans
// for all, and whoever stands in is of no domain that the pack is in already.

import test from 'ava';
import { faultsOf } from '../../agent/simulation/index.ts';
import { hours, minutes } from '../../datasets/index.ts';
import { runWell } from './running.ts';

const small = { days: 3, tickMs: minutes(1), holderSilenceMs: hours(8) };

test.serial('shards that take minutes or hours on their way are known when they come', async (t) => {
  const faults = faultsOf(['trickles', 'replans', 'joins']);
  const report = await runWell(t, { ...small, seed: 'a', agentCount: 8, faults });
  t.true(report.faultCounts['shard that trickles']! > 3);
});

test.serial('optimizers that take turns plan for all who are there', async (t) => {
  const report = await runWell(t, { ...small, seed: 'd', agentCount: 7, faults: faultsOf(['turns']) });
  t.true(report.faultCounts['an optimizer falls asleep']! > 3);
});

test.serial(
  'packs wait for the shards of new slots, and nobody stands in beside a machine of its domain',
  async (t) => {
    const faults = { ...faultsOf(['swaps', 'domains']), nights: 'people' } as const;
    const report = await runWell(t, {
      ...small,
      seed: 'a',
      agentCount: 9,
      snapshotsPerMachineDay: 3,
      faults,
    });
    t.true(report.checkCounts['outbox']! > 100);
  },
);
