// Runs simulations for tests: one at a time, with a breath between them, so that the test runner hears of each result.

import type { ExecutionContext } from 'ava';
import {
  replayCommand,
  type Report,
  simulate,
  type SimulationOptions,
} from '../../agent/simulation/index.ts';

/** DREY_LONG=1 asks for every seed and for fleets of full size; without it a sample of both runs, the same each time. */
export const isLong = process.env['DREY_LONG'] !== undefined;

export async function run(options: SimulationOptions): Promise<Report> {
  await new Promise((resolve) => setImmediate(resolve));
  return simulate(options);
}

/** Runs, and fails with everything that is needed to run it again. Where too much burnt to come to rest, it need not: a check knows where. */
export async function runKept(t: ExecutionContext, options: SimulationOptions): Promise<Report> {
  const report = await run(options);
  if (report.violations.length > 0) t.log(`again: ${replayCommand(options)}`);
  t.deepEqual(report.violations, []);
  // What liars send is refused; honest machines send nothing that is.
  const { hostileFramesPerLiarDay = 0, forgeriesPerDay = 0 } = options.faults ?? {};
  if (hostileFramesPerLiarDay + forgeriesPerDay === 0) t.is(report.rejectionCount, 0);
  else t.true(report.rejectionCount > 0);
  return report;
}

/** The same of a fleet that comes to rest. */
export async function runWell(t: ExecutionContext, options: SimulationOptions): Promise<Report> {
  const report = await runKept(t, options);
  t.not(report.settledHours, undefined);
  return report;
}
