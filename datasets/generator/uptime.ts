// One machine's uptime rows: what its person, its own faults, common causes, joining and leaving leave of its time.
// Where two reasons overlap, the one that began first names the state: what is already off cannot crash.

import type { Random } from '../random.ts';
import { rowLimits } from '../row-checks.ts';
import type { UptimeRow, UptimeState } from '../rows.ts';
import { dayMs, hourMs, type MachineId, minuteMs, secondMs, unixMs, weekMs } from '../units.ts';
import { clamp, logNormal } from './sampling.ts';

/** A span in which a machine is not up. */
export interface RestSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: Exclude<UptimeState, 'up'>;
}

/** A machine's own crashes and restarts; some machines are ten times worse than others. */
export function ownFaults(
  window: { readonly fromMs: number; readonly toMs: number },
  random: Random,
): readonly RestSpan[] {
  const rests: RestSpan[] = [];
  const gapMs = weekMs / logNormal(random, 0.25, 0.9);
  const exponential = (meanMs: number): number => -Math.log(1 - random.fraction()) * meanMs;
  for (let atMs = window.fromMs + exponential(gapMs); atMs < window.toMs; atMs += exponential(gapMs)) {
    const lengthMs = clamp(logNormal(random, 35 * minuteMs, 1.3), [2 * minuteMs, 10 * dayMs]);
    rests.push({ ...wholeSeconds(atMs, lengthMs), state: 'crashed' });
  }
  for (
    let atMs = window.fromMs + exponential(10 * dayMs);
    atMs < window.toMs;
    atMs += exponential(10 * dayMs)
  ) {
    rests.push({ ...wholeSeconds(atMs, (4 + 12 * random.fraction()) * minuteMs), state: 'off' });
  }
  return rests;
}

function wholeSeconds(atMs: number, lengthMs: number): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = Math.round(atMs / secondMs) * secondMs;
  return { fromMs, toMs: fromMs + Math.max(secondMs, Math.round(lengthMs / secondMs) * secondMs) };
}

export interface Presence {
  readonly machine: MachineId;
  /** [fromMs, toMs) in which the machine exists for its fleet. */
  readonly fromMs: number;
  readonly toMs: number;
  /** In any order; may overlap and reach outside. */
  readonly rests: readonly RestSpan[];
}

/** Rows without gaps or overlaps over [fromMs, toMs), in order. */
export function uptimeRows(presence: Presence): readonly UptimeRow[] {
  const rows: UptimeRow[] = [];
  let cursorMs = presence.fromMs;
  const addUntil = (toMs: number, state: UptimeState): void => {
    while (cursorMs < toMs) {
      const endMs = Math.min(toMs, cursorMs + rowLimits.spanMsMax);
      const { machine } = presence;
      rows.push({ kind: 'uptime', machine, fromMs: unixMs(cursorMs), toMs: unixMs(endMs), state });
      cursorMs = endMs;
    }
  };
  for (const rest of presence.rests.toSorted((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs)) {
    addUntil(Math.min(rest.fromMs, presence.toMs), 'up');
    addUntil(Math.min(rest.toMs, presence.toMs), rest.state);
  }
  addUntil(presence.toMs, 'up');
  return rows;
}

/** Now and then a stretch of a machine's log is lost: P per week. */
const lostStretchesPerWeek = 0.02;

/** Drops what a lost stretch covers, so that some hours of the history are unknown. */
export function loseStretches(rows: readonly UptimeRow[], random: Random): readonly UptimeRow[] {
  const first = rows[0];
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return rows;
  const lengthMs = last.toMs - first.fromMs;
  if (random.fraction() >= (lostStretchesPerWeek * lengthMs) / weekMs) return rows;
  const lostFromMs = first.fromMs + random.below(lengthMs);
  const lostToMs = lostFromMs + (4 + random.below(44)) * hourMs;
  return rows.flatMap((row) => {
    const before = { ...row, toMs: unixMs(Math.min(row.toMs, lostFromMs)) };
    const after = { ...row, fromMs: unixMs(Math.max(row.fromMs, lostToMs)) };
    return [before, after].filter((part) => part.fromMs < part.toMs);
  });
}
