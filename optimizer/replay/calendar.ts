// Gives a trace that does not say when it began its place in the week, and one that does not say where it was its time zone: those at
// which its first weeks look most like people's working hours. Servers have none; for them any place is as good.

import { type FleetHistory, hourOfWeek, slotUnknown, slotUp } from '../../datasets/index.ts';
import { unixMs, hourMs } from '../../datasets/index.ts';

const weekHours = 168;

/** Monday to Friday, 8 to 18. */
export const isBusinessHour = (hour: number): boolean => hour < 5 * 24 && hour % 24 >= 8 && hour % 24 < 18;

/** Of the whole hours from `fromMs` on for `spanMs`, the share that are business hours. */
export function businessShare(span: {
  readonly fromMs: number;
  readonly spanMs: number;
  readonly utcOffsetMs: number;
}): number {
  const first = hourOfWeek(span.fromMs, span.utcOffsetMs);
  const count = Math.max(1, Math.round(span.spanMs / hourMs));
  const hours = Array.from({ length: count }, (_, hour) => (first + hour) % weekHours);
  return hours.filter(isBusinessHour).length / count;
}

/** Mean share of machines up in each hour of the week, counted from the history's first slot. */
function weekProfile(history: FleetHistory): Float64Array {
  const { up, slotCount, slotMs } = history;
  const [upCount, known] = [new Float64Array(slotCount), new Float64Array(slotCount)];
  for (const [at, state] of up.entries()) {
    if (state === slotUnknown) continue;
    known[at % slotCount]!++;
    if (state === slotUp) upCount[at % slotCount]!++;
  }
  const [sum, count] = [new Float64Array(weekHours), new Float64Array(weekHours)];
  const slotHours = Math.max(1, Math.round(slotMs / hourMs));
  for (let slot = 0; slot < slotCount; slot++) {
    for (let at = 0; at < slotHours; at++) {
      const hour = (Math.floor((slot * slotMs) / hourMs) + at) % weekHours;
      sum[hour]! += upCount[slot]!;
      count[hour]! += known[slot]!;
    }
  }
  return sum.map((value, hour) => value / Math.max(1, count[hour]!));
}

/** Hour of the week (0 = Monday 00:00) at which the history most likely begins, in 0..167. */
export function likelyStartHour(history: FleetHistory): number {
  return likeliest(
    weekProfile(history),
    Array.from({ length: weekHours }, (_, start) => start),
  );
}

/** Of these hours of the week for the first slot, the one that puts most machines up into working hours; of equals the first. */
function likeliest(profile: Float64Array, starts: readonly number[]): number {
  let [best, highest] = [starts[0]!, Number.NEGATIVE_INFINITY];
  for (const start of starts) {
    let score = 0;
    for (let hour = 0; hour < weekHours; hour++)
      if (isBusinessHour((hour + start) % weekHours)) score += profile[hour]!;
    if (score > highest + 1e-9) [best, highest] = [start, score];
  }
  return best;
}

/** UTC−12 to UTC+14, the nearest to UTC first. */
const zones = Array.from({ length: 27 }, (_, at) => at - 12).toSorted((a, b) => Math.abs(a) - Math.abs(b));

/** The offset from UTC that a history of known dates most likely has, whole hours. */
export function likelyOffsetMs(history: FleetHistory): number {
  const starts = zones.map((zone) => hourOfWeek(history.startMs, zone * hourMs));
  return zones[starts.indexOf(likeliest(weekProfile(history), starts))]! * hourMs;
}

/** The same history, moved in time so that it begins at this hour of the week. */
export function startingAt(history: FleetHistory, startHour: number): FleetHistory {
  const now = hourOfWeek(history.startMs, 0);
  const shiftHours = (startHour - now + weekHours) % weekHours;
  return { ...history, startMs: unixMs(history.startMs + shiftHours * hourMs) };
}
