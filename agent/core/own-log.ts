// When this agent may write into its own log of facts. A machine that was put back to an older image of its disk would write other
// words under numbers that it has used already; so nobody writes before others had the time to give back what is missing here.

import type { UnixMs } from '../../datasets/index.ts';
import type { AgentRecord, SignedBatch } from '../codec/index.ts';
import { ownLogAsksMax, ownLogPairMs, ownLogSettleMs, ownLogWitnessesMin } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';

/** Records that wait; a machine alone makes few, and only its newest lease is of any use. */
const waitingMax = 64;

export class OwnLog {
  readonly hears = ['started', 'connected', 'batchStored', 'recordsReady', 'tick'] as const;
  readonly #membership: Membership;
  #next = 0;
  #isSure = false;
  /** When the last witness was asked, or the last batch came back from anybody. */
  #quietSinceMs: UnixMs | undefined;
  /** When the first other machine was there. */
  #metMs: UnixMs | undefined;
  readonly #asked = new Set<PeerId>();
  #isReading = true;
  readonly #waiting: AgentRecord[] = [];

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Whether what is written now follows all that this machine ever wrote, as far as anybody knows. */
  get isSure(): boolean {
    return this.#isSure;
  }

  handle(event: EventOf<OwnLog['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#isSure = event.isFirstLife === true;
        return [];
      case 'connected':
        return this.#askFor(event.peer, event.now);
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
    if (this.#isSure && this.#waiting.length === 0) return effects;
    const others: CoreEffect[] = [];
    for (const effect of effects) {
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
    if (this.#asked.size >= ownLogAsksMax && !this.#asked.has(peer)) return [];
    // Who is to bear witness has the time to answer, whoever was there before.
    if (this.#asked.size < ownLogWitnessesMin && !this.#asked.has(peer)) this.#quietSinceMs = now;
    this.#asked.add(peer);
    const want = [{ author: this.#membership.self, stream: 'facts', sequence: this.#next } as const];
    return [{ kind: 'send', to: peer, message: { kind: 'logPull', want } }];
  }

  #stored({ author, stream, sequence }: SignedBatch, now: UnixMs): void {
    if (author !== this.#membership.self || stream !== 'facts') return;
    this.#next = Math.max(this.#next, sequence + 1);
    if (this.#quietSinceMs !== undefined) this.#quietSinceMs = now;
  }

  /** The only machine of a fleet has nobody to wait for; the only other one may have been away for as long as this one. */
  #look(now: UnixMs): void {
    if (this.#isSure || this.#isReading) return;
    const otherCount = this.#membership.machines.filter((peer) => peer !== this.#membership.self).length;
    const isQuiet = this.#quietSinceMs !== undefined && now - this.#quietSinceMs >= ownLogSettleMs;
    const isWitnessed = this.#asked.size >= Math.min(ownLogWitnessesMin, otherCount);
    const isLong = this.#metMs !== undefined && now - this.#metMs >= ownLogPairMs;
    this.#isSure = otherCount === 0 || (isQuiet && (isWitnessed || isLong));
  }
}
