// Rot that nobody asked about, and proofs of own drives, in fleets of the shipped core.

import test from 'ava';
import { days, hours } from '../../datasets/index.ts';
import { checkNames, noFaults } from '../../agent/simulation/index.ts';
import type { Effects } from '../../agent/core/index.ts';
import { run, runWell } from './running.ts';

const repaired = 'a shard on this disk was damaged or missing; it is fetched again';
/** Nobody is asked for a proof of a shard: what rots is found by its own holder, or never. */
const withoutAudits = (effects: Effects): Effects =>
  effects.filter((effect) => effect.kind !== 'send' || effect.message.kind !== 'auditOffer');

/** Shorter than a plan lasts: nothing moves, so that no proof is asked for before a removal either. */
const rotting = {
  seed: 'rot-1',
  agentCount: 8,
  days: 6,
  snapshotsPerMachineDay: 1,
  faults: { ...noFaults, rotsPerDay: 7 },
  rewrite: withoutAudits,
  checks: checkNames.filter((name) => name !== 'audits'),
};

test.serial(
  'what rots and is never audited is found by its holder, taken out and fetched again',
  async (t) => {
    const report = await runWell(t, { ...rotting, scrubPassMs: hours(12) });
    const flips = report.faultCounts['flipped bit'] ?? 0;
    t.true(flips > 20, `${flips} flipped bits`);
    t.is(report.effectCounts['proveShard'], undefined);
    // A second flip of a bit may hit the same shard before it was read; some flips come after the last pass.
    const found = report.reports[repaired] ?? 0;
    t.true(found >= 0.8 * flips, `${found} of ${flips} found`);
  },
);

test.serial(
  'the checks notice that nobody asks for a proof, and that nobody restores as a trial',
  async (t) => {
    const { checks: _checks, ...options } = rotting;
    const isLazy = ({ kind }: Effects[number]): boolean => kind !== 'proveDrive';
    const { violations } = await run({
      ...options,
      rewrite: (effects) => withoutAudits(effects).filter(isLazy),
    });
    t.deepEqual([...new Set(violations.map(({ check }) => check))].toSorted(), ['audits', 'proofs']);
  },
);

test.serial('without the reading of all shards it is not found', async (t) => {
  const report = await run({
    ...rotting,
    rewrite: (effects) => withoutAudits(effects).filter(({ kind }) => kind !== 'verifyShard'),
  });
  const flips = report.faultCounts['flipped bit'] ?? 0;
  t.true((report.reports[repaired] ?? 0) < 0.5 * flips, `${report.reports[repaired]} of ${flips} found`);
});

test.serial('every owner proves its drive day by day, from other machines only', async (t) => {
  const report = await runWell(t, {
    seed: 'proofs-1',
    agentCount: 8,
    days: 7,
    faults: { ...noFaults, nights: 'people', crashesPerMachineDay: 0.5 },
    holderSilenceMs: days(4),
  });
  // Whose holders are all off for a weekend tries again every hour.
  t.true((report.proofCounts['proven'] ?? 0) >= 8 * 4, JSON.stringify(report.proofCounts));
  t.is(report.proofCounts['wrong'] ?? 0, 0);
});

test.serial('a holder that threw its shards away and has others answer for it is left out', async (t) => {
  const faults = { ...noFaults, liarShare: 1 / 12 };
  const report = await runWell(t, { seed: 'forward 7', agentCount: 12, days: 8, faults });
  t.is(report.faultCounts['liar: forwards'], 1);
  t.is(report.liarsLeftOut, 1);
});
