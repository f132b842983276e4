// How long a machine that came waits for its plan, at most.

import test from 'ava';
import { machineKeyFromSeed, type SignedBatch } from '../../../agent/codec/index.ts';
import { Election } from '../../../agent/core/election.ts';
import {
  holderSilenceMsMax,
  leaseMs,
  planRetryMs,
  planSettleMs,
  planSettleMsMax,
} from '../../../agent/limits.ts';
import { days, hours, minutes, seconds, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificatesOf, machines, membershipOf, planOf, startMs } from './fleet-of-four.ts';

type Key = (typeof machines)[number];
const [self, second, third, fourth] = machines;

/** An optimizer that follows a plan of its first three machines, and these others, all connected. */
class Leader {
  #membership = membershipOf(self);
  #election = new Election(this.#membership);
  #now: UnixMs = startMs;
  #written = 0;

  constructor(keys: readonly Key[] = machines) {
    this.admit(keys);
    this.tell(batchOf(self, [{ kind: 'plan', plan: planOf(self, 1) }]));
  }

  tell(batch: SignedBatch): void {
    const event = { kind: 'batchStored', batch, now: this.#now } as const;
    this.#membership.handle(event);
    this.#election.handle(event);
  }

  admit(keys: readonly Key[]): void {
    const records = certificatesOf(keys);
    this.tell(batchOf(second, records, this.#written++));
    for (const { peer } of keys)
      if (peer !== self.peer) this.#membership.handle({ kind: 'connected', peer, now: this.#now });
  }

  /** A connection ends and is there again at once. */
  blink({ peer }: Key): void {
    this.#membership.handle({ kind: 'disconnected', peer, now: this.#now });
    this.#membership.handle({ kind: 'connected', peer, now: this.#now });
  }

  leave({ peer }: Key): void {
    this.#membership.handle({ kind: 'disconnected', peer, now: this.#now });
  }

  /** Why whole plans are asked for in this time, with a look each second, in days each minute; each is answered at once. */
  live(ms: number, answer: 'the same plan' | 'it failed' = 'the same plan'): readonly string[] {
    const reasons: string[] = [];
    const stepMs = ms > days(1) ? minutes(1) : seconds(1);
    for (const endMs = this.#now + ms; this.#now < endMs; this.#now = unixMs(this.#now + stepMs)) {
      const now = this.#now;
      for (const effect of this.#election.handle({ kind: 'tick', now })) {
        if (effect.kind !== 'computePlan') continue;
        const isWhole = effect.scope === undefined;
        if (isWhole) reasons.push(effect.reason);
        if (isWhole && answer === 'it failed') this.#election.handle({ kind: 'planFailed', now });
        else this.#election.handle({ kind: 'planComputed', plan: undefined, now });
      }
    }
    return reasons;
  }
}

const news = ['machines came or went'];

test('a machine that joins is planned for within seconds, once', (t) => {
  const leader = new Leader([self, second, third]);
  t.deepEqual(leader.live(minutes(5)), [], 'three are too few');
  leader.admit([fourth]);
  t.deepEqual(leader.live(planSettleMs + seconds(2)), news);
  t.deepEqual(leader.live(hours(5)), []);
});

test('a machine that was silent for too long is planned without, also where no forecast says who will be back', (t) => {
  const fifth = machineKeyFromSeed(new Uint8Array(32).fill(52));
  const leader = new Leader([...machines, fifth]);
  t.deepEqual(leader.live(minutes(10)), news);
  leader.leave(fifth);
  t.deepEqual(leader.live(holderSilenceMsMax - hours(1)), [], 'it may only be away');
  t.deepEqual(leader.live(hours(2)), news);
});

test('connections that come and go all the time hold a plan up for ten minutes, not for ever', (t) => {
  const leader = new Leader();
  let waitedMs = 0;
  for (; waitedMs < hours(2); waitedMs += seconds(2)) {
    leader.blink(third);
    if (leader.live(seconds(2)).length > 0) break;
  }
  t.true(waitedMs > planSettleMs, 'it waits for a quiet moment');
  t.true(waitedMs <= planSettleMsMax + seconds(4), `${waitedMs} ms`);
});

test('a plan that could not be computed is tried again an hour later, and not at once', (t) => {
  const leader = new Leader();
  t.deepEqual(leader.live(planRetryMs, 'it failed'), news);
  t.deepEqual(leader.live(minutes(2)), news);
  t.deepEqual(leader.live(planRetryMs + minutes(2)), []);
});

test('a plan of a week ago that is still the best is looked at once a week, not all the time', (t) => {
  const leader = new Leader();
  t.deepEqual(leader.live(minutes(10)), news);
  t.deepEqual(leader.live(days(15)), ['the plan is a week old', 'the plan is a week old']);
});

test('a plan that is dated a year ahead counts as old, and is looked at once a week like any other', (t) => {
  const leader = new Leader();
  const plan = { ...planOf(second, 2), computedMs: unixMs(startMs + days(400)) };
  leader.tell(batchOf(second, [{ kind: 'plan', plan }], 1));
  t.deepEqual(leader.live(minutes(10)), ['the plan is a week old']);
  t.deepEqual(leader.live(days(15)), ['the plan is a week old', 'the plan is a week old']);
});

test('who joins while the optimizer is switched off waits for the end of its lease, no longer', (t) => {
  const leader = new Leader();
  const lease = { kind: 'lease', fromMs: startMs, untilMs: unixMs(startMs + leaseMs) } as const;
  leader.tell(batchOf(fourth, [lease]));
  t.deepEqual(leader.live(leaseMs), []);
  t.deepEqual(leader.live(minutes(1)), news);
});
