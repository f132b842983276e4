// Which plan is followed here: the highest epoch, of whoever may make plans. It remembers what else was heard, for the case that an author
// is put out, and which plans others follow that did not come here. It neither makes a plan nor says when one is due.

import type { UnixMs } from '../../datasets/index.ts';
import { groupsMaxFor, type Plan } from '../../optimizer/index.ts';
import { clockSkewMsMax, epochsAheadMax, outbidEveryMs, unseenPlanMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { Membership } from './membership.ts';
import { indexOfPlan } from './plan-index.ts';

/** Plans before the one that holds, and authors of whom the newest plan is remembered: each may take megabytes. */
const earlierPlansMax = 8;
const knownPlansMax = 8;

export class FollowedPlans {
  readonly #membership: Membership;
  #plan: Plan | undefined;
  /** Earlier plans, newest first: restores look there for packs that have not moved yet. */
  #earlier: readonly Plan[] = [];
  /** The newest plan of each author, newest first, followed or not. */
  #known: readonly Plan[] = [];
  /** The newest plan of each machine that is not known to be an optimizer, or whose plan nobody can have come to yet. */
  readonly #unproven = new Map<PeerId, Plan>();
  /** The highest epoch of plans under which others place shards and that did not come here, and since when. */
  #unseen: { readonly epoch: number; readonly sinceMs: UnixMs } | undefined;
  #outbidMs = Number.NEGATIVE_INFINITY;

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  get plan(): Plan | undefined {
    return this.#plan;
  }

  get earlier(): readonly Plan[] {
    return this.#earlier;
  }

  learn(author: PeerId, plan: Plan, now: UnixMs): Effects {
    if (plan.author !== author) return [];
    if (!this.#isProven(author, plan, now)) {
      this.#keepUnproven(author, plan);
      return [];
    }
    const { problems } = indexOfPlan(plan);
    if (problems.length > 0) {
      return [{ kind: 'report', level: 'warning', text: `a plan was refused: ${problems[0]}` }];
    }
    this.#keepKnown(plan);
    if (this.#plan !== undefined && !isNewer(plan, this.#plan)) return [];
    this.#follow(plan);
    return [];
  }

  /** After news of who may make plans, and with time: plans that waited for a certificate or a clock, and those of whoever was put out. */
  reconsider(now: UnixMs): Effects {
    const effects = this.#learnProven(now);
    this.#leaveInvented();
    return effects;
  }

  /** A plan that is refused here, with its history or for its author, may be followed by those who know no better. */
  hearOf(epoch = 0, now: UnixMs): void {
    const own = this.#plan?.epoch ?? 0;
    if (epoch <= own || isFarAhead({ epoch, of: own }) || epoch <= (this.#unseen?.epoch ?? 0)) return;
    this.#unseen = { epoch, sinceMs: this.#unseen?.sinceMs ?? now };
  }

  /** Its log should have come by now: only a later plan brings all together again. Liars may not ask for one after another. */
  isOutbidDue(now: UnixMs): boolean {
    const { sinceMs } = this.#unseen ?? {};
    return sinceMs !== undefined && now - sinceMs >= unseenPlanMs && now - this.#outbidMs >= outbidEveryMs;
  }

  noteComputed(now: UnixMs): void {
    if (this.isOutbidDue(now)) this.#outbidMs = now;
  }

  /** The epoch under which an own plan is published: beyond all that others are known to follow. */
  epochFor(plan: Plan): number {
    return Math.max(plan.epoch, (this.#unseen?.epoch ?? 0) + 1);
  }

  #follow(plan: Plan): void {
    if (this.#plan !== undefined) this.#earlier = [this.#plan, ...this.#earlier].slice(0, earlierPlansMax);
    this.#plan = plan;
    if (plan.epoch >= (this.#unseen?.epoch ?? 0)) this.#unseen = undefined;
  }

  /** Groups are counted by the machines that are known here: a plan can name as many as it likes. */
  #isProven(author: PeerId, { epoch, classes }: Plan, now: UnixMs): boolean {
    const groupsMax = groupsMaxFor(this.#membership.machines.length);
    if (classes.some(({ groups }) => groups.length > groupsMax)) return false;
    return epoch <= epochMaxAt(now) && this.#membership.hasRole(author, 'optimizer');
  }

  /** The author's certificate is in the log of an admin, which may come later than the author's own; and a clock may be behind. */
  #keepUnproven(author: PeerId, plan: Plan): void {
    const known = this.#unproven.get(author);
    if (known === undefined || isNewer(plan, known)) this.#unproven.set(author, plan);
  }

  #learnProven(now: UnixMs): Effects {
    if (this.#unproven.size === 0) return [];
    const waiting = [...this.#unproven];
    // Whoever heard it before it heard that its author is out follows it.
    for (const [author, { epoch }] of waiting)
      if (this.#membership.isRevoked(author)) this.hearOf(epoch, now);
    const proven = waiting.filter(([author, plan]) => this.#isProven(author, plan, now));
    for (const [author] of proven) this.#unproven.delete(author);
    return proven.flatMap(([author, plan]) => this.learn(author, plan, now));
  }

  #mayPlan(author: PeerId): boolean {
    return this.#membership.hasRole(author, 'optimizer');
  }

  #keepKnown(plan: Plan): void {
    const own = this.#known.find(({ author }) => author === plan.author);
    if (own !== undefined && !isNewer(plan, own)) return;
    const others = this.#known.filter((one) => one !== own && this.#mayPlan(one.author));
    this.#known = [plan, ...others].toSorted((a, b) => (isNewer(a, b) ? -1 : 1)).slice(0, knownPlansMax);
  }

  /**
   * The plan of whoever was put out holds until there is a later one, so that nothing moves back and forth. Only one so far ahead that no later
   * one is near was made to stay: it gives way to the newest plan of anybody who may make one, here as with all who never followed it.
   */
  #leaveInvented(): void {
    const left = this.#plan;
    if (left === undefined || this.#mayPlan(left.author)) return;
    const newest = this.#known.find(({ author }) => this.#mayPlan(author));
    if (newest === undefined || !isFarAhead({ epoch: left.epoch, of: newest.epoch })) return;
    // Where an admin takes its word back, it is followed again.
    this.#keepUnproven(left.author, left);
    this.#follow(newest);
  }
}

/** Beyond what a later plan overrules. */
export const isFarAhead = ({ epoch, of }: { readonly epoch: number; readonly of: number }): boolean =>
  epoch > of + epochsAheadMax;

/**
 * Nobody makes a plan a second, so that honest epochs never come near the seconds since 1970. A thief who invents the highest number there is would
 * else end all plans for good, put out or not: beyond this one there is room again a second later.
 */
const epochMaxAt = (now: UnixMs): number => Math.floor((now + clockSkewMsMax) / 1000);

/** The highest epoch wins, then the higher author. */
const isNewer = (a: Plan, b: Plan): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.author > b.author);
