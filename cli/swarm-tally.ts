// What a swarm has done so far, and how it is said: a line at intervals, all of it at the end.

import { secondMs } from '../datasets/index.ts';
import { replayCommand, type Report, type SimulationOptions } from '../agent/simulation/index.ts';
import { say, spanText } from './print.ts';
import type { Failed, SwarmWord } from './swarm-worker.ts';

/** How long a swarm has run, by the clock and on the processor: on a busy machine they are far apart. */
export interface SwarmTook {
  readonly clockMs: number;
  readonly processorMs: number;
}

/** A broken promise, and the smallest run so far that breaks it. */
export interface Failure {
  readonly seed: string;
  readonly report: Report;
  smallest: Failed;
}

/** A run that was ended because it took too long. */
export interface Endless {
  readonly seed: string;
  readonly options: SimulationOptions;
  /** Of the processor. */
  readonly tookMs: number;
}

const add = (sums: Record<string, number>, counts: Readonly<Record<string, number>>): void => {
  for (const [name, more] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + more;
};

const sumsText = (sums: Readonly<Record<string, number>>): string =>
  Object.entries(sums)
    .filter(([, sum]) => sum > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sum]) => `${name} ${sum}`)
    .join(', ');

/** Sums over all runs that came to their end, and what failed. */
export class SwarmTally {
  readonly sums = {
    runs: 0,
    simulatedDays: 0,
    machineDays: 0,
    events: 0,
    acknowledged: 0,
    restored: 0,
    beyondRepair: 0,
    longestMs: 0,
    longestSeed: '',
  };
  readonly faults: Record<string, number> = {};
  readonly checks: Record<string, number> = {};
  readonly failures: Failure[] = [];
  readonly endless: Endless[] = [];

  count({ seed, options, report, tookMs }: Extract<SwarmWord, { kind: 'ran' }>): void {
    const { sums } = this;
    sums.runs++;
    sums.simulatedDays += options.days;
    sums.machineDays += options.agentCount * options.days;
    sums.events += report.eventCount;
    sums.acknowledged += report.snapshotsAcknowledged + report.snapshotsGivenUp;
    sums.restored += report.snapshotsRestored;
    sums.beyondRepair += report.packsBeyondRepair;
    if (tookMs > sums.longestMs) Object.assign(sums, { longestMs: tookMs, longestSeed: seed });
    add(this.faults, report.faultCounts);
    add(this.checks, report.checkCounts);
    if (report.violations.length > 0)
      this.failures.push({ seed, report, smallest: { options, report, runs: 0 } });
  }

  get isWell(): boolean {
    return this.failures.length === 0 && this.endless.length === 0;
  }

  /** One line for whoever waits; `running` names the seeds at work and for how long. */
  lineOf({ clockMs, processorMs }: SwarmTook, running: readonly string[]): string {
    const { runs, simulatedDays, events } = this.sums;
    const faults = Object.values(this.faults).reduce((sum, count) => sum + count, 0);
    const failed = this.failures.length + this.endless.length;
    return `${spanText(clockMs)} (${spanText(processorMs)} of the processor): ${runs} runs, ${simulatedDays} simulated days, ${events} events, ${faults} faults, ${failed} failed; now ${running.join(', ') || 'nothing'}`;
  }

  say({ clockMs, processorMs }: SwarmTook): void {
    const { sums } = this;
    say(
      `${sums.runs} runs, ${sums.simulatedDays} simulated days (${sums.machineDays} machine-days) in ${(clockMs / secondMs).toFixed(0)} s, ${(processorMs / secondMs).toFixed(0)} s of the processor, the longest ${(sums.longestMs / secondMs).toFixed(1)} s (${sums.longestSeed}); ${sums.events} events`,
    );
    say(
      `snapshots: ${sums.acknowledged} acknowledged, ${sums.restored} restored and compared; packs that the world destroyed: ${sums.beyondRepair}`,
    );
    say(`faults: ${sumsText(this.faults)}`);
    say(`checks: ${sumsText(this.checks)}`);
    for (const failure of this.failures) sayFailure(failure);
    for (const { seed, options, tookMs: endedMs } of this.endless) {
      say(`\nseed ${seed} was not over after ${spanText(endedMs)} of the processor and was ended`);
      say(`again: ${replayCommand(options)}`);
    }
  }
}

function sayFailure({ seed, report, smallest }: Failure): void {
  say(`\nseed ${seed} broke a promise; ${smallest.runs} more runs made it smaller:`);
  for (const { check, text } of firstOf(smallest.report)) say(`  broken (${check}): ${text}`);
  say(`  before: ${firstOf(report)[0]?.text ?? ''}`);
  say(`again: ${replayCommand(smallest.options)}`);
}

const firstOf = ({ violations }: Report): Report['violations'] => violations.slice(0, 5);
