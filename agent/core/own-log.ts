// When this agent may write into its own log of facts. A machine that was put back to an older image of its disk would write other
// words under numbers that it has used already; so nobody writes before others have said how much of it they have, and given back what
// is missing here. And which words: where the log has little room left it takes no more plans.

import type { UnixMs } from '../../datasets/index.ts';
import type { AgentRecord, SignedBatch, WireMessage } from '../codec/index.ts';
import {
  ownLogAsksMax,
  ownLogClaimMs,
  ownLogPairMs,
  ownLogSettleMs,
  ownLogWitnessesMin,
  ownPlansBytesMax,
} from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import { isAmong } from './heads.ts';
import type { Membership } from './membership.ts';

/** Records that wait; a machine alone makes few, and only its newest lease is of any use. */
const waitingMax = 64;

export class OwnLog {
  readonly hears = ['started', 'connected', 'message', 'batchStored', 'recordsReady', 'tick'] as const;
  readonly #membership: Membership;
  #next = 0;
  #bytes = 0;
  #isSure = false;
  /** When the last of the witnesses answered, or the last batch came back from anybody. */
  #quietSinceMs: UnixMs | undefined;
  /** When the first other machine was there. */
  #metMs: UnixMs | undefined;
  readonly #asked = new Set<PeerId>();
  /** How long the log is by what each says who was asked. */
  readonly #answers = new Map<PeerId, number>();
  #isReading = true;
  readonly #waiting: AgentRecord[] = [];

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Whether what is written now follows all that this machine ever wrote, as far as anybody knows. */
  get isSure(): boolean {
    return this.#isSure;
  }

  /** Whether there is room for plans too: what is left then is for heads, for what is given up and for other small words. */
  get takesPlans(): boolean {
    return this.#bytes <= ownPlansBytesMax;
  }

  handle(event: EventOf<OwnLog['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#isSure = event.isFirstLife === true;
        return [];
      case 'connected':
        return this.#askFor(event.peer, event.now);
      case 'message':
        this.#answered(event);
        return [];
      case 'batchStored':
        this.#stored(event.batch, event.now);
        return [];
      case 'recordsReady':
        return [{ kind: 'appendRecords', stream: 'facts', records: event.records }];
      case 'tick':
        this.#isReading = false;
        this.#look(event.now);
        return [];
    }
  }

  /** Orders as they came, but records for the own log only when it is sure; those that waited come first. */
  hold(effects: readonly CoreEffect[], now: UnixMs): Effects {
    this.#look(now);
    const fitting = this.takesPlans ? effects : effects.map((one) => (isPlan(one) ? planNotWritten : one));
    if (this.#isSure && this.#waiting.length === 0) return fitting;
    const others: CoreEffect[] = [];
    for (const effect of fitting) {
      if (effect.kind === 'appendRecords' && effect.stream === 'facts') this.#wait(effect.records);
      else others.push(effect);
    }
    if (!this.#isSure || this.#waiting.length === 0) return others;
    return [{ kind: 'appendRecords', stream: 'facts', records: this.#waiting.splice(0) }, ...others];
  }

  #wait(records: readonly AgentRecord[]): void {
    for (const record of records) {
      const older = this.#waiting.findIndex(({ kind }) => kind === record.kind && kind === 'lease');
      if (older >= 0) this.#waiting.splice(older, 1);
      this.#waiting.push(record);
    }
    if (this.#waiting.length > waitingMax) this.#waiting.shift();
  }

  #askFor(peer: PeerId, now: UnixMs): Effects {
    if (this.#isSure) return [];
    this.#metMs ??= now;
    this.#quietSinceMs ??= now;
    if (this.#asked.size >= ownLogAsksMax && !this.#asked.has(peer)) return [];
    this.#asked.add(peer);
    const want = [{ author: this.#membership.self, stream: 'facts', sequence: this.#next } as const];
    return [{ kind: 'send', to: peer, message: { kind: 'logPull', want } }];
  }

  /** Asked for it, or comparing logs, a machine says how much it has; whoever names none of it has nothing. */
  #answered({ from, message, now }: Extract<CoreEvent, { kind: 'message' }>): void {
    if (this.#isSure || !this.#asked.has(from)) return;
    const next = lengthIn(message, this.#membership.self);
    if (next === undefined) return;
    if (this.#answers.size < ownLogWitnessesMin && !this.#answers.has(from)) this.#quietSinceMs = now;
    this.#answers.set(from, next);
  }

  #stored({ author, stream, sequence, bytes }: SignedBatch, now: UnixMs): void {
    if (author !== this.#membership.self || stream !== 'facts') return;
    if (sequence >= this.#next) this.#bytes += bytes.length;
    this.#next = Math.max(this.#next, sequence + 1);
    if (this.#quietSinceMs !== undefined) this.#quietSinceMs = now;
  }

  /** The only machine of a fleet has nobody to wait for; the only other one may have been away for as long as this one. */
  #look(now: UnixMs): void {
    if (this.#isSure || this.#isReading) return;
    const otherCount = this.#membership.machines.filter((peer) => peer !== this.#membership.self).length;
    // Who lies may say that there is more than ever was: it is not waited for without an end.
    const isWhole = [...this.#answers.values()].every((next) => next <= this.#next);
    const settleMs = isWhole ? ownLogSettleMs : ownLogClaimMs;
    const isQuiet = this.#quietSinceMs !== undefined && now - this.#quietSinceMs >= settleMs;
    const isWitnessed = this.#answers.size >= Math.min(ownLogWitnessesMin, otherCount);
    const isLong = this.#metMs !== undefined && now - this.#metMs >= ownLogPairMs;
    this.#isSure = otherCount === 0 || (isQuiet && (isWitnessed || isLong));
  }
}

const isPlan = (effect: CoreEffect): boolean =>
  effect.kind === 'appendRecords' && effect.records.some(({ kind }) => kind === 'plan');

const planNotWritten: CoreEffect = {
  kind: 'report',
  level: 'problem',
  text: "a new plan was not written: this machine's log has no room for more of them. The last one holds; join this machine again with a new folder, so that it can plan",
};

/** How long a machine's log of facts is by a message; undefined where it does not say. */
function lengthIn(message: WireMessage, author: PeerId): number | undefined {
  if (message.kind === 'logStored') return message.stream === 'facts' ? message.next : undefined;
  if (message.kind !== 'heads' || !isAmong(message.authors, author)) return undefined;
  return message.next.find((head) => head.author === author && head.stream === 'facts')?.sequence ?? 0;
}
