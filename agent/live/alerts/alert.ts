// One message to people about problems that began or ended: as JSON for a webhook, as a text for a mail. No paths and no file names.

import type { UnixMs } from '../../../datasets/index.ts';
import { driveOfProblem, type Problem, problemText } from '../../problem.ts';

export interface AlertChange {
  readonly change: 'began' | 'ended';
  readonly atMs: UnixMs;
  readonly problem: Problem;
}

export interface Alert {
  /** Random; a receiver that has seen it may drop it. */
  readonly id: string;
  readonly kind: 'problems' | 'test';
  readonly atMs: UnixMs;
  readonly fleet: string;
  readonly machine: string;
  readonly peer: string;
  /** Empty for a test. */
  readonly changes: readonly AlertChange[];
}

/** What a webhook gets: version 1 of this form is only ever added to. */
export const alertJson = (alert: Alert, lostCount: number): string =>
  JSON.stringify({
    version: 1,
    ...alert,
    changes: alert.changes.map(({ change, atMs, problem }) => ({ change, atMs, ...problem })),
    lostCount,
  });

const counted = (count: number, word: string): string =>
  count === 0 ? '' : `${count} ${count === 1 ? 'problem' : 'problems'} ${word}`;

function subjectOf({ kind, fleet, machine, changes }: Alert): string {
  if (kind === 'test') return `[Drey] ${fleet}: a test from ${machine}`;
  const began = changes.filter(({ change }) => change === 'began').length;
  const words = [counted(began, 'began'), counted(changes.length - began, 'ended')].filter(Boolean);
  return `[Drey] ${fleet}: ${words.join(', ')} (seen from ${machine})`;
}

const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function paragraphOf({ change, atMs, problem }: AlertChange): string {
  const { level, sinceMs } = problem;
  const drive = driveOfProblem(problem);
  const title = drive === undefined ? problem.kind : `${problem.kind} of drive ${drive}`;
  if (change === 'began')
    return `BEGAN ${level} ${title}, since ${timeText(sinceMs)}\n${problemText(problem)}`;
  return `ENDED ${title}, ${timeText(atMs)}; it had stood since ${timeText(sinceMs)}\nIt was: ${problem.risk} ${problem.why}`;
}

/** Subject and text of the mail; the subject is one line whatever the names are. */
export function alertMail(
  alert: Alert,
  lostCount: number,
): { readonly subject: string; readonly text: string } {
  const { kind, fleet, machine, changes } = alert;
  const parts =
    kind === 'test'
      ? ['This is a test. Alerts of this machine come through.']
      : changes.map((change) => paragraphOf(change));
  const lost =
    lostCount === 0 ? [] : [`${lostCount} earlier alerts could not be delivered and were given up.`];
  const foot = `Sent by the agent on ${machine} of the fleet "${fleet}". Everything at this moment: drey status`;
  return {
    subject: subjectOf(alert).replaceAll(/\s+/gu, ' ').slice(0, 200),
    text: `${[...parts, ...lost, foot].join('\n\n')}\n`,
  };
}
