// When packs are freed before the holders' own time is over: only by the word of enough admins, after a time in which any of them can stop it.
// Each holder counts the words itself and waits by its own clock, from when it heard the last word that was needed.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { SignedBatch, Wipe, WipeRule, WipeWord } from '../codec/index.ts';
import { wipeAwakeMsMin, wipesEveryMs, wipeWaitMsMin } from '../limits.ts';
import type { DriveId, WipeId } from '../units.ts';
import type { StatedAt } from './authority.ts';
import { Awake } from './awake.ts';
import type { Catalogue } from './catalogue.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';
import { NotedTimes } from './noted-times.ts';
import type { Shelf } from './shelf.ts';

/**
 * `asked`: too few admins agree. `waiting`: enough do; any of them can still stop it. `due`: holders free the packs. `contradicted`: admins asked
 * for different things under one id, and nobody frees anything.
 */
export type WipeState = 'asked' | 'waiting' | 'stopped' | 'due' | 'contradicted';

export interface WipeView {
  readonly wipe: WipeId;
  readonly drive: DriveId;
  readonly scope: Wipe['scope'];
  readonly reason: string;
  /** When it was asked for, by the clock of whoever did. */
  readonly atMs: UnixMs;
  readonly state: WipeState;
  /** Admin keys that agree, whoever asked first; where they contradict each other those that asked. */
  readonly agreed: readonly string[];
  readonly adminCount: number;
  readonly stoppedBy?: string;
  /** When enough admins had agreed, by this machine's clock. */
  readonly completeMs?: UnixMs;
  /** When this machine frees what it has, if nobody stops it; by its own clock. */
  readonly dueMs?: UnixMs;
}

interface HoldingRule {
  /** How many admins must agree, of those that there are. */
  readonly adminCount: number;
  /** How many were asked for, which may be more. */
  readonly wantedCount: number;
  /** How long a wipe waits then. */
  readonly waitMs: number;
}

interface Agreement extends Pick<HoldingRule, 'adminCount'> {
  readonly completeMs: UnixMs;
  readonly dueMs: UnixMs;
}

type Wish = Pick<Wipe, 'drive' | 'scope'>;

interface Word {
  readonly admin: string;
  readonly at: StatedAt;
  readonly heardMs: UnixMs;
  readonly isStop: boolean;
  /** What the admin asked for or agreed to; undefined in older words, which name the id alone. */
  readonly about: Wish | undefined;
}

interface Ask extends Word {
  readonly statement: Wipe;
}

interface KnownWipe {
  /** The key that spoke of it first here, and the log in which it did. */
  readonly by: string;
  /** The same wish may stand in several logs, and several admins may have it. */
  readonly asks: Ask[];
  readonly words: Word[];
}

/** Wipes that one key begins in one log: one a day for nearly three years. */
export const wipesPerLogMax = 1024;
/** All of which an agent knows the words; those that nobody who is believed asks for give way. */
const wipesMax = 16_384;
/** Of one wipe by one key; who says the same again and again is not noted. */
const wordsPerKeyMax = 64;

export interface WipesParts {
  readonly membership: Membership;
  readonly shelf: Shelf;
  readonly catalogue: Catalogue;
  /** Something is to be freed now. */
  readonly freeSoon: () => void;
}

export class Wipes {
  readonly hears = ['started', 'batchStored', 'tick'] as const;
  readonly hearsRecords = ['statement'] as const;
  readonly #parts: WipesParts;
  readonly #noted = new NotedTimes('wipe');
  readonly #awake = new Awake();
  readonly #wipes = new Map<WipeId, KnownWipe>();
  /** How many of them each key began in each log. */
  readonly #begun = new Map<string, number>();
  /** All that are known are asked for by keys that are believed, and there is room for no more. */
  #isFull = false;
  readonly #rules: { readonly admin: string; readonly at: StatedAt; readonly rule: WipeRule }[] = [];
  readonly #nextLook = new NextTime();

  constructor(parts: WipesParts) {
    this.#parts = parts;
  }

  handle(event: EventOf<Wipes['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#noted.restore(event.heard, event.now);
        return [];
      case 'batchStored':
        return this.#read(event.batch, event.now);
      case 'tick':
        this.#awake.note(event.now);
        return this.#tick(event.now);
    }
  }

  /** Whether what is wiped may be freed: a word that stops it would have come by now. No longer than wipes wait anyway. */
  mayFree(now: UnixMs): boolean {
    return this.#awake.forMs(now) >= Math.min(wipeAwakeMsMin, this.rule.waitMs);
  }

  /** What holds now. */
  get rule(): HoldingRule {
    return this.#ruleAt(Number.POSITIVE_INFINITY);
  }

  #ruleAt(atMs: number): HoldingRule {
    const { authority } = this.#parts.membership;
    const keyCount = authority.keyCountAt(atMs);
    const base = authority.rootRuleAt(atMs) ?? { adminCount: Math.min(2, keyCount), waitMs: wipeWaitMsMin };
    const raised = this.#rules
      .filter(({ admin, at, rule }) => rule.atMs <= atMs && authority.holds(admin, at))
      .map(({ rule }) => rule);
    const most = Math.max(1, ...raised.map(({ adminCount }) => adminCount));
    return {
      wantedCount: Math.max(base.adminCount, most),
      // Keys that were put out count: whoever puts the others out must not decide alone then.
      adminCount: Math.max(1, base.adminCount, Math.min(most, keyCount)),
      waitMs: Math.max(base.waitMs, ...raised.map(({ waitMs }) => waitMs)),
    };
  }

  /** All that were ever asked for, oldest first. */
  views(now: UnixMs): readonly WipeView[] {
    return [...this.#wipes.keys()].flatMap((wipe) => this.viewOf(wipe, now) ?? []);
  }

  /** Undefined for one that nobody who is believed has asked for. */
  viewOf(wipe: WipeId, now: UnixMs): WipeView | undefined {
    const known = this.#wipes.get(wipe);
    const asks = this.#believed(known?.asks ?? []).toSorted((a, b) => a.heardMs - b.heardMs);
    const [ask] = asks;
    if (known === undefined || ask === undefined) return undefined;
    const words = this.#believed(known.words);
    const stop = words.find(({ isStop }) => isStop);
    // Which of them the others agreed to is not told by the order in which they were heard: that is another one after each start.
    const isContradicted = asks.some(({ about }) => !isSame(about, ask.about));
    const agreeing = words.filter(({ about = ask.about }) => !isContradicted && isSame(about, ask.about));
    const heardMs = agreementsIn([...asks, ...agreeing]);
    const times = [...heardMs.values()].map((at) => unixMs(Math.max(at, ask.heardMs)));
    const agreement = isContradicted ? undefined : this.#agreementOf(times.toSorted((a, b) => a - b));
    const { drive, scope, reason, atMs } = ask.statement;
    return {
      wipe,
      drive,
      scope,
      reason,
      atMs,
      state: stateOf({ isStopped: stop !== undefined, isContradicted, dueMs: agreement?.dueMs, now }),
      agreed: [...heardMs.keys()],
      adminCount: (agreement ?? this.rule).adminCount,
      ...(stop === undefined ? {} : { stoppedBy: stop.admin }),
      ...(agreement === undefined || stop !== undefined
        ? {}
        : { completeMs: agreement.completeMs, dueMs: agreement.dueMs }),
    };
  }

  #believed<One extends Word>(words: readonly One[]): readonly One[] {
    const { authority } = this.#parts.membership;
    return words.filter(({ admin, at }) => authority.holds(admin, at));
  }

  /**
   * When enough admins had agreed, and when their time is over, from the times at which each agreed, the first one first. Whoever becomes an
   * admin later, and rules that are made later, change nothing of what was carried out before: the packs are gone.
   */
  #agreementOf(times: readonly UnixMs[]): Agreement | undefined {
    for (const [others, completeMs] of times.entries()) {
      const { adminCount, waitMs } = this.#ruleUntil(completeMs);
      if (others + 1 >= adminCount) return { adminCount, completeMs, dueMs: unixMs(completeMs + waitMs) };
    }
    return undefined;
  }

  /** The rule that holds when the time is over that it says itself, counted from then. */
  #ruleUntil(fromMs: UnixMs): HoldingRule {
    let rule = this.#ruleAt(fromMs);
    for (;;) {
      const later = this.#ruleAt(fromMs + rule.waitMs);
      if (later.waitMs <= rule.waitMs) return later;
      rule = later;
    }
  }

  #read(batch: SignedBatch, now: UnixMs): Effects {
    const at = { author: batch.author, sequence: batch.sequence };
    const heardMs = this.#noted.of(at) ?? now;
    let isNews = false;
    for (const { statement, admin } of this.#parts.membership.statementsIn(batch)) {
      if (statement.kind === 'wipeRule') this.#rules.push({ admin, at, rule: statement });
      if (statement.kind !== 'wipe' && statement.kind !== 'wipeWord') continue;
      isNews = this.#note(statement, { admin, at, heardMs }) || isNews;
    }
    if (!isNews) return [];
    this.#nextLook.comeAtOnce();
    return this.#noted.note(at, now);
  }

  /** Words may come before what they are about. */
  #note(statement: Wipe | WipeWord, from: Omit<Word, 'isStop' | 'about'>): boolean {
    const known = this.#wipes.get(statement.wipe) ?? this.#begin(statement.wipe, from);
    if (known === undefined) return false;
    const isStop = statement.kind === 'wipeWord' && statement.word === 'stop';
    const about = statement.kind === 'wipe' ? statement : statement.about;
    const said = { ...from, isStop, about };
    const others: readonly Word[] = statement.kind === 'wipe' ? known.asks : known.words;
    const own = others.filter(({ admin }) => admin === from.admin);
    const isKnown = own.some(
      (one) => one.at.author === from.at.author && one.isStop === isStop && isSame(one.about, about),
    );
    if (isKnown || own.length >= wordsPerKeyMax) return false;
    if (statement.kind === 'wipe') known.asks.push({ ...said, statement });
    else known.words.push(said);
    return true;
  }

  /** Each key has room of its own in each log: a flood keeps nobody else's words out, nor what the key's owner said before it was stolen. */
  #begin(wipe: WipeId, { admin, at }: Pick<Word, 'admin' | 'at'>): KnownWipe | undefined {
    const by = `${admin} ${at.author}`;
    const begun = this.#begun.get(by) ?? 0;
    if (begun >= wipesPerLogMax || !this.#hasRoom()) return undefined;
    const known: KnownWipe = { by, asks: [], words: [] };
    this.#wipes.set(wipe, known);
    this.#begun.set(by, begun + 1);
    return known;
  }

  /** Those that nobody who is believed asks for give way. */
  #hasRoom(): boolean {
    if (this.#wipes.size < wipesMax) return true;
    if (this.#isFull) return false;
    for (const [wipe, { by, asks }] of this.#wipes) {
      if (this.#believed(asks).length > 0) continue;
      this.#wipes.delete(wipe);
      this.#begun.set(by, (this.#begun.get(by) ?? 0) - 1);
    }
    this.#isFull = this.#wipes.size >= wipesMax;
    return !this.#isFull;
  }

  #tick(now: UnixMs): Effects {
    if (!this.#nextLook.hasCome(now) || this.#wipes.size === 0) return [];
    this.#isFull = false;
    const { shelf, catalogue, freeSoon } = this.#parts;
    const views = this.views(now);
    const dueAtMs = views.filter(({ state }) => state === 'waiting').map(({ dueMs }) => dueMs ?? now);
    this.#nextLook.waitFor(Math.min(wipesEveryMs, ...dueAtMs.map((dueMs) => dueMs - now)), now);
    const due = views.filter(({ state }) => state === 'due');
    const drives = new Set(due.filter(({ scope }) => scope === 'drive').map(({ drive }) => drive));
    let isNews = shelf.wipe(drives);
    catalogue.wipe(drives);
    for (const { drive, scope, completeMs = now } of due)
      if (scope === 'given up' && this.mayFree(now) && shelf.hasten(drive, completeMs)) isNews = true;
    if (isNews) freeSoon();
    return [];
  }
}

const isSame = (one: Wish | undefined, other: Wish | undefined): boolean =>
  one?.drive === other?.drive && one?.scope === other?.scope;

/** When each admin's agreement was first heard. */
function agreementsIn(words: readonly Word[]): ReadonlyMap<string, UnixMs> {
  const heardMs = new Map<string, UnixMs>();
  for (const word of words)
    if (!word.isStop)
      heardMs.set(word.admin, unixMs(Math.min(word.heardMs, heardMs.get(word.admin) ?? word.heardMs)));
  return heardMs;
}

function stateOf({
  isStopped,
  isContradicted,
  dueMs,
  now,
}: {
  readonly isStopped: boolean;
  readonly isContradicted: boolean;
  readonly dueMs: UnixMs | undefined;
  readonly now: UnixMs;
}): WipeState {
  if (isStopped) return 'stopped';
  if (isContradicted) return 'contradicted';
  if (dueMs === undefined) return 'asked';
  return now < dueMs ? 'waiting' : 'due';
}
