// Spans, sizes and shares as people type them: "7d", "42h", "500MB". Refuses what it does not fully understand.

import {
  DreyError,
  dayMs,
  gibibyte,
  hourMs,
  kibibyte,
  localTimeText,
  mebibyte,
  minuteMs,
  secondMs,
  weekMs,
} from '../datasets/index.ts';

const spanUnits: Readonly<Record<string, number>> = {
  s: secondMs,
  m: minuteMs,
  h: hourMs,
  d: dayMs,
  w: weekMs,
};
const sizeUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: kibibyte,
  mb: mebibyte,
  gb: gibibyte,
  tb: 1024 * gibibyte,
};

const refused = (text: string, what: string, how: string): DreyError =>
  new DreyError({ code: 'quantity-malformed', message: `"${text}" is not ${what}`, advice: `Write ${how}.` });

const wrong = (text: string, example: string): DreyError =>
  refused(text, 'a quantity that drey understands', `a number and a unit, as in ${example}`);

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/iu.exec(text.trim());
  const unit = units[(match?.[2] ?? '').toLowerCase()];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** "90s", "30m", "42h", "7d", "2w" in milliseconds, between the bounds. Throws `quantity-malformed`. */
export function parseSpanMs(
  text: string,
  bounds?: { readonly least: string; readonly most: string },
): number {
  const ms = parseQuantity(text, spanUnits);
  if (ms === undefined) throw wrong(text, '"42h", "7d" or "90s"');
  if (bounds !== undefined && (ms < parseSpanMs(bounds.least) || ms > parseSpanMs(bounds.most)))
    throw refused(text, 'such a span', `one from ${bounds.least} to ${bounds.most}`);
  return ms;
}

/** "30%" or "0.3" as 0.3. Throws `quantity-malformed`. */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/u.exec(text.trim());
  // Divided, 99.99 % would be 0.9998999999999999.
  const share = match === null ? Number.NaN : Number(`${match[1]}${match[2] === '%' ? 'e-2' : ''}`);
  if (!(share <= 1)) throw refused(text, 'a share of a whole', 'one from "0%" to "100%"');
  return share;
}

/** "14" as 14: a whole number between the bounds. Throws `quantity-malformed`. */
export function parseCount(text: string, { least = 0, most = 1_000_000 } = {}): number {
  const count = /^\d{1,7}$/u.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(count >= least && count <= most))
    throw refused(text, 'such a count', `a whole number from ${least} to ${most}, without a unit`);
  return count;
}

/** "9464" as a port; 0 for any free one. Throws `quantity-malformed`. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/u.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw refused(text, 'a port', 'a number from 1024 to 65535, or 0 for any free port');
  return port;
}

/** "500MB", "20GB", "1TB" in bytes, by powers of 1024. Throws `quantity-malformed`. */
export function parseByteCount(text: string): number {
  const bytes = parseQuantity(text, sizeUnits);
  if (bytes === undefined) throw wrong(text, '"500MB" or "20GB"');
  return Math.floor(bytes);
}

/** What the parts of a moment mean that are not written. */
interface Unwritten {
  readonly hour: string;
  readonly seconds: string;
}
const beginning: Unwritten = { hour: '00:00', seconds: '' };
const end: Unwritten = { hour: '23:59', seconds: ':59.999' };

/**
 * A moment in the past, in this machine's time zone: "2026-03-01" (the end of that day), "2026-03-01 14:30" (the end of that minute, so
 * that it takes in what lists show with it), with a "Z" or offset as ISO 8601 has it, "yesterday" (its end), "now", or "3d" for
 * three days ago. Throws `quantity-malformed`.
 */
export const parseMomentMs = (text: string, nowMs: number): number => parseMoment(text, nowMs, end);

/** The same for what counts from then on: a day or a minute means its beginning. */
export const parseSinceMs = (text: string, nowMs: number): number => parseMoment(text, nowMs, beginning);

function parseMoment(text: string, nowMs: number, { hour, seconds }: Unwritten): number {
  const trimmed = text.trim();
  if (/^now$/iu.test(trimmed)) return nowMs;
  const day = dayNamed(trimmed.toLowerCase(), nowMs) ?? trimmed;
  if (/^\d{4}-\d{2}-\d{2}$/u.test(day)) return momentOf(`${day}T${hour}${seconds}`, text);
  const minute = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(.*)$/u.exec(trimmed);
  if (minute !== null) {
    const [, date, time, rest = ''] = minute;
    return momentOf(`${date}T${time}${rest.startsWith(':') ? '' : seconds}${rest}`, text);
  }
  const spanMs = parseQuantity(trimmed, spanUnits);
  if (spanMs === undefined) throw noMoment(text);
  return nowMs - spanMs;
}

function dayNamed(name: string, nowMs: number): string | undefined {
  if (name === 'today') return localTimeText(nowMs).slice(0, 10);
  if (name === 'yesterday') return localTimeText(new Date(nowMs).setHours(0, 0, 0, 0) - 1).slice(0, 10);
  return undefined;
}

const noMoment = (text: string): DreyError =>
  refused(
    text,
    'a time that drey understands',
    '"2026-03-01", "2026-03-01 14:30" (of this machine\'s clock), "yesterday" or, for two days ago, "2d"',
  );

function momentOf(iso: string, text: string): number {
  const ms = new Date(iso).getTime();
  // Where the day ends a month that has no such day, JavaScript goes on into the next one.
  const day = new Date(`${iso.slice(0, 10)}T00:00Z`);
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === iso.slice(0, 10);
  if (Number.isNaN(ms) || !isDay) throw noMoment(text);
  return ms;
}

/** "1MB/s", "500KB/s" (or without "/s") in bytes a second. Throws `quantity-malformed`. */
export function parseByteRate(text: string): number {
  const bytes = parseQuantity(text.trim().replace(/\/s$/u, ''), sizeUnits);
  if (bytes === undefined) throw wrong(text, '"1MB/s" or "500KB/s"');
  return Math.floor(bytes);
}

const minuteOfDayMax = 24 * 60;

/** "08:00-18:00" in minutes after midnight; the end may be 24:00, or earlier than the beginning: over midnight. Throws `quantity-malformed`. */
export function parseHours(text: string): { readonly fromMinute: number; readonly toMinute: number } {
  const [from, to] = text
    .split('-')
    .map((part) => /^(\d{1,2}):([0-5]\d)$/u.exec(part.trim()))
    .map((match) => (match === null ? Number.NaN : 60 * Number(match[1]) + Number(match[2])));
  const isWhole = text.split('-').length === 2;
  if (from === undefined || to === undefined || !isWhole || !(from < minuteOfDayMax && to <= minuteOfDayMax))
    throw refused(text, 'hours of a day', 'them as "08:00-18:00", or "22:00-06:00" over midnight');
  return { fromMinute: from, toMinute: to };
}

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** "mon-fri", "sat,sun" as days of the week, 0 for Sunday. Throws `quantity-malformed`. */
export function parseDays(text: string): readonly number[] {
  const days = text
    .toLowerCase()
    .split(',')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map((name) => weekdays.indexOf(name.trim()));
      if (first === undefined || last === undefined || first < 0 || last < 0 || part.split('-').length > 2)
        throw refused(text, 'days of the week', 'them as "mon-fri" or "sat,sun"');
      return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
    });
  return [...new Set(days)].toSorted((a, b) => a - b);
}
