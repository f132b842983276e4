// What agents owe others in words, what they know of their own disks over many starts, and holidays that are longer than what was given up is kept.

import test from 'ava';
import type { CoreEffect, Effects } from '../../agent/core/index.ts';
import { noFaults } from '../../agent/simulation/index.ts';
import { unixMs } from '../../datasets/index.ts';
import { run, runWell } from './running.ts';

test.serial(
  'what is said at a start is written, whatever the databases of others have no room for',
  async (t) => {
    const faults = { ...noFaults, earlyWordShare: 0.5, crashesPerMachineDay: 2, fullLogsPerMachineDay: 2 };
    const report = await runWell(t, { seed: 'whimbrel', agentCount: 6, days: 4, faults });
    t.true(report.faultCounts['word after the start']! > 5);
    t.true(report.faultCounts['full log']! > 20);
  },
);

test.serial('what was given up while a machine was away comes back to nobody with it', async (t) => {
  const faults = { ...noFaults, holidayCount: 3 };
  const report = await runWell(t, {
    seed: 'garganey',
    agentCount: 6,
    days: 20,
    keepLast: 1,
    tickMs: 300_000,
    faults,
  });
  t.true(report.faultCounts['holiday']! > 1);
  t.true(report.snapshotsGivenUp > 10);
});

const without =
  (isLeftOut: (effect: CoreEffect) => boolean) =>
  (effects: Effects): Effects =>
    effects.filter((effect) => !isLeftOut(effect));

test.serial('an agent that answers no question for a proof is found out', async (t) => {
  const rewrite = without((effect) => effect.kind === 'send' && effect.message.kind === 'auditAnswer');
  const { violations } = await run({ seed: 5, agentCount: 4, days: 3, rewrite });
  t.true(violations.some(({ check, text }) => check === 'audits' && text.includes('does not answer')));
});

test.serial('an agent that gives up a pack before it has asked all who are there is found out', async (t) => {
  const rewrite = (effects: Effects): Effects =>
    effects.flatMap((effect): readonly CoreEffect[] =>
      effect.kind === 'packReady' ? [{ kind: 'packLost', pack: effect.pack, foundCount: 0 }] : [effect],
    );
  const { violations } = await run({ seed: 6, agentCount: 6, days: 3, rewrite });
  t.true(violations.some(({ check, text }) => check === 'restored' && text.includes('has not asked')));
});

test.serial(
  'an agent that begins to read its disk anew before it has read all of it is found out',
  async (t) => {
    const rewrite = (effects: Effects): Effects =>
      effects.map((effect): CoreEffect => {
        if (effect.kind !== 'noteScrub') return effect;
        const { position } = effect;
        return { ...effect, position: { ...position, passFromMs: unixMs(position.passFromMs + count++) } };
      });
    let count = 0;
    const { violations } = await run({ seed: 7, agentCount: 4, days: 2, rewrite });
    t.true(violations.some(({ check, text }) => check === 'rot' && text.includes('anew')));
  },
);
