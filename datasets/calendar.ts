// Local time as the models use it: one fixed offset per machine, weeks that start on Monday 00:00.
// Daylight saving inside a window is ignored: the offset is the one at the window's start.

import { dayMs, hourMs, minuteMs } from './units.ts';

/** 1970-01-01 was a Thursday, the fourth day of a week that starts on Monday. */
const epochWeekdayHours = 3 * 24;

export const hoursPerWeek = 168;

/** Hour of the week in local time, 0..167: 0 is Monday 00:00–01:00, 120 is Saturday 00:00–01:00. */
export function hourOfWeek(atMs: number, utcOffsetMs = 0): number {
  const hour = Math.floor((atMs + utcOffsetMs) / hourMs) + epochWeekdayHours;
  return ((hour % hoursPerWeek) + hoursPerWeek) % hoursPerWeek;
}

/** Moment at which the local day of `atMs` starts, as UTC milliseconds. */
export function localDayStart(atMs: number, utcOffsetMs = 0): number {
  return Math.floor((atMs + utcOffsetMs) / dayMs) * dayMs - utcOffsetMs;
}

/** Monday to Friday in local time; holidays are not known here. */
export function isWeekday(atMs: number, utcOffsetMs = 0): boolean {
  return hourOfWeek(atMs, utcOffsetMs) < 5 * 24;
}

/** Offset from UTC in milliseconds of an IANA time zone at a moment; 0 for a name that this runtime does not know. */
export function utcOffsetOf(timeZone: string | undefined, atMs: number): number {
  if (timeZone === undefined) return 0;
  const minuteStartMs = Math.floor(atMs / 60_000) * 60_000;
  const parts = offsetFormat(timeZone)?.formatToParts(minuteStartMs);
  const name = parts?.find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(name);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds] = match;
  const offsetSeconds = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0);
  return (sign === '-' ? -1 : 1) * offsetSeconds * 1000;
}

function offsetFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** "2026-03-01 14:30" of this machine's own clock and zone. Throws `RangeError` beyond the dates that JavaScript has. */
export function localTimeText(atMs: number): string {
  const offsetMs = new Date(atMs).getTimezoneOffset() * minuteMs;
  return new Date(atMs - offsetMs).toISOString().replace('T', ' ').slice(0, 16);
}
