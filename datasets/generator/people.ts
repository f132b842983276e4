// When people use and rest their machines: nights, weekends, holidays, leave, sick days, lunch, forgotten nights.
// It yields the spans in which a machine is off or asleep for a person's reasons, and nothing about failures.

import { isWeekday, localDayStart } from '../calendar.ts';
import type { Random } from '../random.ts';
import { dayMs, hourMs, minuteMs } from '../units.ts';
import type { HabitShares } from './options.ts';
import { clamp, logNormal } from './sampling.ts';
import type { RestSpan } from './uptime.ts';

export type Habit = keyof HabitShares;

export interface Person {
  readonly habit: Habit;
  readonly utcOffsetMs: number;
  /** Local days on which nobody of the site works. */
  readonly holidays: ReadonlySet<number>;
}

interface Session {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Traits {
  readonly arrivalHour: number;
  readonly workHours: number;
  readonly forgetShare: number;
  readonly weekendShare: number;
  readonly restState: 'off' | 'asleep';
}

/** Spans of rest that cover [startMs, endMs), ordered and disjoint; none for a machine that is always on. */
export function restsOfPerson(person: Person, window: Session, random: Random): readonly RestSpan[] {
  if (person.habit === 'alwaysOn') return [];
  const traits = drawTraits(person.habit, random);
  const sessions: Session[] = [];
  let awayUntilMs = Number.NEGATIVE_INFINITY;
  const firstDayMs = localDayStart(window.fromMs, person.utcOffsetMs) - dayMs;
  for (let dayStartMs = firstDayMs; dayStartMs < window.toMs; dayStartMs += dayMs) {
    if (random.fraction() < 0.006) awayUntilMs = dayStartMs + (3 + random.below(12)) * dayMs;
    const isAway = dayStartMs < awayUntilMs || random.fraction() < 0.02;
    const works = isWeekday(dayStartMs + dayMs / 2, person.utcOffsetMs) && !person.holidays.has(dayStartMs);
    if (!isAway) sessions.push(...daySessions({ habit: person.habit, traits, works, dayStartMs }, random));
  }
  return invert(forget(sessions, traits, random), window, traits.restState);
}

function drawTraits(habit: Habit, random: Random): Traits {
  const isLaptop = habit === 'laptop';
  return {
    arrivalHour: clamp(8.4 + 0.8 * random.normal(), [5, 12]),
    workHours: clamp(8.7 + 0.8 * random.normal(), [4, 12]),
    forgetShare: isLaptop ? 0.02 : Math.min(0.7, logNormal(random, 0.12, 1)),
    weekendShare: isLaptop ? 0.2 : 0.03,
    restState: isLaptop || random.fraction() < 0.4 ? 'asleep' : 'off',
  };
}

interface DayPart {
  readonly habit: Habit;
  readonly traits: Traits;
  readonly works: boolean;
  readonly dayStartMs: number;
}

function daySessions(day: DayPart, random: Random): readonly Session[] {
  const { traits, dayStartMs } = day;
  if (!day.works) {
    if (random.fraction() >= traits.weekendShare) return [];
    const fromMs = dayStartMs + (9 + 9 * random.fraction()) * hourMs;
    return [{ fromMs, toMs: fromMs + (0.5 + 2.5 * random.fraction()) * hourMs }];
  }
  const fromMs = dayStartMs + traits.arrivalHour * hourMs + 20 * minuteMs * random.normal();
  const toMs =
    fromMs + clamp(traits.workHours * hourMs + 35 * minuteMs * random.normal(), [hourMs, 14 * hourMs]);
  if (day.habit === 'office') return [{ fromMs, toMs }];
  const sessions = splitByNaps({ fromMs, toMs }, random);
  if (random.fraction() < 0.3) {
    const eveningMs = Math.max(toMs + 30 * minuteMs, dayStartMs + (19.5 + random.fraction()) * hourMs);
    sessions.push({ fromMs: eveningMs, toMs: eveningMs + (0.3 + 1.5 * random.fraction()) * hourMs });
  }
  return sessions;
}

/** A laptop's lid closes at lunch and in some meetings. */
function splitByNaps(work: Session, random: Random): Session[] {
  const sessions: Session[] = [];
  let fromMs = work.fromMs;
  for (;;) {
    const napMs = fromMs + logNormal(random, 2.2 * hourMs, 0.5);
    if (napMs >= work.toMs) return [...sessions, { fromMs, toMs: work.toMs }];
    sessions.push({ fromMs, toMs: napMs });
    fromMs = napMs + clamp(logNormal(random, 40 * minuteMs, 0.7), [3 * minuteMs, 4 * hourMs]);
    if (fromMs >= work.toMs) return sessions;
  }
}

/** A machine that its person forgot runs on until the next session starts. */
function forget(sessions: readonly Session[], traits: Traits, random: Random): readonly Session[] {
  return sessions.map((session, i) => {
    const next = sessions[i + 1];
    const isLastOfDay = next !== undefined && next.fromMs - session.toMs > 6 * hourMs;
    const isForgotten = isLastOfDay && random.fraction() < traits.forgetShare;
    return isForgotten ? { fromMs: session.fromMs, toMs: next.fromMs } : session;
  });
}

function invert(
  sessions: readonly Session[],
  window: Session,
  state: RestSpan['state'],
): readonly RestSpan[] {
  const rests: RestSpan[] = [];
  let restFromMs = window.fromMs;
  for (const session of [...sessions, { fromMs: window.toMs, toMs: window.toMs }]) {
    const restToMs = Math.min(window.toMs, wholeMinute(session.fromMs));
    if (restToMs > restFromMs) rests.push({ fromMs: restFromMs, toMs: restToMs, state });
    restFromMs = Math.max(restFromMs, wholeMinute(session.toMs));
  }
  return rests;
}

function wholeMinute(atMs: number): number {
  return Math.round(atMs / minuteMs) * minuteMs;
}
