// What waiting is worth: bytes copied for machines that are silent, beside an oracle that knows who has left for good. Groups
// are by chance and change for no other reason, so that all that moves is repair. npx node test/benchmarks/repair.ts TRACE.avt [SEED …].
// Prints lines of JSON. Not a test: what it says is for people.

import { hours, slotUp } from '../../datasets/index.ts';
import { baselineForecast, type PresenceForecast } from '../../models/index.ts';
import { goneOdds } from '../../models/departures.ts';
import { fitReturnHazard } from '../../models/return-hazard.ts';
import {
  departuresOf,
  loadTrace,
  originsOf,
  policies,
  replayOrigin,
  type Scenario,
} from '../../optimizer/index.ts';

const [file = '', ...seeds] = process.argv.slice(2);
const [trainWeeks, testWeeks] = [3, 2];
const byChance = policies.find(({ name }) => name === 'random')!;
type Policy = typeof byChance;
type Lesson = Parameters<Policy['learn']>[0];

const byCount = ({ past }: Lesson): Float64Array => goneOdds(past);
const byHazard = ({ past }: Lesson): Float64Array => goneOdds(past, fitReturnHazard(past));

/** Whoever is not up again before the next lesson has left. */
const leaversOf = ({ past, future }: Lesson): Float64Array =>
  Float64Array.from(past.machines, (_, row) => {
    const next = future?.up.subarray(row * future.slotCount, (row + 1) * future.slotCount);
    return next === undefined || next.includes(slotUp) ? 0 : 1;
  });

/** By the margin of each group, as Drey does it. */
const byMargin = { presence: ({ past }: Lesson) => baselineForecast(past).presence } as const;

interface Entrant {
  readonly name: string;
  readonly patienceMs: number;
  readonly goneOdds?: (lesson: Lesson) => Float64Array;
  readonly presence?: (lesson: Lesson) => PresenceForecast | undefined;
}

const entrants: readonly Entrant[] = [
  { name: '42 h', patienceMs: hours(42) },
  { name: '90 h', patienceMs: hours(90) },
  { name: '90 h, gone by count', patienceMs: hours(90), goneOdds: byCount },
  { name: '7 days, gone by count', patienceMs: hours(168), goneOdds: byCount },
  { name: '7 days, gone by hazard', patienceMs: hours(168), goneOdds: byHazard },
  { name: '14 days', patienceMs: hours(336) },
  { name: '14 days, gone by count', patienceMs: hours(336), goneOdds: byCount },
  { name: '14 days, gone by hazard', patienceMs: hours(336), goneOdds: byHazard },
  { name: 'by margin', patienceMs: hours(336), ...byMargin },
  { name: 'oracle', patienceMs: hours(10_000), goneOdds: leaversOf },
];

/** The same name for all, so that all have the same groups. */
const policyOf = (entrant: Entrant): Policy => {
  const { goneOdds: odds, presence: presenceOf } = entrant;
  if (presenceOf !== undefined)
    return {
      ...byChance,
      learn: async (lesson) => {
        const presence = presenceOf(lesson);
        return { ...(await byChance.learn(lesson)), ...(presence === undefined ? {} : { presence }) };
      },
    };
  return odds === undefined
    ? byChance
    : {
        ...byChance,
        needs: odds === leaversOf ? 'future' : 'past',
        learn: async (lesson) => ({ ...(await byChance.learn(lesson)), goneOdds: odds(lesson) }),
      };
};

for (const seed of seeds.length === 0 ? ['1'] : seeds) {
  const history = await loadTrace({
    file,
    format: 'avt',
    machineCount: 300,
    block: 100,
    seed,
    stepMs: hours(1),
    trainWeeks,
  });
  for (const entrant of entrants) {
    const { name, patienceMs } = entrant;
    const rules: Scenario['rules'] = {
      redundancy: { k: 1, n: 3 },
      capacityFactor: 1.5,
      trainWeeks,
      testWeeks,
      origins: 3,
      repair: 'on',
      patienceMs,
      seed,
    };
    const scenario = { history, rules, departures: departuresOf(history) };
    let [moved, stored, lost, unavailable, all] = [0, 0, 0, 0, 0];
    for (const [index, origin] of originsOf(history, rules).entries()) {
      const { account } = await replayOrigin(scenario, policyOf(entrant), {
        origin,
        index,
        stopwatch: () => 0,
      });
      moved += account.movedBytes;
      stored += account.storedBytes;
      lost += account.lostFiles;
      unavailable += account.unavailableFileSlots;
      all += account.fileSlots;
    }
    const shown = {
      movedShare: Number((moved / stored).toPrecision(3)),
      lostFiles: lost,
      unavailableShare: Number((unavailable / all).toPrecision(3)),
    };
    process.stdout.write(`${JSON.stringify({ seed, name, ...shown })}\n`);
  }
}
