// `drey fleet log`: what admins did, from the signed logs of all machines, and whether those are whole.

import type { Command } from 'commander';
import { type ActsAnswer, askAgent } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { type CommonOptions, homeOf, show, withCommonOptions } from '../command.ts';
import { oneLine, timeText } from '../print.ts';
import { parseSinceMs } from '../quantities.ts';

interface LogOptions extends CommonOptions {
  readonly since?: string;
  readonly check?: boolean;
}

/** A line for each act. */
export function logText({ acts, check }: ActsAnswer): string {
  const lines = acts.map(
    ({ atMs, machineName, act, detail, admin }) =>
      `${timeText(atMs)}  ${oneLine(`${machineName}${admin === undefined ? '' : ` (admin ${admin.slice(0, 8)})`}  ${act}: ${detail}`)}`,
  );
  if (lines.length === 0) lines.push('Nothing was done in that time.');
  if (check === undefined) return lines.join('\n');
  const { findings, logCount, batchCount, actCount } = check;
  return [
    ...lines,
    '',
    findings.length === 0
      ? `All ${batchCount} batches of ${logCount} logs are signed by their machines and follow each other without a gap; all ${actCount} acts hold.`
      : `${findings.length} things are wrong in the ${logCount} logs:`,
    ...findings.map(({ machineName, problem }) => `  ${oneLine(`${machineName}: ${problem}`)}`),
  ].join('\n');
}

async function log(options: LogOptions): Promise<void> {
  const { since } = options;
  const answer = await askAgent({
    home: homeOf(options),
    call: 'acts',
    request: {
      check: options.check === true,
      ...(since === undefined ? {} : { sinceMs: parseSinceMs(since, Date.now()) }),
    },
  });
  show(options, answer, () => logText(answer));
  const wrongCount = answer.check?.findings.length ?? 0;
  if (wrongCount > 0)
    throw new DreyError({
      code: 'fleet-log-damaged',
      message: `the log of what admins did is not whole: ${wrongCount} findings`,
      advice: 'Ask another machine the same; what is missing here alone comes by itself when machines meet.',
    });
}

/** Adds `fleet log`. */
export function addFleetLog(fleet: Command): void {
  withCommonOptions(
    fleet.command('log').description('what admins did, as the signed logs of all machines tell it'),
    'drey fleet log --since 30d --check',
  )
    .option('--since <moment>', '"7d", "2026-03-01" or "2026-03-01 14:30"')
    .option('--check', 'check every signature, and that nothing is missing or changed')
    .action(log);
}
