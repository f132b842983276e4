// Random runs side by side, one thread each, until the time is over or a promise breaks; then the shortest run that breaks it, and
// its command.

import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { minutes as minutesMs, secondMs, seconds } from '../datasets/index.ts';
import { type FaultName, replayCommand, type Report } from '../agent/simulation/index.ts';
import { say, sayProgress } from './print.ts';
import type { SwarmAnswer, SwarmTask } from './swarm-worker.ts';

export interface SwarmParts {
  readonly minutes: number;
  readonly jobs: number;
  readonly seed: string;
  readonly faults: readonly FaultName[];
  readonly json: string | undefined;
}

/** A run that is not finished when the time is over is given up after this. */
const shrinkMs = seconds(90);

interface Tally {
  runs: number;
  machineDays: number;
  events: number;
  acknowledged: number;
  restored: number;
  beyondRepair: number;
  longestMs: number;
  readonly faults: Record<string, number>;
  readonly checks: Record<string, number>;
}

const add = (sums: Record<string, number>, counts: Readonly<Record<string, number>>): void => {
  for (const [name, more] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + more;
};

function count(tally: Tally, { report, tookMs, machineDays }: SwarmAnswer): void {
  tally.runs++;
  tally.machineDays += machineDays;
  tally.events += report.eventCount;
  tally.acknowledged += report.snapshotsAcknowledged + report.snapshotsGivenUp;
  tally.restored += report.snapshotsRestored;
  tally.beyondRepair += report.packsBeyondRepair;
  tally.longestMs = Math.max(tally.longestMs, tookMs);
  add(tally.faults, report.faultCounts);
  add(tally.checks, report.checkCounts);
}

/** Whether every run kept every promise. Seeds are `<seed>-0`, `<seed>-1` …: the same swarm seed tries the same runs. */
export async function swarm(parts: SwarmParts): Promise<boolean> {
  const startedMs = performance.now();
  const untilMs = startedMs + minutesMs(parts.minutes);
  const tally: Tally = {
    runs: 0,
    machineDays: 0,
    events: 0,
    acknowledged: 0,
    restored: 0,
    beyondRepair: 0,
    longestMs: 0,
    faults: {},
    checks: {},
  };
  const failures: SwarmAnswer[] = [];
  let next = 0;
  const work = async (worker: Worker): Promise<void> => {
    while (performance.now() < untilMs && failures.length === 0) {
      const task: SwarmTask = { seed: `${parts.seed}-${next++}`, faults: parts.faults, shrinkMs };
      const answer = await answerOf(worker, task);
      count(tally, answer);
      if (answer.failed !== undefined) failures.push(answer);
      sayProgress(`${tally.runs} runs, ${tally.events} events, ${failures.length} failed`, 'going');
    }
    await worker.terminate();
  };
  const workers = Array.from(
    { length: parts.jobs },
    () => new Worker(new URL('swarm-worker.ts', import.meta.url)),
  );
  await Promise.all(workers.map(work));
  const tookSeconds = (performance.now() - startedMs) / secondMs;
  sayTally(tally, tookSeconds);
  for (const failure of failures) sayFailure(failure);
  if (parts.json !== undefined)
    writeFileSync(parts.json, `${JSON.stringify({ tookSeconds, ...tally, failures }, undefined, 1)}\n`);
  return failures.length === 0;
}

function answerOf(worker: Worker, task: SwarmTask): Promise<SwarmAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', answered);
      worker.off('error', failed);
    };
    const answered = (answer: SwarmAnswer): void => {
      settle();
      resolve(answer);
    };
    const failed = (error: unknown): void => {
      settle();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    worker.on('message', answered);
    worker.on('error', failed);
    worker.postMessage(task);
  });
}

const sumsText = (sums: Readonly<Record<string, number>>): string =>
  Object.entries(sums)
    .filter(([, sum]) => sum > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sum]) => `${name} ${sum}`)
    .join(', ');

function sayTally(tally: Tally, tookSeconds: number): void {
  sayProgress(
    `${tally.runs} runs, ${tally.machineDays} machine-days in ${tookSeconds.toFixed(0)} s, the longest ${(tally.longestMs / secondMs).toFixed(1)} s; ${tally.events} events`,
    'final',
  );
  say(
    `snapshots: ${tally.acknowledged} acknowledged, ${tally.restored} restored and compared; packs that the world destroyed: ${tally.beyondRepair}`,
  );
  say(`faults: ${sumsText(tally.faults)}`);
  say(`checks: ${sumsText(tally.checks)}`);
}

function sayFailure({ seed, failed, report }: SwarmAnswer): void {
  if (failed === undefined) return;
  say(`\nseed ${seed} broke a promise; ${failed.runs} more runs made it smaller:`);
  for (const { check, text } of firstOf(failed.report)) say(`  broken (${check}): ${text}`);
  say(`  before: ${firstOf(report)[0]?.text ?? ''}`);
  say(`again: ${replayCommand(failed.options)}`);
}

const firstOf = ({ violations }: Report): Report['violations'] => violations.slice(0, 5);
