// Who joins a domain that was found without it, and who does not.

import test from 'ava';
import type { Observed, ShockMixture } from '../../models/joint-failure.ts';
import { withLateMembers } from '../../models/late-members.ts';
import { logit } from '../../models/log-odds.ts';

/** The last two machines are mostly off. */
const ownOdds = [0.01, 0.01, 0.01, 0.7, 0.7];
const slotCount = 1000;
const machineCount = ownOdds.length;

/** Shocks at these hours, in which the first three machines fall; the fourth is off in all of them, the fifth in two of three. */
function seenWith(shockSlots: readonly number[]): Observed {
  const down = new Float32Array(slotCount * machineCount);
  const shocks = new Set(shockSlots);
  for (let slot = 0; slot < slotCount; slot++) {
    const row = down.subarray(slot * machineCount, (slot + 1) * machineCount);
    const isShock = shocks.has(slot);
    if (isShock) row.fill(1, 0, 3);
    row[3] = isShock || slot % 10 < 7 ? 1 : 0;
    row[4] = slot % 3 < 2 ? 1 : 0;
  }
  return {
    down,
    known: new Float32Array(slotCount * machineCount).fill(1),
    logits: Float32Array.from({ length: slotCount * machineCount }, (_, at) =>
      logit(ownOdds[at % machineCount]!),
    ),
    slotCount,
    machineCount,
  };
}

const mixtureOf = (origin: string, members: readonly number[] = [0, 1, 2]): ShockMixture => ({
  domains: [{ name: 'a domain', origin, members }],
  logRates: Float32Array.of(Math.log(0.02)),
  strikes: Float32Array.of(4),
  shifts: new Float32Array(machineCount),
  marginals: new Float64Array(0),
});
const membersAfter = (mixture: ShockMixture, shockSlots: readonly number[]): readonly number[] =>
  withLateMembers(mixture, seenWith(shockSlots))[0]!.members;

/** Twelve shocks of two hours. */
const often = Array.from({ length: 12 }, (_, shock) => [80 * shock, 80 * shock + 1]).flat();

test('a machine that is mostly off joins the domain in all of whose shocks it was off', (t) => {
  t.deepEqual(membersAfter(mixtureOf('learned'), often), [0, 1, 2, 3]);
});

test('the hours of one shock say no more than one', (t) => {
  const once = Array.from({ length: 24 }, (_, hour) => 100 + hour);
  t.deepEqual(membersAfter(mixtureOf('learned'), once), [0, 1, 2]);
});

test('nobody joins what an attribute says, nor a pair, nor where no shock was seen', (t) => {
  t.deepEqual(membersAfter(mixtureOf('site'), often), [0, 1, 2]);
  t.deepEqual(membersAfter(mixtureOf('learned', [0, 1]), often), [0, 1]);
  t.deepEqual(membersAfter(mixtureOf('learned'), []), [0, 1, 2]);
});
