// Makes a whole fleet out of a seed: its rows, its history, and the truth to judge models by.
// Deliberately not the family that the models learn; see README "The generator".

import { localDayStart, utcOffsetOf } from '../calendar.ts';
import { historyFromRows } from '../history-from-rows.ts';
import { createRandom, type Random } from '../random.ts';
import { knownAtMs, type TelemetryRow, type UptimeRow } from '../rows.ts';
import { dayMs, hourMs, type MachineId } from '../units.ts';
import { paintSlots } from '../up-spans.ts';
import { createAccess } from './access.ts';
import { drawCauses } from './causes.ts';
import { decoyAttributes, type Layout, layOut } from './layout.ts';
import { locationRows } from './locations.ts';
import {
  type FleetOptions,
  type FleetTruth,
  type GeneratedFleet,
  type ResolvedOptions,
  resolveOptions,
} from './options.ts';
import { type Habit, restsOfPerson } from './people.ts';
import { cumulate, shuffled } from './sampling.ts';
import { loseStretches, ownFaults, type RestSpan, uptimeRows } from './uptime.ts';

/**
 * Generates `machineCount` machines over `weeks` weeks. The same options give the same fleet, on any machine.
 * Throws `fleet-options` when an option is out of range.
 */
export function generateFleet(options: FleetOptions): GeneratedFleet {
  const resolved = resolveOptions(options);
  const random = createRandom(resolved.seed).fork('fleet');
  const stage = setStage(resolved, random);
  const rows = new Map<MachineId, readonly TelemetryRow[]>();
  const accessOf = createAccess(
    {
      fromMs: resolved.startMs,
      toMs: resolved.endMs,
      siteOfMachine: stage.layout.siteOfMachine,
      touchesPerDay: resolved.touchesPerDay,
    },
    random.fork('access'),
  );
  for (const [index, machine] of resolved.machines.entries()) {
    const uptime = machineUptime(stage, index, random.fork(`machine ${index}`));
    const upSlots = hourlySlots(uptime, resolved);
    const access = accessOf({ machine, index, utcOffsetMs: stage.offsetOfMachine[index]!, upSlots });
    const presence = presenceOf(stage, index);
    const locations = locationRows(
      { layout: stage.layout, machines: resolved.machines, index, ...presence },
      random.fork(`location ${index}`),
    );
    const own: TelemetryRow[] = [...uptime, ...locations, ...access];
    rows.set(
      machine,
      own.toSorted((a, b) => knownAtMs(a) - knownAtMs(b)),
    );
  }
  const history = historyFromRows(everyRow(rows), {
    fromMs: resolved.startMs,
    toMs: resolved.endMs,
    reportedMachines: resolved.machines,
  });
  return { history, rows, truth: stage.truth };
}

interface Stage {
  readonly options: ResolvedOptions;
  readonly layout: Layout;
  readonly offsetOfMachine: readonly number[];
  readonly restsOfMachine: readonly (readonly RestSpan[])[];
  readonly truth: FleetTruth;
}

function setStage(options: ResolvedOptions, random: Random): Stage {
  const layout = layOut(options, random.fork('layout'));
  const offsetOfSite = layout.siteZones.map((zone) => utcOffsetOf(zone, options.startMs));
  const offsetOfMachine = Array.from(layout.siteOfMachine, (site) => offsetOfSite[site]!);
  const habitOfMachine = drawHabits(options, random.fork('habits'));
  const { causes, restsOfMachine } = drawCauses(
    {
      options,
      layout,
      offsetOfMachine,
      exposureOfMachine: habitOfMachine.map((habit) => (habit === 'laptop' ? 0.75 : 1)),
    },
    random.fork('causes'),
  );
  const domainOfMachine = new Int32Array(options.machineCount).fill(-1);
  for (const [domain, members] of layout.hiddenDomains.entries()) {
    for (const machine of members) domainOfMachine[machine] = domain;
  }
  const truth: FleetTruth = {
    domainOfMachine,
    domains: causes.slice(0, layout.hiddenDomains.length),
    causes,
    siteOfMachine: layout.siteOfMachine,
    habitOfMachine,
    ...drawTurnover(options, random.fork('turnover')),
    holidaysOfSite: offsetOfSite.map((offsetMs, site) =>
      drawHolidays({ options, offsetMs }, random.fork(`holidays ${layout.siteZones[site]}`)),
    ),
    decoyAttributes,
  };
  return { options, layout, offsetOfMachine, restsOfMachine, truth };
}

/** By quota, not by chance: nine machines must not all be laptops. */
function drawHabits(options: ResolvedOptions, random: Random): readonly Habit[] {
  const names: readonly Habit[] = ['alwaysOn', 'office', 'laptop'];
  const sums = cumulate(names.map((name) => options.habitShares[name]));
  const total = sums[names.length - 1]!;
  const inOrder = Array.from({ length: options.machineCount }, (_, i) => {
    const position = ((i + 0.5) / options.machineCount) * total;
    return names[sums.findIndex((sum) => position < sum)]!;
  });
  return shuffled(random, inOrder);
}

/** Leavers go between a quarter and 95 % of the window, joiners come between a tenth and three quarters. */
function drawTurnover(
  options: ResolvedOptions,
  random: Random,
): Pick<FleetTruth, 'leaveMsOfMachine' | 'joinMsOfMachine'> {
  const { machineCount, startMs, endMs } = options;
  const order = shuffled(random, [...Array(machineCount).keys()]);
  const leaverCount = Math.round(options.leaverShare * machineCount);
  const joinerCount = Math.round(options.joinerShare * machineCount);
  const leaveMsOfMachine = Array<number | undefined>(machineCount).fill(undefined);
  const joinMsOfMachine = Array<number | undefined>(machineCount).fill(undefined);
  const between = (low: number, high: number): number => {
    return (
      startMs + Math.floor(((low + (high - low) * random.fraction()) * (endMs - startMs)) / hourMs) * hourMs
    );
  };
  for (const machine of order.slice(0, leaverCount)) leaveMsOfMachine[machine] = between(0.25, 0.95);
  for (const machine of order.slice(leaverCount, leaverCount + joinerCount)) {
    joinMsOfMachine[machine] = between(0.1, 0.75);
  }
  return { leaveMsOfMachine, joinMsOfMachine };
}

/** About one public holiday in four weeks, the same for all sites of one time zone. */
function drawHolidays(
  part: { readonly options: ResolvedOptions; readonly offsetMs: number },
  random: Random,
): readonly number[] {
  const holidays: number[] = [];
  const firstDayMs = localDayStart(part.options.startMs, part.offsetMs);
  for (let dayStartMs = firstDayMs; dayStartMs < part.options.endMs; dayStartMs += dayMs) {
    if (random.fraction() < 1 / 28) holidays.push(dayStartMs);
  }
  return holidays;
}

function presenceOf(stage: Stage, index: number): { readonly fromMs: number; readonly toMs: number } {
  return {
    fromMs: stage.truth.joinMsOfMachine[index] ?? stage.options.startMs,
    toMs: stage.truth.leaveMsOfMachine[index] ?? stage.options.endMs,
  };
}

/** A machine that left for good is "off" in its log to the end, as its peers would say. */
function machineUptime(stage: Stage, index: number, random: Random): readonly UptimeRow[] {
  const { options, truth } = stage;
  const window = { fromMs: options.startMs, toMs: options.endMs };
  const person = {
    habit: truth.habitOfMachine[index]!,
    utcOffsetMs: stage.offsetOfMachine[index]!,
    holidays: new Set(truth.holidaysOfSite[stage.layout.siteOfMachine[index]!]),
  };
  const rests = [
    ...restsOfPerson(person, window, random.fork('person')),
    ...ownFaults(window, random.fork('faults')),
    ...stage.restsOfMachine[index]!,
  ];
  const presence = presenceOf(stage, index);
  const machine = options.machines[index]!;
  const present = uptimeRows({ machine, rests, ...presence });
  const gone = { fromMs: presence.toMs, toMs: options.endMs, state: 'off' as const };
  const afterwards = uptimeRows({ machine, fromMs: gone.fromMs, toMs: gone.toMs, rests: [gone] });
  return [...loseStretches(present, random.fork('lost')), ...afterwards];
}

function hourlySlots(uptime: readonly UptimeRow[], options: ResolvedOptions): Uint8Array {
  const slotCount = (options.endMs - options.startMs) / hourMs;
  const slots = new Uint8Array(slotCount);
  const spans = uptime.map((row) => ({ fromMs: row.fromMs, toMs: row.toMs, isUp: row.state === 'up' }));
  paintSlots(spans, { startMs: options.startMs, slotMs: hourMs, slotCount }, slots);
  return slots;
}

function* everyRow(rows: ReadonlyMap<MachineId, readonly TelemetryRow[]>): Iterable<TelemetryRow> {
  for (const own of rows.values()) yield* own;
}
