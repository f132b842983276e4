// Common causes and what they do to machines: when each strikes, for how long, whom it takes down, and how they come back.
// On purpose not the learner's family: onsets are renewals, lengths are log-normal or Weibull, causes overlap and set
// each other off, and machines return one by one.

import { hourOfWeek, isWeekday, localDayStart } from '../calendar.ts';
import type { Random } from '../random.ts';
import { dayMs, hourMs, minuteMs, weekMs } from '../units.ts';
import type { Layout } from './layout.ts';
import type { Cause, CauseKind, Outage, ResolvedOptions } from './options.ts';
import { clamp, logNormal, weibull } from './sampling.ts';
import type { RestSpan } from './uptime.ts';

interface CauseHabit {
  /** Mean outages in a week. */
  readonly perWeek: number;
  /** P(a running member goes down | outage), before the machine's own resistance. */
  readonly strike: number;
  readonly lengthMs: (random: Random) => number;
  readonly state: 'off' | 'crashed';
}

/** Share of hidden outages that start in working hours: people trip breakers, and load is highest then. */
const workingHoursShare = 0.5;
/** Share of hidden outages that set off a second domain of the same site minutes later. */
const cascadeShare = 0.06;
/** Share of struck machines that wait for a person to press the button in the morning. */
const waitsForPersonShare = 0.08;

function causeHabits(options: ResolvedOptions): Readonly<Record<CauseKind, CauseHabit>> {
  return {
    hidden: {
      perWeek: options.outagesPerDomainWeek,
      strike: 0.97,
      lengthMs: (random) => logNormal(random, 2.8 * hourMs, 0.8),
      state: 'crashed',
    },
    site: {
      perWeek: 0.04,
      strike: 0.95,
      lengthMs: (random) => weibull(random, 0.8, 3 * hourMs),
      state: 'crashed',
    },
    subnet: {
      perWeek: 0.1,
      strike: 0.9,
      lengthMs: (random) => logNormal(random, 1.5 * hourMs, 0.7),
      state: 'off',
    },
    patchRing: {
      perWeek: 0.12,
      strike: 0.5,
      lengthMs: (random) => logNormal(random, 5 * hourMs, 0.8),
      state: 'off',
    },
    osBuild: {
      perWeek: 0.05,
      strike: 0.35,
      lengthMs: (random) => logNormal(random, 2 * hourMs, 0.6),
      state: 'crashed',
    },
  };
}

export interface CauseDraw {
  /** Hidden domains first, in the order of the layout. */
  readonly causes: readonly Cause[];
  /** N lists: when each machine was down because of them, in no order. */
  readonly restsOfMachine: readonly RestSpan[][];
}

export interface CauseSetting {
  readonly options: ResolvedOptions;
  readonly layout: Layout;
  readonly offsetOfMachine: readonly number[];
  /** N values: factor on the odds of being struck; laptops have batteries. */
  readonly exposureOfMachine: readonly number[];
}

export function drawCauses(setting: CauseSetting, random: Random): CauseDraw {
  const { options, layout } = setting;
  const habits = causeHabits(options);
  const planned = [
    ...layout.hiddenDomains.map((members, i) => ({
      kind: 'hidden' as const,
      name: `hidden-${i + 1}`,
      members,
    })),
    ...attributeGroups(layout),
  ];
  const outageLists = planned.map((cause): Outage[] => {
    const offsetMs = setting.offsetOfMachine[cause.members[0]!]!;
    const stream = random.fork(`${cause.kind} ${cause.name}`);
    if (cause.kind === 'patchRing') return patchOutages(options, habits.patchRing, stream);
    return renewalOutages({ options, habit: habits[cause.kind], kind: cause.kind, offsetMs }, stream);
  });
  cascade(setting, outageLists, random.fork('cascade'));
  const causes = planned.map(({ kind, name, members }, i): Cause => {
    return { kind, name, members, outages: outageLists[i]!.toSorted((a, b) => a.fromMs - b.fromMs) };
  });
  const restsOfMachine = Array.from({ length: options.machineCount }, (): RestSpan[] => []);
  for (const cause of causes) {
    strike(
      setting,
      { cause, habit: habits[cause.kind], restsOfMachine },
      random.fork(`strike ${cause.kind} ${cause.name}`),
    );
  }
  return { causes, restsOfMachine };
}

interface PlannedCause {
  readonly kind: CauseKind;
  readonly name: string;
  readonly members: readonly number[];
}

function attributeGroups(layout: Layout): readonly PlannedCause[] {
  const groups = new Map<string, { kind: CauseKind; name: string; members: number[] }>();
  const join = (kind: CauseKind, name: string, machine: number): void => {
    const key = `${kind} ${name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { kind, name, members: [machine] });
    else group.members.push(machine);
  };
  for (const [machine, attributes] of layout.attributes.entries()) {
    join('site', `site-${layout.siteOfMachine[machine]! + 1}`, machine);
    join('subnet', attributes.subnet ?? '', machine);
    join('patchRing', attributes.patchRing ?? '', machine);
    join('osBuild', attributes.osBuild ?? '', machine);
  }
  return [...groups.values()];
}

interface RenewalPart {
  readonly options: ResolvedOptions;
  readonly habit: CauseHabit;
  readonly kind: CauseKind;
  readonly offsetMs: number;
}

/** Weibull gaps of shape 1.6 (Γ(1 + 1/1.6) = 0.8966), more regular than Poisson. */
function renewalOutages(part: RenewalPart, random: Random): Outage[] {
  const { options, habit } = part;
  const outages: Outage[] = [];
  if (habit.perWeek === 0) return outages;
  const scaleMs = weekMs / (habit.perWeek * logNormal(random, 1, 0.12)) / 0.8966;
  let atMs = options.startMs + weibull(random, 1.6, scaleMs) * random.fraction();
  for (; atMs < options.endMs; atMs += weibull(random, 1.6, scaleMs)) {
    const moves = part.kind === 'hidden' && random.fraction() < workingHoursShare;
    const fromMs = moves ? moveToWorkingHours(atMs, part.offsetMs, random) : atMs;
    const toMs = fromMs + clamp(habit.lengthMs(random), [40 * minuteMs, 48 * hourMs]);
    if (fromMs >= options.startMs && fromMs < options.endMs) outages.push(wholeSeconds(fromMs, toMs));
  }
  return outages;
}

function moveToWorkingHours(atMs: number, offsetMs: number, random: Random): number {
  if (!isWeekday(atMs, offsetMs)) return atMs;
  return localDayStart(atMs, offsetMs) + (8 + 9.5 * random.fraction()) * hourMs;
}

/** Updates go out on Tuesday evenings; now and then one is bad. */
function patchOutages(options: ResolvedOptions, habit: CauseHabit, random: Random): Outage[] {
  const outages: Outage[] = [];
  const mondayMs = options.startMs - hourOfWeek(options.startMs) * hourMs;
  for (let weekStartMs = mondayMs; weekStartMs < options.endMs; weekStartMs += weekMs) {
    const isBad = random.fraction() < habit.perWeek;
    const fromMs = weekStartMs + (24 + 21 + 48 * random.below(2)) * hourMs + random.fraction() * 3 * hourMs;
    const toMs = fromMs + habit.lengthMs(random);
    if (isBad && fromMs >= options.startMs && fromMs < options.endMs)
      outages.push(wholeSeconds(fromMs, toMs));
  }
  return outages;
}

/** A hidden outage now and then sets off the next domain of its site: two shocks overlap. */
function cascade(setting: CauseSetting, outageLists: readonly Outage[][], random: Random): void {
  const { hiddenDomains, siteOfMachine } = setting.layout;
  const siteOf = (domain: number): number => siteOfMachine[hiddenDomains[domain]![0]!]!;
  const sources = hiddenDomains.map((_, domain) => [...outageLists[domain]!]);
  for (const [domain, outages] of sources.entries()) {
    const next = hiddenDomains.findIndex((_, other) => other > domain && siteOf(other) === siteOf(domain));
    for (const outage of outages) {
      if (random.fraction() >= cascadeShare || next < 0) continue;
      const fromMs = outage.fromMs + (5 + 35 * random.fraction()) * minuteMs;
      if (fromMs < setting.options.endMs) outageLists[next]!.push(wholeSeconds(fromMs, outage.toMs + hourMs));
    }
  }
}

interface StrikePart {
  readonly cause: Cause;
  readonly habit: CauseHabit;
  readonly restsOfMachine: readonly RestSpan[][];
}

function strike(setting: CauseSetting, part: StrikePart, random: Random): void {
  const { habit } = part;
  for (const machine of part.cause.members) {
    const resistance = Math.min(0.4, Math.abs(random.normal()) * 0.05);
    const odds = habit.strike * setting.exposureOfMachine[machine]! * (1 - resistance);
    for (const outage of part.cause.outages) {
      if (random.fraction() >= odds) continue;
      const onsetMs =
        outage.fromMs + random.fraction() * Math.min(10 * minuteMs, outage.toMs - outage.fromMs);
      const backMs = returnMs(outage, setting.offsetOfMachine[machine]!, random);
      part.restsOfMachine[machine]!.push({ ...wholeSeconds(onsetMs, backMs), state: habit.state });
    }
  }
}

/** Most machines start by themselves minutes after the cause is over; some wait for a person on the next working day. */
function returnMs(outage: Outage, offsetMs: number, random: Random): number {
  const backMs = outage.toMs + Math.min(6 * hourMs, logNormal(random, 8 * minuteMs, 1));
  if (random.fraction() >= waitsForPersonShare) return backMs;
  let dayStartMs = localDayStart(backMs, offsetMs);
  const arrival = (): number => dayStartMs + 8.5 * hourMs;
  while (arrival() < backMs || !isWeekday(arrival(), offsetMs)) dayStartMs += dayMs;
  return arrival() + random.fraction() * hourMs;
}

function wholeSeconds(fromMs: number, toMs: number): Outage {
  const fromSecond = Math.round(fromMs / 1000);
  return { fromMs: fromSecond * 1000, toMs: Math.max(fromSecond + 1, Math.round(toMs / 1000)) * 1000 };
}
