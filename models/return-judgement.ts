// How well the return hazard knows who is back within a day, on held-out hours, beside simpler views of the same past.

import { type FleetHistory, hourMs, slotDown, slotUnknown, slotUp } from '../datasets/index.ts';
import { gate, type ModelCard } from './card.ts';
import { weekHours } from './hours.ts';
import { absentHours, fitReturnHazard, oddsOfReturn } from './return-hazard.ts';
import { brierScore, calibrationError, reliabilityBins } from './scores.ts';

const horizonHours = 24;

interface Question {
  readonly machine: number;
  readonly hoursAway: number;
  readonly weekHour: number;
  /** 1 back within the horizon, 0 not. */
  readonly outcome: number;
}

/** Every hour from `fromSlot` on that a machine is away, where its next day is known. */
function questionsOf(history: FleetHistory, fromSlot: number): readonly Question[] {
  const { slotCount, slotMs, up } = history;
  const hours = weekHours(history, 1);
  const ahead = Math.max(1, Math.round((horizonHours * hourMs) / slotMs));
  const questions: Question[] = [];
  for (const { machine, slot, hoursAway, isBack } of absentHours(history)) {
    if (isBack || slot < fromSlot || slot + ahead >= slotCount) continue;
    const next = up.subarray(machine * slotCount + slot + 1, machine * slotCount + slot + 1 + ahead);
    const isBackSoon = next.includes(slotUp);
    if (!isBackSoon && next.includes(slotUnknown)) continue;
    questions.push({
      machine,
      hoursAway: hoursAway + slotMs / hourMs,
      weekHour: hours[slot + 1]!,
      outcome: Number(isBackSoon),
    });
  }
  return questions;
}

/** Of past absences at least as long, the share that ended within the horizon, by hours away. */
function shareByLength(past: FleetHistory): (hoursAway: number) => number {
  const lengths: { readonly hours: number; readonly ended: boolean }[] = [];
  for (const { hoursAway, isBack } of absentHours(past))
    if (isBack) lengths.push({ hours: hoursAway, ended: true });
  for (const hours of openAbsences(past)) lengths.push({ hours, ended: false });
  const known = new Map<number, number>();
  return (hoursAway) => {
    const found = known.get(hoursAway);
    if (found !== undefined) return found;
    let [back, all] = [1, 2];
    for (const { hours, ended } of lengths) {
      const isSoon = ended && hours < hoursAway + horizonHours;
      if (hours < hoursAway || !(isSoon || hours >= hoursAway + horizonHours)) continue;
      all++;
      if (isSoon) back++;
    }
    known.set(hoursAway, back / all);
    return back / all;
  };
}

/** Hours away of the machines that are down at the end. */
function openAbsences({ machines, slotCount, slotMs, up }: FleetHistory): readonly number[] {
  return machines.flatMap((_, machine) => {
    const row = up.subarray(machine * slotCount, (machine + 1) * slotCount);
    const last = row.lastIndexOf(slotUp);
    const away = last < 0 ? 0 : row.subarray(last + 1).filter((state) => state === slotDown).length;
    return away === 0 ? [] : [(away * slotMs) / hourMs];
  });
}

/** The card of the return hazard: fitted before `fromSlot`, judged from there on. */
export function judgeReturn(history: FleetHistory, past: FleetHistory): ModelCard {
  const hazard = fitReturnHazard(past);
  const questions = questionsOf(history, past.slotCount);
  const outcomes = questions.map(({ outcome }) => outcome);
  const odds = questions.map((absence) => oddsOfReturn(hazard, absence, [horizonHours])[0]!);
  const byLength = shareByLength(past);
  const before = questionsOf(past, 0);
  const mean = (before.reduce((sum, { outcome }) => sum + outcome, 0) + 1) / (before.length + 2);
  const scoreOf = (values: readonly number[]): number =>
    outcomes.length === 0 ? Number.NaN : brierScore(values, outcomes);
  const score = {
    metric: 'Brier score of "back within 24 h", by hour away',
    value: scoreOf(odds),
    better: 'lower',
    baselines: [
      { name: 'always back', value: scoreOf(questions.map(() => 1)) },
      { name: 'mean of all absences', value: scoreOf(questions.map(() => mean)) },
      {
        name: 'absences as long as this one',
        value: scoreOf(questions.map(({ hoursAway }) => byLength(hoursAway))),
      },
    ],
  } as const;
  const details = { 'hours away': outcomes.length, 'back within a day': mean };
  return {
    model: 'return',
    score,
    details:
      outcomes.length === 0
        ? details
        : { ...details, 'calibration error, 15 bins': calibrationError(odds, outcomes) },
    reliability: outcomes.length === 0 ? [] : reliabilityBins(odds, outcomes),
    ...gate(score),
    limits:
      'Holidays that the history does not have are taken for leaving. It says who has left for good, and places nothing.',
  };
}
