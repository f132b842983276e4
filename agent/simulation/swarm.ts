// Random configurations: each run of a swarm leaves out some kinds of faults and makes the others weaker or stronger, so that they
// meet in all combinations (swarm testing: Groce et al., ISSTA'12). And from a run that failed, a shorter one that still does.

import { createRandom, days, hours, type Random, seconds } from '../../datasets/index.ts';
import { type FaultName, faultsOf } from './fault-kinds.ts';
import type { CheckName, Faults, Report, SimulationOptions } from './options.ts';

const pick = <Value>(random: Random, values: readonly Value[]): Value => values[random.below(values.length)]!;

/** New ones come last, so that those before are drawn as they were. */
const laterKinds: ReadonlySet<FaultName> = new Set([
  'wipes',
  'usurpers',
  'smalldisks',
  'namesakes',
  'forgers',
  'plunder',
  'laymen',
  'twins',
  'leavers',
  'rests',
  'rules',
  'endedkeys',
  'guests',
  'crowds',
  'failedplans',
  'fulllogs',
  'holidays',
  'earlywords',
  'readers',
  'trickles',
  'turns',
  'swaps',
  'domains',
  'reviews',
  'spoils',
  'unreaddisks',
  'failedproofs',
  'lostoutboxes',
  'steals',
  'hangups',
  'pardons',
  'stolenkeys',
  'signers',
  'wrongdates',
  'askers',
  'forecasts',
  'idlers',
  'strays',
  'lastwords',
  'slanders',
  'renewals',
  'aheadsnapshots',
  'cuts',
]);

/** Options drawn from a seed. Small fleets and short times find nearly everything, and find it sooner. */
export function drawOptions(seed: string, allowed: readonly FaultName[]): SimulationOptions {
  const random = createRandom(seed).fork('swarm');
  // Kinds that came later are drawn apart: a seed of an older swarm has all else as it had it.
  const later = createRandom(seed).fork('swarm, later kinds');
  const names = allowed.filter((name) => (laterKinds.has(name) ? later : random).fraction() < 0.4);
  const agentCount = pick(random, [4, 5, 6, 8, 10, 12, 12, 16, 24, 40]);
  const dayCount = pick(random, agentCount > 16 ? [2, 4, 7] : [2, 4, 7, 12, 20]);
  const keepLast = pick(random, [undefined, undefined, 1, 2, 3]);
  return {
    seed,
    agentCount,
    days: dayCount,
    faults: drawStrengths(faultsOf(names), random),
    tickMs: seconds(pick(random, [30, 60, 60, 300])),
    // Mostly so short that plans change all the time: that is where promises break.
    holderSilenceMs: pick(random, [hours(4), hours(8), hours(20), days(2), days(4)]),
    snapshotsPerMachineDay: pick(random, [0.3, 1, 1, 3]),
    quotaBytes: pick(random, [10_000_000, 10_000_000, 60_000]),
    restoreCount: 10,
    ...(keepLast === undefined ? {} : { keepLast }),
    ...drawMesh(createRandom(seed).fork('mesh')),
  };
}

/** What swarms draw: anything, or small fleets that are not fully connected and lose machines, a hundred runs in two minutes. */
export type SwarmShape = 'any' | 'sparse';

/** The same for a shape. */
export function drawShaped(
  seed: string,
  { allowed, shape }: { readonly allowed: readonly FaultName[]; readonly shape: SwarmShape },
): SimulationOptions {
  const drawn = drawOptions(seed, allowed);
  return shape === 'any' ? drawn : sparse(drawn, createRandom(seed).fork('sparse'));
}

function sparse(options: SimulationOptions, random: Random): SimulationOptions {
  return {
    ...options,
    agentCount: pick(random, [4, 5, 6, 7, 8, 9, 10, 11, 12]),
    days: Math.min(3, options.days),
    meshMax: 3,
    ringCount: pick(random, [1, 2, 3]),
    faults: {
      ...options.faults,
      siteLossCount: 1,
      massOutageCount: 2,
      joinCount: 2,
      crowdCount: pick(random, [0, 1]),
      rollbackCount: pick(random, [0, 0, 1]),
      fullLogsPerMachineDay: 0,
    },
  };
}

/** A third of all fleets are too large for everybody to be connected to everybody, however small they are. */
const drawMesh = (random: Random): Pick<SimulationOptions, 'meshMax' | 'ringCount'> =>
  random.fraction() < 2 / 3 ? {} : { meshMax: pick(random, [3, 3, 8]), ringCount: pick(random, [1, 2, 3]) };

/** Rates between half and three times of what the name stands for. */
function drawStrengths(faults: Faults, random: Random): Faults {
  const strength = (): number => 0.5 + 2.5 * random.fraction();
  return {
    ...faults,
    alwaysOnShare: pick(random, [0.3, 0.5, 0.8]),
    crashesPerMachineDay: faults.crashesPerMachineDay * strength(),
    partitionsPerDay: faults.partitionsPerDay * strength(),
    rotsPerDay: faults.rotsPerDay * strength(),
    diskDeathsPerMachineYear: faults.diskDeathsPerMachineYear * strength(),
    clockJumpsPerMachineDay: faults.clockJumpsPerMachineDay * strength(),
    fullDisksPerMachineDay: faults.fullDisksPerMachineDay * strength(),
    siteOutageCount: Math.round(faults.siteOutageCount * strength()),
    massOutageCount: Math.round(faults.massOutageCount * strength()),
    rollbackCount: Math.round(faults.rollbackCount * strength()),
    revocationCount: Math.round(faults.revocationCount * strength()),
    planBurstsPerDay: faults.planBurstsPerDay * strength(),
    liarShare: Math.min(1 / 3, faults.liarShare * strength()),
  };
}

/** Options of which the next to try is one step simpler. */
function* simpler(options: SimulationOptions): Generator<SimulationOptions> {
  const { days: dayCount, agentCount, faults = {} } = options;
  if (dayCount > 1) yield { ...options, days: Math.ceil(dayCount / 2) };
  if (agentCount > 4) yield { ...options, agentCount: Math.max(4, Math.ceil(agentCount / 2)) };
  if (faults.network !== undefined) {
    const { network: _network, ...rest } = faults;
    yield { ...options, faults: rest };
  }
  for (const name of Object.keys(faults) as (keyof Faults)[]) {
    const value = faults[name];
    if (typeof value === 'number' && value > 0 && !name.endsWith('Max') && name !== 'massOutageShare')
      yield { ...options, faults: { ...faults, [name]: 0 } };
  }
  if (faults.nights === 'people') yield { ...options, faults: { ...faults, nights: 'off' } };
  if (options.meshMax !== undefined) {
    const { meshMax: _meshMax, ringCount: _ringCount, ...rest } = options;
    yield rest;
  }
  if (options.keepLast !== undefined) {
    const { keepLast: _keepLast, ...rest } = options;
    yield rest;
  }
  if (dayCount > 1) yield { ...options, days: dayCount - 1 };
  if (agentCount > 4) yield { ...options, agentCount: agentCount - 1 };
}

export interface Shrunk {
  readonly options: SimulationOptions;
  readonly report: Report;
  readonly runs: number;
}

/** A simpler run that breaks the same promise, as far as it is found before `isOver` says so. */
export function shrink(
  failed: { readonly options: SimulationOptions; readonly report: Report },
  parts: {
    readonly run: (options: SimulationOptions) => Report;
    readonly isOver: () => boolean;
    /** Hears of each smaller run as it is found. */
    readonly found?: (smaller: Shrunk) => void;
  },
): Shrunk {
  const check = failed.report.violations[0]?.check;
  let [best, runs] = [failed, 0];
  for (let isBetter = true; isBetter;) {
    isBetter = false;
    for (const options of simpler(best.options)) {
      if (parts.isOver()) return { ...best, runs };
      runs++;
      const report = parts.run(options);
      if (!breaks(report, check)) continue;
      best = { options, report };
      parts.found?.({ ...best, runs });
      isBetter = true;
      break;
    }
  }
  return { ...best, runs };
}

const breaks = ({ violations }: Report, check: CheckName | undefined): boolean =>
  violations.some((violation) => violation.check === check);
