// Tells people outside of the machine when a problem began or ended, by webhook and mail. What receivers do never disturbs the agent: one attempt
// at a time for each, with a limit, in the background, from bounded queues that outlive a restart.

import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { AlertsAnswer, AlertTestAnswer, CallRequest } from '../../control/index.ts';
import { alertAttemptMsMax, alertSilenceMs, changesPerAlertMax } from '../../limits.ts';
import type { Clock } from '../../ports.ts';
import { isFullError } from '../disk-full.ts';
import type { Home } from '../home.ts';
import type { FoundProblem, ProblemChange } from '../problems/index.ts';
import { type Alert, alertJson, alertMail } from './alert.ts';
import type { AlertQueue } from './alert-queue.ts';
import {
  type AlertSettings,
  changeAlertSettings,
  readAlertSettings,
  shownSettings,
  writeAlertSettings,
} from './alert-settings.ts';
import { sendMail } from './mail.ts';
import { type Channel, channels, readAlertQueues, writeAlertQueues } from './stored-queues.ts';
import { postWebhook } from './webhook.ts';

export interface AlertsParts {
  readonly home: Home;
  readonly clock: Clock;
  readonly fraction: () => number;
  /** Who speaks: the names of fleet and machine, and the machine's peer id. */
  readonly speaker: () => Pick<Alert, 'fleet' | 'machine' | 'peer'>;
  /** For the log. */
  readonly report: (text: string) => void;
}

export class Alerts {
  readonly #parts: AlertsParts;
  readonly #queues: Readonly<Record<Channel, AlertQueue>>;
  readonly #sending = new Map<Channel, AbortController>();
  #settings: AlertSettings;
  #isStopped = false;

  constructor(parts: AlertsParts) {
    this.#parts = parts;
    this.#settings = readAlertSettings(parts.home);
    this.#queues = readAlertQueues(parts.home);
  }

  /** How long a problem has to stand before it is told. */
  get settleMs(): number {
    return this.#settings.settleMs;
  }

  /** Queues one alert for each receiver, where somebody wants to know. */
  tell(changes: readonly ProblemChange[], now: UnixMs): void {
    const wanted = changes.filter(
      ({ problem }) => this.#settings.level === 'warning' || problem.level === 'problem',
    );
    for (const channel of this.#receivers()) {
      // Whoever takes nothing cannot be told that it takes nothing.
      const news = wanted.filter(({ problem }) => problem.about !== channel);
      if (news.length === 0) continue;
      const alert = this.#alert('problems', now);
      this.#queues[channel].push({ ...alert, changes: news.slice(0, changesPerAlertMax) }, now);
    }
    if (wanted.length > 0) this.#save();
  }

  /** Makes the attempts whose time has come; returns before they end. */
  tick(now: UnixMs): void {
    if (this.#isStopped) return;
    for (const channel of this.#receivers()) {
      const alert = this.#sending.has(channel) ? undefined : this.#queues[channel].due(now);
      if (alert !== undefined) void this.#attempt(channel, alert);
    }
  }

  /** Receivers that have taken nothing for a while. */
  get problems(): readonly FoundProblem[] {
    const now = this.#parts.clock.now();
    return this.#receivers().flatMap((channel): readonly FoundProblem[] => {
      const { failure, queued } = this.#queues[channel];
      if (failure === undefined || now - failure.sinceMs < alertSilenceMs || queued.length === 0) return [];
      return [
        {
          kind: 'alerts-undelivered',
          about: channel,
          level: 'warning',
          risk: 'People who rely on alerts do not hear of problems.',
          why: `Alerts by ${channel} are not delivered: ${failure.reason}.`,
          action: `${queued.length} of them wait and are tried again for a day.`,
          advice: 'Look at `drey alerts show`, mend it, and try `drey alerts test`.',
          sinceMs: failure.sinceMs,
        },
      ];
    });
  }

  /** Shows the settings after a change of them. Throws `alerts-malformed`. */
  change(change: CallRequest<'alerts'>): AlertsAnswer {
    const before = this.#settings;
    if (Object.keys(change).length > 0) {
      const settings = changeAlertSettings(before, change);
      writeAlertSettings(this.#parts.home, settings);
      this.#settings = settings;
      this.#hurry(
        this.#receivers().filter((channel) => !isDeepStrictEqual(settings[channel], before[channel])),
      );
    }
    const { webhook } = this.#settings;
    const isMade =
      webhook !== undefined &&
      webhook.secret !== before.webhook?.secret &&
      change.webhookSecret === undefined;
    return {
      ...shownSettings(this.#settings),
      ...(isMade ? { webhookSecret: webhook.secret } : {}),
      receivers: this.#receivers().map((channel) => {
        const { queued, lostCount, failure } = this.#queues[channel];
        return {
          channel,
          waiting: queued.length,
          lost: lostCount,
          ...(failure === undefined ? {} : { failure: failure.reason }),
        };
      }),
    };
  }

  /** Sends a test to every receiver, past the queues, and says how it went. What waits for one that took it goes out at once. */
  async test(): Promise<AlertTestAnswer> {
    const alert = this.#alert('test', this.#parts.clock.now());
    const results = await Promise.all(
      this.#receivers().map(async (channel) => {
        const failure = await this.#send(channel, alert, new AbortController());
        return { channel, ...(failure === undefined ? {} : { failure }) };
      }),
    );
    this.#hurry(results.filter(({ failure }) => failure === undefined).map(({ channel }) => channel));
    return { results };
  }

  stop(): void {
    this.#isStopped = true;
    for (const controller of this.#sending.values()) controller.abort();
  }

  #receivers(): readonly Channel[] {
    return channels.filter((channel) => this.#settings[channel] !== undefined);
  }

  #hurry(receivers: readonly Channel[]): void {
    for (const channel of receivers) this.#queues[channel].hurry(this.#parts.clock.now());
    if (receivers.length > 0) this.#save();
  }

  #alert(kind: Alert['kind'], now: UnixMs): Alert {
    return { id: randomUUID(), kind, atMs: unixMs(now), ...this.#parts.speaker(), changes: [] };
  }

  async #attempt(channel: Channel, alert: Alert): Promise<void> {
    const controller = new AbortController();
    this.#sending.set(channel, controller);
    const reason = await this.#send(channel, alert, controller);
    this.#sending.delete(channel);
    if (this.#isStopped) return;
    const queue = this.#queues[channel];
    if (reason === undefined) queue.delivered(alert.id);
    else {
      if (queue.failure === undefined) this.#parts.report(`an alert by ${channel} was not taken: ${reason}`);
      queue.failed(alert.id, { reason, now: this.#parts.clock.now(), fraction: this.#parts.fraction() });
    }
    this.#save();
  }

  /** Why it was not taken; undefined when it was. Never rejects. */
  async #send(channel: Channel, alert: Alert, controller: AbortController): Promise<string | undefined> {
    const { webhook, mail } = this.#settings;
    const { lostCount } = this.#queues[channel];
    const { id } = alert;
    const { signal } = controller;
    const timer = this.#parts.clock.start(alertAttemptMsMax, () => controller.abort());
    try {
      if (channel === 'webhook' && webhook !== undefined)
        await postWebhook(webhook, { body: alertJson(alert, lostCount), id, signal });
      if (channel === 'mail' && mail !== undefined)
        await sendMail(mail, { ...alertMail(alert, lostCount), id, signal });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      timer.cancel();
    }
  }

  #save(): void {
    try {
      writeAlertQueues(this.#parts.home, this.#queues);
    } catch (error) {
      // On a full disk they wait in memory only.
      if (!isFullError(error)) throw error;
    }
  }
}
