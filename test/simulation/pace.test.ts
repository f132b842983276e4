// Rests, plans that cannot be computed, and what agents may do how often: nothing of it is too much, and the checks notice what is.

import test from 'ava';
import type { CoreEffect, Effects } from '../../agent/core/index.ts';
import { noFaults } from '../../agent/simulation/index.ts';
import { hours } from '../../datasets/index.ts';
import { run, runWell } from './running.ts';

test.serial(
  'machines that are to rest do nothing that can wait, and all is done when they need not',
  async (t) => {
    const faults = { ...noFaults, restsPerMachineDay: 1, rotsPerDay: 1, destroyedCount: 1, copiesPerPlan: 3 };
    const report = await runWell(t, {
      seed: 'dormouse',
      agentCount: 8,
      days: 4,
      faults,
      holderSilenceMs: hours(20),
    });
    t.true(report.faultCounts['pause']! > 5);
    t.true(report.faultCounts['on battery']! > 5);
    t.true(report.checkCounts['rest']! > 100);
  },
);

test.serial('plans that cannot be computed are tried again after an hour, and not before', async (t) => {
  const faults = { ...noFaults, failedPlanShare: 0.5, joinCount: 4, massOutageCount: 1 };
  const report = await runWell(t, {
    seed: 'siskin',
    agentCount: 8,
    days: 4,
    faults,
    holderSilenceMs: hours(8),
  });
  t.true(report.faultCounts['plan that failed']! > 2);
  t.true(report.planEpoch > 2);
});

test.serial('an agent that makes one plan after the other is found out', async (t) => {
  const rewrite = (effects: Effects): Effects =>
    effects.flatMap((effect): readonly CoreEffect[] =>
      effect.kind === 'computePlan' ? Array.from({ length: 8 }, () => effect) : [effect],
    );
  const { violations } = await run({ seed: 3, agentCount: 6, days: 1, rewrite });
  t.true(violations.some(({ check, text }) => check === 'plans' && text.includes('plans within an hour')));
});

test.serial('an agent that restores as a trial all day is found out', async (t) => {
  const rewrite = (effects: Effects): Effects => {
    const proof = effects.find(({ kind }) => kind === 'proveDrive');
    if (proof !== undefined) again.push(proof);
    const [first] = again;
    return first === undefined || proof !== undefined || !effects.some(({ kind }) => kind === 'noteScrub')
      ? effects
      : [...effects, first];
  };
  const again: CoreEffect[] = [];
  const { violations } = await run({ seed: 4, agentCount: 4, days: 2, rewrite });
  t.true(violations.some(({ check, text }) => check === 'proofs' && text.includes('too soon')));
});
