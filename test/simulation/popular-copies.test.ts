// Copies of popular packs in simulated fleets: they come and go with each plan, and no promise gets weaker or stronger by them.

import test from 'ava';
import { hours } from '../../datasets/index.ts';
import type { Effects } from '../../agent/core/index.ts';
import { manyFaults } from '../../agent/simulation/index.ts';
import { isLong, run, runWell } from './running.ts';

const copiesPerPlan = 6;

for (const seed of isLong ? [51, 52] : [51]) {
  test.serial(
    `12 machines with every fault at once and copies that change daily, seed ${seed}`,
    async (t) => {
      const faults = { ...manyFaults, copiesPerPlan };
      const report = await runWell(t, { seed, agentCount: 12, days: 7, faults, keepLast: 3 });
      t.true(report.checkCounts['copies']! > 50, `${report.checkCounts['copies']} looks at copies`);
      t.true(report.snapshotsRestored > 0);
    },
  );
}

test.serial(
  'on disks that are nearly full copies give way, and block no backup that would be kept without them',
  async (t) => {
    const options = {
      seed: 53,
      agentCount: 8,
      days: 6,
      quotaBytes: 9000,
      checks: ['quota', 'copies', 'restorable'],
    } as const;
    const without = await run(options);
    const report = await run({ ...options, faults: { copiesPerPlan } });
    t.deepEqual(report.violations, []);
    t.true(report.checkCounts['copies']! > 10, `${report.checkCounts['copies']} looks at copies`);
    t.true(
      report.snapshotsAcknowledged >= without.snapshotsAcknowledged,
      `${report.snapshotsAcknowledged} acknowledged, ${without.snapshotsAcknowledged} without copies`,
    );
  },
);

test.serial('with a plan nearly every day copies cost no shard', async (t) => {
  const faults = { ...manyFaults, rotsPerDay: 0, destroyedCount: 0, copiesPerPlan };
  const report = await runWell(t, { seed: 54, agentCount: 12, days: 7, faults, holderSilenceMs: hours(8) });
  t.is(report.marginLeast, 2);
});

test.serial(
  'where agents look at the clock once an hour, no copy counts as kept too long between two looks',
  async (t) => {
    const report = await run({
      seed: 'late copies 1',
      agentCount: 6,
      days: 4,
      tickMs: hours(1),
      snapshotsPerMachineDay: 2,
      faults: { copiesPerPlan: 60 },
      checks: ['copies'],
      restoreCount: 0,
    });
    t.deepEqual(report.violations, []);
  },
);

test.serial('an agent that keeps copies beyond their time is found out', async (t) => {
  const isKept = (effect: Effects[number]): boolean =>
    effect.kind === 'removeShard' && effect.shard.place === 'copy';
  const report = await run({
    seed: 55,
    agentCount: 8,
    days: 5,
    faults: { copiesPerPlan },
    rewrite: (effects) => effects.filter((effect) => !isKept(effect)),
  });
  t.true(report.violations.some(({ check }) => check === 'copies'));
});

test.serial('an agent that counts a copy among what it holds is found out', async (t) => {
  // Not always: two that say what is not so answer each other for ever.
  let words = 0;
  const report = await run({
    seed: 56,
    agentCount: 12,
    days: 4,
    faults: { copiesPerPlan: 20 },
    rewrite: (effects) =>
      effects.map((effect) => {
        if (effect.kind !== 'send' || effect.message.kind !== 'inventory' || ++words % 10 > 0) return effect;
        const held = effect.message.held.map(({ pack }) => ({ pack, indexes: [0, 1, 2] }));
        return { ...effect, message: { ...effect.message, held } };
      }),
  });
  t.true(report.violations.some(({ check }) => check === 'copies'));
});
