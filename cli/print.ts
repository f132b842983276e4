// How the command speaks: calm lines for people, one JSON value for scripts, errors with advice on standard error.

import {
  DreyError,
  dayMs,
  gibibyte,
  hourMs,
  kibibyte,
  mebibyte,
  minuteMs,
  secondMs,
} from '../datasets/index.ts';

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

export const sayJson = (value: unknown): void => say(JSON.stringify(value, undefined, 2));

/** 1536 → "1.5 KiB". */
export function bytesText(count: number): string {
  if (count < kibibyte) return `${count} B`;
  if (count < mebibyte) return `${(count / kibibyte).toFixed(1)} KiB`;
  if (count < gibibyte) return `${(count / mebibyte).toFixed(1)} MiB`;
  return `${(count / gibibyte).toFixed(1)} GiB`;
}

/** 90_000 → "2 min"; one unit, rounded. */
export function spanText(ms: number): string {
  if (ms < minuteMs) return `${(ms / secondMs).toFixed(1)} s`;
  if (ms < hourMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.round(ms / hourMs)} h`;
  return `${Math.round(ms / dayMs)} days`;
}

/** "99.97 %"; the nines of an unavailability are easier to read than its exponent. */
export function survivalText(unavailability: number): string {
  const digits =
    unavailability <= 0 ? 9 : Math.min(9, Math.max(1, Math.ceil(-Math.log10(unavailability)) - 1));
  return `${(100 * (1 - unavailability)).toFixed(digits)} %`;
}

/** 0.0312 → "3.12 %". */
export const shareText = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

export const timeText = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 16);

/** Columns padded to their widest cell; the first row is the head. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An error as a person should see it: what happened, what to do, and the code to search for. */
export function errorText(error: unknown): string {
  if (error instanceof DreyError) return `drey: ${error.message}\n  ${error.advice}  [${error.code}]`;
  return `drey: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Redraws one line on a terminal; on anything else prints it only when `final`. */
export function sayProgress(text: string, state: 'going' | 'final'): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001B[K${text}${state === 'final' ? '\n' : ''}`);
  else if (state === 'final') say(text);
}
