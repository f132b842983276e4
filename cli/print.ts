// How the command speaks: calm lines for people, one JSON value for scripts, errors with advice on standard error.

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
import { unwritable } from './out-files.ts';

export { countText, listText } from '../datasets/index.ts';

// Names of files, machines and people come from elsewhere: no terminal may take them for orders. C0 and C1 without tab and line feed, and what
// turns the direction of a line around, so that it reads as another name (UAX #9).
// oxlint-disable-next-line no-control-regex
const orders = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** Text that a terminal only shows: what would be an order to it becomes a question mark. */
export const harmless = (text: string): string => text.replaceAll(orders, '?');

/** The same of what other machines wrote, on one line: nobody's words may look like a line of ours. */
export const oneLine = (text: string): string => harmless(text).replaceAll(/[\n\t]/gu, '?');

export const say = (text: string): void => void process.stdout.write(`${harmless(text)}\n`);

/** One JSON value; what a terminal could take for orders is escaped in it, as JSON allows. */
export const sayJson = (value: unknown): void =>
  void process.stdout.write(
    `${JSON.stringify(value, undefined, 2).replaceAll(orders, (order) => `\\u${order.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`,
  );

/** 1536 → "1.5 KiB". */
export function bytesText(count: number): string {
  // Shares of a mean may be parts of a byte.
  if (count < kibibyte) return `${Math.round(count)} B`;
  if (count < mebibyte) return `${(count / kibibyte).toFixed(1)} KiB`;
  if (count < gibibyte) return `${(count / mebibyte).toFixed(1)} MiB`;
  if (count < 1024 * gibibyte) return `${(count / gibibyte).toFixed(1)} GiB`;
  return `${(count / (1024 * gibibyte)).toFixed(1)} TiB`;
}

/** 90_000 → "2 min"; one unit, rounded. */
export function spanText(ms: number): string {
  if (ms < minuteMs) return `${(ms / secondMs).toFixed(1)} s`;
  if (ms < hourMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.round(ms / hourMs)} h`;
  return `${Math.round(ms / dayMs)} days`;
}

/** The same of what somebody has set: 90 h are 90 h, not 4 days. */
export const setSpanText = (ms: number): string =>
  ms >= 2 * dayMs && ms < weekMs && ms % dayMs !== 0 ? `${Math.round(ms / hourMs)} h` : spanText(ms);

/** "99.97 %"; the nines of an unavailability are easier to read than its exponent. */
export function survivalText(unavailability: number): string {
  const digits =
    unavailability <= 0 ? 9 : Math.min(9, Math.max(1, Math.ceil(-Math.log10(unavailability)) - 1));
  return `${(100 * (1 - unavailability)).toFixed(digits)} %`;
}

/** 0.0312 → "3.12 %". */
export const shareText = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** What dates of JavaScript reach, less a day for any clock. */
const calendarMsMax = 8.64e15 - dayMs;

/** "2026-03-01 14:30" of this machine's own clock and zone, as `--at` takes it. */
export function timeText(ms: number): string {
  // Files may bear a time of a million years ago.
  return Math.abs(ms) > calendarMsMax ? 'beyond any year' : localTimeText(ms);
}

/** How wide lines of text may be: as the terminal is, between 60 and 120; on anything else paragraphs are one line each, for `grep`. */
const lineWidth = (): number =>
  process.stdout.isTTY ? Math.min(120, Math.max(60, process.stdout.columns)) : Number.POSITIVE_INFINITY;

/** A paragraph behind a mark, its further lines indented like the first. */
export function paragraphText(mark: string, text: string, width = lineWidth()): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const isFitting = last !== undefined && mark.length + last.length + 1 + word.length <= width;
    if (isFitting) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, at) => `${at === 0 ? mark : ' '.repeat(mark.length)}${line}`).join('\n');
}

// Wide and full-width letters (UAX #11) and pictures take two places of a terminal.
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|\p{Emoji}\uFE0F/u;
const placeless = /^(?:\p{Mark}|\p{Format})/u;
/** Made when it is needed: that takes a twentieth of a second of CPU. */
let letters: Intl.Segmenter | undefined;

/** Places that text takes in a line of a terminal: "é" one however it is written, "会" two. */
export function placesOf(text: string): number {
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0020-\u007E]*$/u.test(text)) return text.length;
  letters ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  let places = 0;
  for (const { segment } of letters.segment(text))
    if (wide.test(segment)) places += 2;
    else if (!placeless.test(segment)) places++;
  return places;
}

/** Columns padded to their widest cell; the first row is the head. */
export function tableText(rows: readonly (readonly (string | undefined)[])[]): string {
  // An agent of an older version says less than this command shows.
  const cells = rows.map((row) => row.map((cell = '-') => oneLine(cell)));
  const widths = (cells[0] ?? []).map((_, column) =>
    cells.reduce((most, row) => Math.max(most, placesOf(row[column] ?? '')), 0),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - placesOf(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An error as a person should see it: what happened, what to do, and the code to search for. */
export function errorText(error: unknown): string {
  if (error instanceof DreyError)
    return harmless(`drey: ${error.message}\n  ${error.advice}  [${error.code}]`);
  return harmless(`drey: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

/** Redraws one line on a terminal; on anything else prints it only when `final`. */
export function sayProgress(text: string, state: 'going' | 'final'): void {
  if (process.stdout.isTTY)
    process.stdout.write(
      `\r\u001B[K${cut(harmless(text), process.stdout.columns - 1)}${state === 'final' ? '\n' : ''}`,
    );
  else if (state === 'final') say(text);
}

/** Whoever reads us has seen enough, as `head` does: that is no failure, and hides none. Where what is printed finds no room, that is said instead. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(`${errorText(unwritable('what this command prints', 'standard output', error))}\n`);
    process.exit(1);
  });
  // There is nobody left to tell: what is under way goes on.
  process.stderr.on('error', () => {});
}

let waitingSaid: string | undefined;

/** What is waited for, on standard error: one line that is redrawn on a terminal, else a line for each new reason; undefined ends it. */
export function sayWaiting(text: string | undefined): void {
  const { stderr } = process;
  if (stderr.isTTY)
    stderr.write(`\r\u001B[K${text === undefined ? '' : cut(harmless(text), stderr.columns - 1)}`);
  else if (text !== undefined && text !== waitingSaid) stderr.write(`${harmless(text)}\n`);
  waitingSaid = text;
}

/** A line of its own on standard error, while something is waited for. */
export function sayAside(text: string): void {
  const { stderr } = process;
  stderr.write(`${stderr.isTTY ? '\r\u001B[K' : ''}${harmless(text)}\n`);
}

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`;
