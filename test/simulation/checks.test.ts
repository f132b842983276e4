// Bent orders of the shipped core: the checks notice what breaks a promise.

import test from 'ava';
import type { Effects } from '../../agent/core/index.ts';
import { manyFaults } from '../../agent/simulation/index.ts';
import { hours } from '../../datasets/index.ts';
import { run } from './running.ts';

test.serial('the checks notice holders that give shards away instead of copying them', async (t) => {
  const report = await run({
    seed: 2,
    agentCount: 12,
    days: 5,
    holderSilenceMs: hours(8),
    faults: { ...manyFaults, rotsPerDay: 0, destroyedCount: 0 },
    rewrite: (effects) =>
      effects.flatMap((effect): Effects => {
        if (effect.kind !== 'sendShard' || effect.shard.place !== 'held') return [effect];
        return [effect, { kind: 'removeShard', shard: effect.shard }];
      }),
  });
  t.true(report.violations.some(({ check }) => check === 'restorable'));
});

test.serial('the checks notice holders that sign a receipt and keep nothing', async (t) => {
  const report = await run({
    seed: 1,
    agentCount: 12,
    days: 4,
    rewrite: (effects) =>
      effects.flatMap((effect): Effects => {
        if (effect.kind !== 'sendReceipt') return [effect];
        return [effect, { kind: 'removeShard', shard: { place: 'held', ...effect.shard } }];
      }),
  });
  t.true(report.violations.some(({ check }) => check === 'restorable'));
  t.true(Object.keys(report.reports).some((text) => /was asked to prove/u.test(text)));
});

test.serial('the checks notice machines that confirm a log and do not keep it', async (t) => {
  const report = await run({
    seed: 1,
    agentCount: 6,
    days: 2,
    rewrite: (effects) =>
      effects.map((effect): Effects[number] => {
        if (effect.kind !== 'storeBatch' || !effect.batch.records.some(({ kind }) => kind === 'head'))
          return effect;
        const { author, stream, sequence } = effect.batch;
        return { kind: 'send', to: author, message: { kind: 'logStored', stream, next: sequence + 1 } };
      }),
  });
  t.true(report.violations.some(({ check }) => check === 'known'));
});
