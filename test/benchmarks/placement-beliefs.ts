// What groups are chosen by, and nothing else: beliefs of the same past, groups by the same climb, judged by the two weeks that follow,
// without repair. Cheap, so that many samples can be asked: npx node test/benchmarks/placement-beliefs.ts [--trace TRACE.avt --machines 100
// --block 20 --origins 1 --samples 40 --first 4200 --replicas 2 --draws 2]; without a trace, generated fleets. Not a test: what it says is for people.

import { parseArgs } from 'node:util';
import {
  createRandom,
  type FleetHistory,
  generateFleet,
  sliceHistory,
  slotUp,
  unixMs,
} from '../../datasets/index.ts';
import { baselineForecast, habitForecast } from '../../models/index.ts';
import {
  capacitiesFor,
  chooseGroups,
  groupCountFor,
  loadTrace,
  policiesNamed,
  replayGroups,
  type States,
  statesFromForecast,
} from '../../optimizer/index.ts';
import { pooledStates } from './opinion-pool.ts';

const { values: asked } = parseArgs({
  options: {
    trace: { type: 'string' },
    samples: { type: 'string', default: '40' },
    machines: { type: 'string', default: '100' },
    block: { type: 'string', default: '20' },
    origins: { type: 'string', default: '1' },
    replicas: { type: 'string', default: '2' },
    draws: { type: 'string', default: '2' },
    first: { type: 'string', default: '4200' },
  },
});
const numbers = (name: 'samples' | 'machines' | 'origins' | 'draws' | 'first'): number => Number(asked[name]);
const redundancy = { k: 1, n: Number(asked.replicas) } as const;
const week = 168;
const trainSlots = (asked.trace === undefined ? 4 : 3) * week;
const testSlots = 2 * week;
/** As in the replay: whoever is silent for longer takes nothing. */
const silenceMax = 90;

const historyOf = (seed: number): Promise<FleetHistory> =>
  asked.trace === undefined
    ? Promise.resolve(
        generateFleet({
          seed,
          machineCount: numbers('machines'),
          weeks: 6,
          startMs: unixMs(Date.UTC(2026, 0, 5)),
        }).history,
      )
    : loadTrace({
        file: asked.trace,
        format: 'avt',
        machineCount: numbers('machines'),
        block: Number(asked.block),
        seed,
        stepMs: 3_600_000,
        trainWeeks: 3,
      });

/** What may be believed of a past. */
async function beliefsOf(past: FleetHistory, seed: number): Promise<ReadonlyMap<string, States>> {
  const [bar] = policiesNamed(['best-k with swaps']);
  const { states } = await bar!.learn({ past, redundancy, seed });
  const forecast = habitForecast(past);
  const withHours = (share: number): States =>
    statesFromForecast({ ...forecast, pastHours: { ...forecast.pastHours!, share } });
  return new Map([
    ['the bar', states],
    ['habits by the hour', statesFromForecast(baselineForecast(past))],
    ['habits, hours that were 0.1', withHours(0.1)],
    ['habits, hours that were 0.3', withHours(0.3)],
    ['pool of the bar and 0.1', pooledStates(withHours(0.1))],
    ['pool of the bar and 0.3', pooledStates(withHours(0.3))],
  ]);
}

const isSilent = ({ up, slotCount }: FleetHistory, row: number): boolean =>
  !up.subarray((row + 1) * slotCount - silenceMax, (row + 1) * slotCount).includes(slotUp);

/** Unavailable share of group-hours, the mean of some draws. */
function unavailableShare(
  states: States,
  { past, future }: { readonly past: FleetHistory; readonly future: FleetHistory },
  seed: number,
): number {
  const given = past.machines.map((_, row) => (isSilent(past, row) ? 0 : 1));
  const groupCount = groupCountFor(given.filter((one) => one > 0).length, redundancy);
  const capacities = capacitiesFor(given, { groupCount, n: redundancy.n });
  let [lost, seen] = [0, 0];
  for (let draw = 0; draw < numbers('draws'); draw++) {
    const question = { states, redundancy, groupCount, capacities, method: 'climb' } as const;
    const groups = chooseGroups({ ...question, seed: `${seed} ${draw}` });
    for (const { all } of replayGroups(groups, future, redundancy.k)) {
      lost += all.lost;
      seen += all.seen;
    }
  }
  return lost / Math.max(1, seen);
}

const shares = new Map<string, number[]>();
for (let seed = numbers('first'); seed < numbers('first') + numbers('samples'); seed++) {
  const history = await historyOf(seed);
  const room = history.slotCount - trainSlots - testSlots;
  for (let origin = 0; origin < numbers('origins'); origin++) {
    const fromSlot = Math.round((origin * room) / Math.max(1, numbers('origins') - 1));
    const past = sliceHistory(history, { fromSlot, toSlot: fromSlot + trainSlots });
    const future = sliceHistory(history, {
      fromSlot: fromSlot + trainSlots,
      toSlot: fromSlot + trainSlots + testSlots,
    });
    for (const [name, states] of await beliefsOf(past, seed))
      shares.set(name, [...(shares.get(name) ?? []), unavailableShare(states, { past, future }, seed)]);
  }
}

/** Added to both sides of a ratio. */
const shareFloor = 1e-6;
const bootstraps = 2000;
const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const ofBar = shares.get('the bar')!;
for (const [belief, own] of shares) {
  const timesFewer = (some: readonly number[]): number =>
    (meanOf(some.map((at) => ofBar[at]!)) + shareFloor) / (meanOf(some.map((at) => own[at]!)) + shareFloor);
  const random = createRandom(1).fork('samples');
  const drawn = Array.from({ length: bootstraps }, () =>
    timesFewer(own.map(() => random.below(own.length))),
  ).toSorted((a, b) => a - b);
  const at = (share: number): string => drawn[Math.floor(share * bootstraps)]!.toPrecision(3);
  const line = {
    belief,
    unavailable: meanOf(own).toExponential(2),
    timesFewer: timesFewer([...own.keys()]).toPrecision(3),
    interval: [at(0.025), at(0.975)],
    won: own.filter((share, index) => share < ofBar[index]!).length,
    lost: own.filter((share, index) => share > ofBar[index]!).length,
    samples: own.length,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
