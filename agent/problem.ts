// One thing that is wrong or at risk, as `drey status`, the dashboard, `drey doctor`, metrics and alerts all say it: what is at risk,
// why, what is being done, since when. The kinds are stable words: alerts and metrics carry them, so none is ever renamed.

import type { UnixMs } from '../datasets/index.ts';

/** Every kind there is; each has a row in agent/live/README.md. New ones go to the end of their line. */
// oxfmt-ignore
export const problemKinds = [
  'no-plan', 'plan-waits', 'packs-out-of-reach', 'packs-thin', 'plans-stopped', 'plan-failed',
  'machine-gone', 'machine-doubted', 'self-doubted', 'audit-failed', 'clock-wrong',
  'mass-change', 'backup-failed', 'backup-waits', 'scanning-only', 'not-watched', 'files-unread',
  'space-used-up', 'certificate-ends', 'log-forked', 'alerts-undelivered', 'shards-rotten',
  'proof-failed', 'proof-old', 'owner-silent', 'snapshot-old',
  'deletion-waits', 'drive-deleted', 'no-words', 'outbox-lost', 'put-out', 'packs-lost',
  'not-connected', 'drive-out-of-reach', 'groups-out-of-reach', 'runs-twice',
  'older-version',
] as const;

export type ProblemKind = (typeof problemKinds)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** What it is about, where there may be several of a kind: a machine's peer id or a drive's id. Together with `kind` it is the problem's name. */
  readonly about?: string;
  /** `problem`: somebody has to act. `warning`: somebody should know. */
  readonly level: 'warning' | 'problem';
  /** Whole sentences for people: what is at risk, why, and what is being done about it. */
  readonly risk: string;
  readonly why: string;
  readonly action: string;
  /** What a person can do, where there is something. */
  readonly advice?: string;
  /** Since when, as far as this agent knows. */
  readonly sinceMs: UnixMs;
}

/** Two problems of the same name are the same problem, whatever their words. */
export const problemName = ({ kind, about }: Pick<Problem, 'kind' | 'about'>): string =>
  about === undefined ? kind : `${kind} ${about}`;

/** Kinds that are about a drive: the sentences name none, and a machine may have several. */
const aboutDrives: ReadonlySet<ProblemKind> = new Set([
  'mass-change',
  'backup-failed',
  'backup-waits',
  'scanning-only',
  'not-watched',
  'files-unread',
  'proof-failed',
  'proof-old',
  'snapshot-old',
  'drive-deleted',
  'no-words',
  'outbox-lost',
  'packs-lost',
  'drive-out-of-reach',
]);

/** The first digits of the drive that it is about, as commands take them; undefined where it is about something else. */
export const driveOfProblem = ({ kind, about }: Pick<Problem, 'kind' | 'about'>): string | undefined =>
  aboutDrives.has(kind) ? about?.slice(0, 8) : undefined;

/** All of it as one paragraph, without the time. */
export const problemText = ({ risk, why, action, advice }: Omit<Problem, 'kind' | 'sinceMs'>): string =>
  [risk, why, action, ...(advice === undefined ? [] : [advice])].join(' ');

/** As one of the sentences of a problem. */
export const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`;
