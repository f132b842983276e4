// Says "look again" when a folder may have changed. The system's watcher is only a hint (of a network drive it hears nothing that
// others change); the periodic look is the truth and never stops. Which of the two works is always visible.

import { existsSync } from 'node:fs';
import { minutes, seconds } from '../../../datasets/index.ts';
import type { Clock, Timer } from '../../ports.ts';
import { type FolderEvents, type WatchFolder, watchFolder } from './folder-events.ts';
import { type IgnoreCheck, ignoreCheck } from './ignore.ts';
import { type BytePath, bytePathOf } from './path-bytes.ts';
import { insidePaths } from './real-folders.ts';
import { errorCode } from './scan.ts';

/** Quiet time after the last change: an editor's save is several events. */
export const quietMs = seconds(2);
/** Changes that never pause are looked at this often. */
export const busyMsMax = minutes(1);
/** The look without any hint: what a lost event can cost at most. */
export const lookEveryMs = minutes(10);
/** A folder that has gone is watched again so soon after it is back. */
export const returnEveryMs = seconds(30);
/** What tells of changes may be this late. */
export const toldWithinMs = seconds(5);

export type WatcherHealth =
  | { readonly state: 'watching' }
  | { readonly state: 'scanning only'; readonly reason: string }
  | { readonly state: 'stopped'; readonly reason: string };

export interface WatcherOptions {
  readonly folder: string;
  /** Patterns of the drive (see ignore.ts); changes in what they leave out mean nothing. */
  readonly ignore: readonly string[];
  /** Folders whose changes mean nothing, wherever links lead: the agent's own. */
  readonly exclude?: readonly string[];
  readonly clock: Clock;
  /** `hint`: an event came. `look`: it is time, nobody said that anything changed. */
  readonly onChange: (why: 'hint' | 'look') => void;
  readonly onHealth?: (health: WatcherHealth) => void;
  /** The system's watcher (`watchFolder`); a system without one is served by looks alone. */
  readonly watch?: WatchFolder;
}

export interface Watcher {
  readonly health: WatcherHealth;
  /** Resolves once the system's watcher was tried; looks go on in any case. */
  readonly ready: Promise<void>;
  /** A look found changes. Where no event told of them the system's watcher is not believed until the next look renews it. */
  foundByLook(): void;
  stop(): Promise<void>;
}

export function startWatcher(options: WatcherOptions): Watcher {
  return new FolderWatcher(options);
}

class FolderWatcher implements Watcher {
  readonly ready: Promise<void>;
  readonly #options: WatcherOptions;
  readonly #isIgnored: IgnoreCheck;
  #health: WatcherHealth = { state: 'scanning only', reason: 'starting' };
  #events: FolderEvents | undefined;
  #isBeginning = false;
  #lookTimer: Timer | undefined;
  #quietTimer: Timer | undefined;
  #returnTimer: Timer | undefined;
  #doubtTimer: Timer | undefined;
  #firstChangeMs: number | undefined;
  #hasHeard = false;
  #stopped = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#isIgnored = leftOutBy(options);
    this.#startLookTimer();
    this.ready = this.#begin();
  }

  get health(): WatcherHealth {
    return this.#health;
  }

  foundByLook(): void {
    this.#doubtTimer?.cancel();
    this.#doubtTimer = this.#options.clock.start(toldWithinMs, () => {
      if (this.#stopped || this.#hasHeard || this.#health.state !== 'watching') return;
      this.#become({ state: 'scanning only', reason: 'files changed and no event told of it' });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#lookTimer, this.#quietTimer, this.#returnTimer, this.#doubtTimer])
      timer?.cancel();
    await this.ready;
    this.#end();
    this.#become({ state: 'stopped', reason: 'the agent stopped it' });
  }

  #startLookTimer(): void {
    this.#lookTimer = this.#options.clock.start(lookEveryMs, () => {
      if (this.#stopped) return;
      this.#startLookTimer();
      if (this.#health.state !== 'watching' || !existsSync(this.#options.folder)) void this.#renew();
      this.#hasHeard = this.#firstChangeMs !== undefined;
      this.#options.onChange('look');
    });
  }

  async #renew(): Promise<void> {
    this.#end();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const { folder, watch } = this.#options;
    if (this.#isBeginning || this.#stopped) return;
    this.#isBeginning = true;
    try {
      if (!existsSync(folder)) {
        this.#become({ state: 'stopped', reason: 'the folder is not there' });
        this.#awaitReturn();
        return;
      }
      const events = await (watch ?? watchFolder)({
        folder,
        isLeftOut: (path) => this.#isIgnored(path, 'folder'),
        onChange: (paths) => this.#heardOf(paths),
        onFailure: (error) => this.#failed(error),
        isOver: () => this.#stopped,
      });
      if (this.#stopped) return events.stop();
      this.#events = events;
      this.#become({ state: 'watching' });
    } catch (error) {
      this.#failedBy(error);
    } finally {
      this.#isBeginning = false;
    }
  }

  /** Whoever comes back with it is looked at: of that nobody has told. */
  #awaitReturn(): void {
    this.#returnTimer?.cancel();
    this.#returnTimer = this.#options.clock.start(returnEveryMs, () => void this.#beginAgain());
  }

  async #beginAgain(): Promise<void> {
    if (this.#health.state === 'watching') return;
    await this.#renew();
    if (this.health.state === 'watching') this.#heard();
  }

  #end(): void {
    this.#events?.stop();
    this.#events = undefined;
  }

  /** Of what is backed up; what `paths` leaves open may be. */
  #heardOf(paths: readonly BytePath[] | undefined): void {
    if (paths?.every((path) => this.#isIgnored(path, 'other')) !== true) this.#heard();
  }

  #failed(error: unknown): void {
    this.#failedBy(error);
    this.#heard();
  }

  #failedBy(error: unknown): void {
    this.#become({ state: 'scanning only', reason: reasonOf(error) });
    if (isMissing(error)) this.#awaitReturn();
  }

  #heard(): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const now = clock.now();
    this.#hasHeard = true;
    this.#firstChangeMs ??= now;
    this.#quietTimer?.cancel();
    const waitMs = Math.max(0, Math.min(quietMs, this.#firstChangeMs + busyMsMax - now));
    this.#quietTimer = clock.start(waitMs, () => {
      this.#firstChangeMs = undefined;
      if (!this.#stopped) this.#options.onChange('hint');
    });
  }

  #become(health: WatcherHealth): void {
    this.#health = health;
    this.#options.onHealth?.(health);
  }
}

function leftOutBy({ folder, ignore, exclude = [] }: WatcherOptions): IgnoreCheck {
  const [own, isIgnored] = [insidePaths(folder, exclude).map(bytePathOf), ignoreCheck(ignore)];
  const isOwn = (path: BytePath): boolean => own.some((one) => path === one || path.startsWith(`${one}/`));
  return (path, type) => isOwn(path) || isIgnored(path, type);
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');

/** In words without a path. */
function reasonOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOSPC':
      return "the system's limit of watched folders is reached";
    case 'EMFILE':
      return "the system's limit of watchers is reached";
    case 'ENOENT':
    case 'ENOTDIR':
      return 'the folder is not there';
    default:
      return "the system's watcher does not work here";
  }
}
