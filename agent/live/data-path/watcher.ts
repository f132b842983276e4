// Says "look again" when a folder may have changed. The system's watcher is only a hint (it loses files that are written
// right after a mkdir); the periodic look is the truth and never stops. Which of the two works is always visible.

import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type ParcelWatcher from '@parcel/watcher';
import type { AsyncSubscription, Event } from '@parcel/watcher';
import { minutes, seconds } from '../../../datasets/index.ts';
import type { Clock, Timer } from '../../ports.ts';
import { type IgnoreCheck, ignoreCheck } from './ignore.ts';
import { bytePathOf } from './path-bytes.ts';
import { waysTo } from './real-folders.ts';

/** Quiet time after the last change: an editor's save is several events. */
export const quietMs = seconds(2);
/** Changes that never pause are looked at this often. */
export const busyMsMax = minutes(1);
/** The look without any hint: what a lost event can cost at most. */
export const lookEveryMs = minutes(10);

export type WatcherHealth =
  | { readonly state: 'watching' }
  | { readonly state: 'scanning only'; readonly reason: string }
  | { readonly state: 'stopped'; readonly reason: string };

type NativeWatcher = Pick<typeof ParcelWatcher, 'subscribe'>;

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
  /** How the native module is loaded; a system without it is served by looks alone. */
  readonly loadNative?: () => Promise<NativeWatcher>;
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

const loadParcel = async (): Promise<NativeWatcher> => (await import('@parcel/watcher')).default;

class FolderWatcher implements Watcher {
  readonly ready: Promise<void>;
  readonly #options: WatcherOptions;
  readonly #isIgnored: IgnoreCheck;
  #health: WatcherHealth = { state: 'scanning only', reason: 'starting' };
  #subscription: AsyncSubscription | undefined;
  #subscribing = false;
  #lookTimer: Timer | undefined;
  #quietTimer: Timer | undefined;
  #firstChangeMs: number | undefined;
  #hasHeard = false;
  #stopped = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#isIgnored = ignoreCheck(options.ignore);
    this.#startLookTimer();
    this.ready = this.#subscribe();
  }

  get health(): WatcherHealth {
    return this.#health;
  }

  foundByLook(): void {
    if (this.#stopped || this.#hasHeard || this.#health.state !== 'watching') return;
    this.#become({ state: 'scanning only', reason: 'files changed and no event told of it' });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#lookTimer?.cancel();
    this.#quietTimer?.cancel();
    await this.ready;
    await this.#unsubscribe();
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
    await this.#unsubscribe();
    await this.#subscribe();
  }

  async #subscribe(): Promise<void> {
    const { folder, ignore, exclude, loadNative } = this.#options;
    if (this.#subscribing || this.#stopped) return;
    this.#subscribing = true;
    try {
      if (!existsSync(folder)) {
        this.#become({ state: 'stopped', reason: 'the folder is not there' });
        return;
      }
      const native = await (loadNative ?? loadParcel)();
      const hear = (error: Error | null, events: readonly Event[]): void => {
        if (error !== null || events.length === 0 || events.some((event) => this.#concerns(event)))
          this.#heard(error);
      };
      const unwatched = [...foldersLeftOut(folder, ignore), ...(exclude ?? []).flatMap(waysTo)];
      this.#subscription = await native.subscribe(folder, hear, { ignore: unwatched });
      this.#become({ state: 'watching' });
    } catch (error) {
      this.#become({ state: 'scanning only', reason: reasonOf(error) });
    } finally {
      this.#subscribing = false;
    }
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    try {
      await subscription?.unsubscribe();
    } catch (error) {
      this.#become({ state: 'scanning only', reason: reasonOf(error) });
    }
  }

  /** Whether it is about something that is backed up. */
  #concerns({ path }: Event): boolean {
    const inside = relative(this.#options.folder, path).split(sep).join('/');
    return !this.#isIgnored(bytePathOf(inside), 'other');
  }

  #heard(error: Error | null): void {
    if (this.#stopped) return;
    if (error !== null) this.#become({ state: 'scanning only', reason: reasonOf(error) });
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

const globCharacters = /[*?[\]{}()!+@|\\#]/u;

/**
 * Folders that the native module need not watch. It takes globs too, but tries each on every file that it finds: 18 s instead of 1.2 for the
 * default patterns and 200,000 files. Where a pattern takes something in again, it watches all.
 */
const foldersLeftOut = (folder: string, patterns: readonly string[]): readonly string[] =>
  patterns.some((pattern) => pattern.startsWith('!'))
    ? []
    : patterns
        .filter((pattern) => pattern.startsWith('/') && !globCharacters.test(pattern))
        .map((pattern) => join(folder, pattern.replace(/\/$/u, '')));

/** In words without a path: native errors like to name one. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // The module names its call with whatever the system said of it.
  if (/ENAMETOOLONG|name too long/iu.test(text)) return "a path in it is too long for the system's watcher";
  if (/ENOSPC|No space left|inotify_add_watch/u.test(text))
    return "the system's limit of watched folders is reached";
  if (/EMFILE|inotify_init/u.test(text)) return "the system's limit of watchers is reached";
  if (/ENOENT|No such file/u.test(text)) return 'the folder is not there';
  return "the system's watcher does not work here";
}
