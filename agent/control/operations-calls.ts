// The calls about running an agent day by day: who is told of problems, where its figures are.

import { z } from 'zod';
import type { Act, LimitRule, LogCheck } from '../core/index.ts';
import type { LimitsView } from '../view.ts';

const text = z.string().min(1).max(1024);

export const operationsSchemas = {
  /** Changes who is told of problems, and shows it; null takes a receiver away. */
  alerts: z.strictObject({
    webhook: text.nullable().exactOptional(),
    webhookSecret: text.exactOptional(),
    mailTo: z.array(text).min(1).max(20).nullable().exactOptional(),
    mailFrom: text.exactOptional(),
    /** smtps://, smtp:// (STARTTLS) or smtp+plain://, with the user's name and without the password. */
    smtp: text.exactOptional(),
    passwordFile: text.exactOptional(),
    caFile: text.exactOptional(),
    level: z.enum(['warning', 'problem']).exactOptional(),
    settleMs: z.int().min(0).exactOptional(),
  }),
  testAlerts: z.strictObject({}),
  /** What admins did; with `check` also whether the logs are whole. */
  acts: z.strictObject({ sinceMs: z.number().exactOptional(), check: z.boolean() }),
  /** Changes what this machine's person allows, and shows it. The rule is checked where it is kept. */
  limits: z.strictObject({
    clear: z.literal(true).exactOptional(),
    rule: z
      .strictObject({
        days: z.array(z.int()).exactOptional(),
        between: z.strictObject({ fromMinute: z.int(), toMinute: z.int() }).exactOptional(),
        uploadBytesPerSecond: z.number().exactOptional(),
        downloadBytesPerSecond: z.number().exactOptional(),
        diskBytesPerSecond: z.number().exactOptional(),
        threads: z.int().exactOptional(),
        pause: z.literal(true).exactOptional(),
      })
      .exactOptional(),
    onMetered: z.enum(['pause', 'go']).exactOptional(),
    priority: z.enum(['background', 'normal']).exactOptional(),
  }),
  dashboard: z.strictObject({}),
} as const;

export interface AlertsAnswer {
  readonly level: 'warning' | 'problem';
  readonly settleMs: number;
  /** Its host only. */
  readonly webhook?: string;
  /** Shown once, when it was made. */
  readonly webhookSecret?: string;
  readonly mail?: {
    readonly to: readonly string[];
    readonly from: string;
    readonly server: string;
    readonly security: 'tls' | 'starttls' | 'none';
    readonly password: 'none' | 'environment' | 'file';
  };
  readonly receivers: readonly {
    readonly channel: 'webhook' | 'mail';
    readonly waiting: number;
    /** Given up since the last one that came through. */
    readonly lost: number;
    readonly failure?: string;
  }[];
}

export interface AlertTestAnswer {
  readonly results: readonly { readonly channel: 'webhook' | 'mail'; readonly failure?: string }[];
}

export interface DashboardAnswer {
  /** Signs in once. */
  readonly url: string;
  readonly metricsUrl: string;
  /** Its one line is the bearer token for the metrics. */
  readonly metricsTokenFile: string;
}

export interface ActsAnswer {
  /** Oldest first. */
  readonly acts: readonly (Act & { readonly machineName: string })[];
  readonly check?: Omit<LogCheck, 'findings'> & {
    readonly findings: readonly (LogCheck['findings'][number] & { readonly machineName: string })[];
  };
}

export interface LimitsAnswer {
  readonly rules: readonly LimitRule[];
  readonly onMetered: 'pause' | 'go';
  readonly priority: 'background' | 'normal';
  /** What the system says of the network. */
  readonly metered: 'metered' | 'free' | 'unknown';
  readonly now: LimitsView;
}

export interface OperationsAnswers {
  readonly limits: LimitsAnswer;
  readonly acts: ActsAnswer;
  readonly alerts: AlertsAnswer;
  readonly testAlerts: AlertTestAnswer;
  readonly dashboard: DashboardAnswer;
}
