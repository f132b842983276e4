// Keeps to what this machine's person allows: how fast shards come and go, how many threads work, when all of it rests. Restores that a
// person asks for are never held back.

import { type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { CallRequest, LimitsAnswer } from '../../control/index.ts';
import {
  type AgentCore,
  type CoreEvent,
  limitsAt,
  limitsChangeMs,
  type LimitsNow,
  TokenBucket,
} from '../../core/index.ts';
import { pacingBurstBytes, surroundingsEveryMs } from '../../limits.ts';
import type { Clock, ShardArrival } from '../../ports.ts';
import type { ReadPace, WorkerPool } from '../data-path/index.ts';
import type { Home } from '../home.ts';
import { localClock } from '../local-clock.ts';
import { chargeShareMin, type PowerState } from '../power.ts';
import type { WirePace } from '../wire/index.ts';
import {
  changeLimitSettings,
  type LimitSettings,
  readLimitSettings,
  writeLimitSettings,
} from './limit-settings.ts';
import type { Metered } from './metered.ts';

export interface PacingParts {
  readonly home: Home;
  readonly clock: Clock;
  readonly core: Pick<AgentCore, 'purposeOf'>;
  readonly workers: Pick<WorkerPool, 'threadLimit'>;
  readonly tell: (event: CoreEvent) => void;
  readonly readPower: () => Promise<PowerState>;
  readonly readMetered: () => Promise<Metered>;
}

const onMains: PowerState = { source: 'mains', chargeShare: 1 };
const offset = (atMs: UnixMs): number => localClock.offsetMsAt(atMs);

export class Pacing implements WirePace, ReadPace {
  readonly #parts: PacingParts;
  readonly #upload = new TokenBucket(pacingBurstBytes);
  readonly #download = new TokenBucket(pacingBurstBytes);
  readonly #disk = new TokenBucket(pacingBurstBytes);
  #settings: LimitSettings;
  #power = onMains;
  #metered: Metered = 'unknown';
  #lookedMs = 0;
  #isPaused = false;
  #lastSend: Promise<unknown> = Promise.resolve();

  constructor(parts: PacingParts) {
    this.#parts = parts;
    this.#settings = readLimitSettings(parts.home);
  }

  /** What holds now. */
  get now(): LimitsNow {
    return limitsAt(this.#settings.rules, this.#parts.clock.now(), offset);
  }

  /** Why snapshots by themselves and shards for the plan rest, as the rest of a sentence; undefined when they do not. */
  get pauseReason(): string | undefined {
    if (this.now.isPaused) return 'the limits of this machine say so at this time (`drey limits`)';
    if (this.#settings.onMetered === 'pause' && this.#metered === 'metered')
      return 'the network costs by the byte (`drey limits --on-metered go` goes on all the same)';
    const { source, chargeShare } = this.#power;
    if (source === 'battery' && chargeShare < chargeShareMin)
      return `the machine runs on battery, ${Math.round(100 * chargeShare)} % are left`;
    return undefined;
  }

  maySend(): boolean {
    return this.pauseReason === undefined;
  }

  /** One after the other where there is a rate: each shard is over soon, and those that asked for it do not give up on all of them. */
  sendInTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.now.uploadBytesPerSecond === undefined) return work();
    const turn = this.#lastSend.then(work);
    this.#lastSend = turn.catch(() => {});
    return turn;
  }

  beforeSending(byteCount: number): Promise<void> {
    return this.#wait(this.#upload, byteCount, this.now.uploadBytesPerSecond);
  }

  beforeReceiving({ descriptor, index }: ShardArrival, byteCount: number): Promise<void> {
    const isRestore = this.#parts.core.purposeOf(descriptor.pack, index) === 'restore';
    return this.#wait(this.#download, byteCount, isRestore ? undefined : this.now.downloadBytesPerSecond);
  }

  get isReadingSlowed(): boolean {
    return this.now.diskBytesPerSecond !== undefined;
  }

  beforeReading(byteCount: number): Promise<void> {
    return this.#wait(this.#disk, byteCount, this.now.diskBytesPerSecond);
  }

  /** Looks at the hour, the battery and the network; tells the core when all of it rests, and when it goes on. */
  tick(now: UnixMs): void {
    this.#parts.workers.threadLimit = this.now.threads;
    if (now - this.#lookedMs >= surroundingsEveryMs) {
      this.#lookedMs = now;
      void this.#lookAround();
    }
    const isPaused = this.pauseReason !== undefined;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#parts.tell({ kind: 'pullsPaused', isPaused, now });
  }

  /** Shows the limits after a change of them; one that cannot be kept does not hold. Throws `limits-refused` or `disk-full`. */
  change(change: CallRequest<'limits'>): LimitsAnswer {
    if (Object.keys(change).length > 0) {
      const settings = changeLimitSettings(this.#settings, change);
      writeLimitSettings(this.#parts.home, settings);
      this.#settings = settings;
    }
    const { rules, onMetered, priority } = this.#settings;
    return { rules, onMetered, priority, metered: this.#metered, now: this.view() };
  }

  /** For people. */
  view(): LimitsAnswer['now'] {
    const { isPaused: _, ...limits } = this.now;
    const untilMs = limitsChangeMs(this.#settings.rules, this.#parts.clock.now(), offset);
    const paused = this.pauseReason;
    return {
      ...limits,
      ...(paused === undefined ? {} : { paused }),
      ...(untilMs === undefined ? {} : { untilMs: unixMs(untilMs) }),
    };
  }

  async #lookAround(): Promise<void> {
    const { readPower, readMetered } = this.#parts;
    [this.#power, this.#metered] = await Promise.all([readPower(), readMetered()]);
  }

  #wait(bucket: TokenBucket, byteCount: number, bytesPerSecond: number | undefined): Promise<void> {
    if (bytesPerSecond === undefined) return Promise.resolve();
    const { clock } = this.#parts;
    const waitMs = bucket.take(byteCount, { now: clock.now(), bytesPerSecond });
    return waitMs === 0 ? Promise.resolve() : new Promise((resolve) => void clock.start(waitMs, resolve));
  }
}
