// What people and this machine's own parts write into its log of facts. It waits until the own log is sure to be whole (own-log.ts): a disk
// that was put back to an older image would write other words under numbers that it has used.

import { DreyError } from '../../datasets/index.ts';
import type { AgentRecord } from '../codec/index.ts';
import type { AgentCore } from '../core/index.ts';
import type { Clock } from '../ports.ts';
import { nameDiskError } from './disk-full.ts';
import { ownLogLookMs, ownLogPatienceMs, ownLogWaitMsMax } from './limits.ts';
import type { Shell } from './shell.ts';

/** Whose words they are. */
interface Speaker {
  readonly core: Pick<AgentCore, 'ownLog' | 'membership' | 'replication'>;
  readonly shell: Pick<Shell, 'append'>;
}

export class OwnWords {
  readonly #speaker: Speaker;
  readonly #clock: Clock;

  constructor(speaker: Speaker, clock: Clock) {
    this.#speaker = speaker;
    this.#clock = clock;
  }

  /**
   * What must be possible also where nobody else is left: where nobody was there for a while who could know better, it is written.
   * Throws `log-forked`, `log-full`, `disk-full`.
   */
  async write(records: readonly AgentRecord[]): Promise<void> {
    await this.#wait();
    await this.#append(records);
  }

  /** What can wait and must never stand in a second history: what is given up. Throws `log-unsure` where nobody was there, and as `write`. */
  async writeWhenSure(records: readonly AgentRecord[]): Promise<void> {
    if (await this.#wait()) await this.#append(records);
    else
      throw new DreyError({
        code: 'log-unsure',
        message: 'nobody of the fleet was there who could say whether the log on this disk is whole',
        advice: 'Try again when another machine is on.',
        retry: 'retryable',
      });
  }

  /** When the own log is known to be whole, or nobody was there for a while who could know better. */
  async settled(): Promise<void> {
    await this.#wait();
  }

  /** Whether the own log became sure; false when nobody was there for too long. */
  async #wait(): Promise<boolean> {
    const { ownLog, membership } = this.#speaker.core;
    for (let waitedMs = 0; !ownLog.isSure; waitedMs += ownLogLookMs) {
      const waitMsMax = membership.up.size === 0 ? ownLogPatienceMs : ownLogWaitMsMax;
      if (waitedMs >= waitMsMax) return false;
      await new Promise<void>((resolve) => {
        this.#clock.start(ownLogLookMs, resolve);
      });
    }
    return true;
  }

  async #append(records: readonly AgentRecord[]): Promise<void> {
    const { core, shell } = this.#speaker;
    if (!core.replication.isForked(core.membership.self)) {
      await shell.append('facts', records).catch((error: unknown) => {
        throw nameDiskError(error);
      });
      return;
    }
    throw new DreyError({
      code: 'log-forked',
      message: 'this machine was put back to an old image of its disk, and others know later words of it',
      advice:
        'Nobody would follow what it writes. Join it again with a new invite; act from another admin machine until then.',
    });
  }
}
