// Which plan is followed here: the highest epoch, of whoever may make plans; of plans that wait, and of all in review mode, only those that an
// admin approved. It remembers what else was heard, for the case that an author is put out or a word comes later, and which plans others follow
// that did not come here. It neither makes a plan nor says when one is due.

import type { UnixMs } from '../../datasets/index.ts';
import { classesMax, groupsMaxFor, type PlacementClass, type Plan } from '../../optimizer/index.ts';
import type { PlanApproval, PlanName } from '../codec/index.ts';
import { clockSkewMsMax, epochsAheadMax, outbidEveryMs, unseenPlanMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import { Approvals, isAbout, type PlanPlace, type StatedPlan } from './approvals.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { Membership } from './membership.ts';
import { indexOfPlan } from './plan-index.ts';

/** Asked for at once. */
const recallsMax = 4;

type PlanRank = Pick<Plan, 'epoch' | 'author'>;

/** A class, as the newest plan has it that has it. */
interface KnownClass extends PlanRank {
  readonly one: PlacementClass;
}

const nameOf = ({ log, sequence, hash }: PlanApproval): string => `${log} ${sequence} ${hash}`;

/** Keeps to the laws of plans. */
const isSound = ({ plan }: StatedPlan): boolean => indexOfPlan(plan).problems.length === 0;

const isSamePlace = (a: PlanPlace, b: PlanPlace): boolean =>
  a.author === b.author && a.sequence === b.sequence && a.hash === b.hash;

/** Plans before the one that holds, and authors of whom the newest plan is remembered: each may take megabytes. */
const earlierPlansMax = 8;
const knownPlansMax = 8;

export class FollowedPlans {
  readonly #membership: Membership;
  readonly approvals: Approvals;
  #followed: StatedPlan | undefined;
  /** Earlier plans, newest first: restores look there for packs that have not moved yet. */
  #earlier: readonly StatedPlan[] = [];
  /** The newest plan of each author, newest first, followed or not; without those that wait. */
  #known: readonly StatedPlan[] = [];
  /** Of all plans that were followed anywhere, as far as was heard: packs may have been placed by each. */
  readonly #classes = new Map<string, KnownClass>();
  /** The newest plan of each author that an admin has not approved, newest first. */
  #waiting: readonly StatedPlan[] = [];
  /** Approved plans that were sought in the logs here. */
  readonly #recalls = new Map<string, 'asked' | 'missing'>();
  #isRecalling = false;
  /** The newest plan of each machine that is not known to be an optimizer, or whose plan nobody can have come to yet. */
  readonly #unproven = new Map<PeerId, StatedPlan>();
  /** The highest epoch of plans under which others place shards and that did not come here, and since when. */
  #unseen: { readonly epoch: number; readonly sinceMs: UnixMs } | undefined;
  #outbidMs = Number.NEGATIVE_INFINITY;

  constructor(membership: Membership) {
    this.#membership = membership;
    this.approvals = new Approvals(membership);
  }

  get plan(): Plan | undefined {
    return this.#followed?.plan;
  }

  /**
   * What the next plan begins with: the one that is followed, and what it lacks of the classes of other plans that were made, each as the newest of those
   * has it. Where a fleet was in two parts both placed packs by plans of their own: those of a class that is in no plan nobody would keep in order.
   */
  get basis(): Plan | undefined {
    const { plan } = this;
    if (plan === undefined) return undefined;
    const classes = [...plan.classes];
    for (const { one } of [...this.#classes.values()].toSorted((x, y) => (isNewer(x, y) ? -1 : 1)))
      if (classes.length < classesMax && !classes.some((known) => nameOfClass(known) === nameOfClass(one)))
        classes.push(one);
    return classes.length === plan.classes.length ? plan : { ...plan, classes };
  }

  /** The plan that is followed, and where it stands. */
  get followed(): StatedPlan | undefined {
    return this.#followed;
  }

  get earlier(): readonly Plan[] {
    return this.#earlier.map(({ plan }) => plan);
  }

  /** The newest plan that an admin may approve; one that no later plan could overrule is not offered. */
  get proposal(): StatedPlan | undefined {
    const held = this.plan;
    return this.#waiting.find(
      ({ plan }) =>
        (held === undefined || isNewer(plan, held)) &&
        !isFarAhead({ epoch: plan.epoch, of: held?.epoch ?? 0 }) &&
        this.#mayPlan(plan.author),
    );
  }

  /** An approved plan is known to stand in a log here and not read yet: until then nothing is done for the sake of another one. */
  get isRecalling(): boolean {
    return this.#isRecalling;
  }

  learn(stated: StatedPlan, now: UnixMs): Effects {
    const { plan, at } = stated;
    if (plan.author !== at.author) return [];
    if (!this.#isProven(stated, now)) {
      this.#keepUnproven(stated);
      return [];
    }
    const { problems } = indexOfPlan(plan);
    if (problems.length > 0) {
      return [{ kind: 'report', level: 'warning', text: `a plan was refused: ${problems[0]}` }];
    }
    if (!this.#mayFollow(stated)) {
      this.#waiting = this.#withNewest(this.#waiting, stated);
      return [];
    }
    this.#known = this.#withNewest(this.#known, stated);
    this.#noteClasses(plan);
    if (this.plan === undefined || isNewer(plan, this.plan)) this.#follow(stated);
    return [];
  }

  /**
   * After news of who may make plans and of what admins say, and with time: plans that waited for a certificate, a clock or a word, and those of
   * whoever was put out.
   */
  reconsider(now: UnixMs): Effects {
    const effects = [...this.#learnProven(now), ...this.#learnReleased(now)];
    this.#leaveInvented();
    this.#heedApprovals(now);
    return effects;
  }

  /** Approved plans of which only the place is remembered are read from the log again. */
  recall(): Effects {
    if (!this.#isRecalling) return [];
    const effects: CoreEffect[] = [];
    for (const said of this.approvals.newestFirst()) {
      if (this.#find(said) !== undefined || effects.length >= recallsMax) break;
      if (this.#recalls.has(nameOf(said))) continue;
      this.#recalls.set(nameOf(said), 'asked');
      effects.push({ kind: 'recallBatch', author: said.log, sequence: said.sequence });
    }
    return effects;
  }

  /** What `recallBatch` asked for: plans in it are to be learned after this. */
  noteRecalled({ author, sequence }: Omit<PlanPlace, 'hash'>): void {
    for (const said of this.approvals.newestFirst())
      if (said.log === author && said.sequence === sequence) this.#recalls.set(nameOf(said), 'missing');
  }

  /**
   * A plan that is refused here, with its history or for its author, may be followed by those who know no better: a later one, or another one of the
   * same author and epoch.
   */
  hearOf({ epoch, author, batch }: PlanName, now: UnixMs): void {
    const { plan, at } = this.#followed ?? {};
    const own = plan?.epoch ?? 0;
    const isTwin = epoch === own && author === plan?.author && batch !== undefined && batch !== at?.hash;
    if (epoch < own || (epoch === own && !isTwin) || isFarAhead({ epoch, of: own })) return;
    if (epoch <= (this.#unseen?.epoch ?? 0)) return;
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

  /** The epoch under which an own plan is published: beyond all that others are known to follow, and those that wait. */
  epochFor(plan: Plan): number {
    return Math.max(plan.epoch, (this.#unseen?.epoch ?? 0) + 1, (this.proposal?.plan.epoch ?? 0) + 1);
  }

  /** Those of the newest plans, as many as one may have. */
  #noteClasses({ epoch, author, classes }: Plan): void {
    for (const one of classes) {
      const name = nameOfClass(one);
      const known = this.#classes.get(name);
      if (known === undefined || isNewer({ epoch, author }, known))
        this.#classes.set(name, { epoch, author, one });
    }
    while (this.#classes.size > classesMax) {
      const [oldest] = [...this.#classes].toSorted(([, a], [, b]) => (isNewer(a, b) ? 1 : -1));
      this.#classes.delete(oldest![0]);
    }
  }

  #follow(stated: StatedPlan): void {
    if (this.#followed !== undefined)
      this.#earlier = [this.#followed, ...this.#earlier].slice(0, earlierPlansMax);
    this.#followed = stated;
    this.#noteClasses(stated.plan);
    this.#waiting = this.#waiting.filter((one) => !isSamePlace(one.at, stated.at));
    if (stated.plan.epoch >= (this.#unseen?.epoch ?? 0)) this.#unseen = undefined;
  }

  /** From the first word on a fleet in review mode follows approved plans alone; before it, and always without, what does not say that it waits. */
  get #isReviewed(): boolean {
    return this.#membership.policy?.planMode === 'review' && this.approvals.isAny;
  }

  #isApproved({ plan, at }: StatedPlan): boolean {
    return this.approvals.has(at, plan.epoch);
  }

  #mayFollow(stated: StatedPlan): boolean {
    return (stated.waits === undefined && !this.#isReviewed) || this.#isApproved(stated);
  }

  /**
   * Groups are counted by the machines that are known here: a plan can name as many as it likes. What an admin approved counts whoever made it.
   */
  #isProven(stated: StatedPlan, now: UnixMs): boolean {
    const { epoch, classes, author } = stated.plan;
    const groupsMax = groupsMaxFor(this.#membership.machines.length);
    if (classes.some(({ groups }) => groups.length > groupsMax)) return false;
    return epoch <= epochMaxAt(now) && (this.#mayPlan(author) || this.#isApproved(stated));
  }

  /** The author's certificate is in the log of an admin, which may come later than the author's own; and a clock may be behind. */
  #keepUnproven(stated: StatedPlan): void {
    const { author } = stated.at;
    const known = this.#unproven.get(author);
    if (known === undefined || isNewer(stated.plan, known.plan)) this.#unproven.set(author, stated);
  }

  /** A word came, or the fleet is not in review mode any more. */
  #learnReleased(now: UnixMs): Effects {
    const released = this.#waiting.filter((stated) => this.#mayFollow(stated));
    if (released.length === 0) return [];
    this.#waiting = this.#waiting.filter((stated) => !released.includes(stated));
    return released.flatMap((stated) => this.learn(stated, now));
  }

  /** In review mode the newest approved plan is followed, whatever was before; else where it is newer. */
  #heedApprovals(now: UnixMs): void {
    this.#isRecalling = false;
    for (const said of this.approvals.newestFirst()) {
      const { plan: held, at } = this.#followed ?? {};
      const isLater =
        held === undefined ||
        said.epoch > held.epoch ||
        (said.epoch === held.epoch && said.log > held.author);
      if ((at !== undefined && isAbout(said, at)) || (!isLater && !this.#isReviewed)) return;
      const stated = this.#find(said);
      if (stated !== undefined && this.#isProven(stated, now) && isSound(stated)) return this.#turnTo(stated);
      if (stated !== undefined || this.#recalls.get(nameOf(said)) === 'missing') continue;
      this.#isRecalling = true;
      return;
    }
  }

  /** What is left may be approved later. */
  #turnTo(stated: StatedPlan): void {
    const left = this.#followed;
    this.#follow(stated);
    if (left !== undefined && !this.#mayFollow(left)) this.#waiting = this.#withNewest(this.#waiting, left);
  }

  #find(said: PlanApproval): StatedPlan | undefined {
    const kept = [
      this.#followed,
      ...this.#known,
      ...this.#waiting,
      ...this.#earlier,
      ...this.#unproven.values(),
    ];
    return kept.find((one) => one?.plan.epoch === said.epoch && isAbout(said, one.at));
  }

  #learnProven(now: UnixMs): Effects {
    if (this.#unproven.size === 0) return [];
    const waiting = [...this.#unproven];
    // Whoever heard it before it heard that its author is out follows it.
    for (const [author, stated] of waiting)
      if (this.#membership.isRevoked(author) && this.#mayFollow(stated)) this.hearOf(stated.plan, now);
    const proven = waiting.filter(([, stated]) => this.#isProven(stated, now));
    for (const [author] of proven) this.#unproven.delete(author);
    return proven.flatMap(([, stated]) => this.learn(stated, now));
  }

  #mayPlan(author: PeerId): boolean {
    return this.#membership.hasRole(author, 'optimizer');
  }

  /** The newest of each author who may make plans. */
  #withNewest(plans: readonly StatedPlan[], stated: StatedPlan): readonly StatedPlan[] {
    const own = plans.find(({ at }) => at.author === stated.at.author);
    if (own !== undefined && !isNewer(stated.plan, own.plan)) return plans;
    const others = plans.filter((one) => one !== own && this.#mayPlan(one.at.author));
    return [stated, ...others].toSorted((a, b) => (isNewer(a.plan, b.plan) ? -1 : 1)).slice(0, knownPlansMax);
  }

  /**
   * The plan of whoever was put out holds until there is a later one, so that nothing moves back and forth. Only one so far ahead that no later
   * one is near was made to stay: it gives way to the newest plan of anybody who may make one, here as with all who never followed it.
   */
  #leaveInvented(): void {
    const left = this.#followed;
    if (left === undefined || this.#mayPlan(left.at.author) || this.#isApproved(left)) return;
    const newest = this.#known.find(({ at }) => this.#mayPlan(at.author));
    if (newest === undefined || !isFarAhead({ epoch: left.plan.epoch, of: newest.plan.epoch })) return;
    // Where an admin takes its word back, it is followed again.
    this.#keepUnproven(left);
    this.#follow(newest);
  }
}

const nameOfClass = ({ name, redundancy: { k, n } }: PlacementClass): string => `${name} ${k} ${n}`;

/** Beyond what a later plan overrules. */
export const isFarAhead = ({ epoch, of }: { readonly epoch: number; readonly of: number }): boolean =>
  epoch > of + epochsAheadMax;

/**
 * Nobody makes a plan a second, so that honest epochs never come near the seconds since 1970. A thief who invents the highest number there is would
 * else end all plans for good, put out or not: beyond this one there is room again a second later.
 */
const epochMaxAt = (now: UnixMs): number => Math.floor((now + clockSkewMsMax) / 1000);

/** The highest epoch wins, then the higher author. */
const isNewer = (a: PlanRank, b: PlanRank): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.author > b.author);
