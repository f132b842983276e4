// Who runs the optimizer, which plan holds, and when a new one is due. A lease is a record; losing it costs nothing but
// a second computation. It never computes a plan itself.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import { type Plan, plannedMachines } from '../../optimizer/index.ts';
import type { LeaseRecord, PlanRecord, SignedBatch } from '../codec/index.ts';
import { clockSkewMsMax, copiesEveryMs, copiesSettleMs, leaseMs, planAgeMsMax } from '../limits.ts';
import { leaseTurnsMs } from '../mesh-limits.ts';
import type { PeerId } from '../units.ts';
import type { StatedPlan } from './approvals.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import { FollowedPlans } from './followed-plans.ts';
import { type Lease, Leases } from './leases.ts';
import type { Membership } from './membership.ts';
import { candidatesBefore, Neglect, neglectActsMs } from './neglect.ts';
import { PlanTiming } from './plan-timing.ts';
import { RepairWatch } from './repair-watch.ts';
import { SpokenPlans } from './spoken-plans.ts';

/** Fewer machines cannot hold three copies besides the owner's. */
export const plannedMachinesMin = 4;

export class Election {
  readonly hears = [
    'started',
    'batchStored',
    'batchRecalled',
    'message',
    'disconnected',
    'planWanted',
    'planComputed',
    'planFailed',
    'presenceForecast',
    'tick',
  ] as const;
  readonly hearsRecords = ['lease', 'plan', 'statement'] as const;
  readonly #membership: Membership;
  readonly #watch: RepairWatch;
  readonly #leases: Leases;
  readonly #neglect: Neglect;
  /** Until when it plans in the place of a machine that has the lease and does not. */
  #actsUntilMs = Number.NEGATIVE_INFINITY;
  /** Whose lease holds, as it was found in this event: each tick asks several times. */
  #found: { readonly now: UnixMs; readonly lease: Lease | undefined } | undefined;
  readonly #plans: FollowedPlans;
  readonly #spoken: SpokenPlans;
  readonly #timing = new PlanTiming();
  /** Machines that the last plan of this agent considered; undefined until it computed one. */
  #considered: string | undefined;
  /** Since when nobody has the lease. */
  #freeSinceMs: UnixMs | undefined;
  /** What is being computed: a whole plan, or a part of the one that holds. */
  #computing: 'whole' | 'part' | undefined;
  /** When this agent last looked whether the whole plan could be better; its outcome may have been the plan as it is. */
  #weighedMs = Number.NEGATIVE_INFINITY;
  /** The plan for which this agent made another one last: that has what it lacked, or cannot have it. */
  #completed: Plan | undefined;
  #isAsked = false;
  /** The own disk is being read: what it says is old. */
  #isReading = false;
  /** When copies of popular packs are to be weighed next; undefined while another agent is the optimizer. */
  #copiesDueMs: UnixMs | undefined;
  readonly #isOwnLogForked: () => boolean;

  /** `isOwnLogForked`: whether others refuse what this agent writes, as its disk was put back. */
  constructor(membership: Membership, isOwnLogForked = (): boolean => false) {
    this.#membership = membership;
    this.#isOwnLogForked = isOwnLogForked;
    this.#plans = new FollowedPlans(membership);
    this.#spoken = new SpokenPlans(membership);
    this.#leases = new Leases(membership, () => this.plan?.author);
    this.#neglect = new Neglect(membership);
    this.#watch = new RepairWatch(membership);
  }

  handle(event: EventOf<Election['hears'][number]>): Effects {
    this.#found = undefined;
    switch (event.kind) {
      case 'started':
        this.#isReading = true;
        return [];
      case 'batchStored':
        return this.#learn(event.batch, event.now);
      case 'batchRecalled':
        return this.#learnRecalled(event);
      case 'message':
        this.#hearMessage(event);
        return [];
      case 'disconnected':
        this.#spoken.forget(event.peer);
        return [];
      case 'planWanted':
        this.#isAsked = true;
        return this.#planIfDue(event.now);
      case 'planComputed':
        return this.#computed(event);
      case 'planFailed':
        return this.#failed(event.now);
      case 'presenceForecast':
        this.#watch.learn(event.presence, event.now);
        this.#neglect.learn(event.presence, event.now);
        return [];
      case 'tick':
        this.#isReading = false;
        return [
          ...this.#reconsider(event.now),
          ...this.#plans.recall(),
          ...this.#watchHolder(event.now),
          ...this.#lead(event.now),
          ...this.#planIfDue(event.now),
        ];
    }
  }

  get plan(): Plan | undefined {
    return this.#plans.plan;
  }

  /** What the next plan begins with: that one, and the classes of packs that others were placed by. */
  get basis(): Plan | undefined {
    return this.#plans.basis;
  }

  get earlierPlans(): readonly Plan[] {
    return this.#plans.earlier;
  }

  /** The plan that is followed and where it stands, for an admin who wants it to stay. */
  get followed(): StatedPlan | undefined {
    return this.#plans.followed;
  }

  /** The newest plan that waits for an admin, whoever made it. */
  get proposal(): StatedPlan | undefined {
    return this.#plans.proposal;
  }

  /** Who follows a later plan, which has not come here, by their own word; nobody where too few say so to be believed. */
  get laterFollowers(): readonly PeerId[] {
    return this.#spoken.followersAfter(this.plan?.epoch ?? 0);
  }

  /** The plan that holds is being read from the log here: nothing is done for the sake of another one. */
  get isRecalling(): boolean {
    return this.#plans.isRecalling;
  }

  /** The epoch under which an own plan is published now. */
  epochFor(plan: Plan): number {
    return this.#plans.epochFor(plan);
  }

  /** Whose lease holds now; the own one, or none, where this agent plans in the place of whoever has it. */
  leaseAt(now: UnixMs): Lease | undefined {
    if (this.#found?.now !== now) this.#found = { now, lease: this.#findLease(now) };
    return this.#found.lease;
  }

  #findLease(now: UnixMs): Lease | undefined {
    return now < this.#actsUntilMs ? this.#leases.of(this.#membership.self, now) : this.#leases.at(now);
  }

  #hearMessage({ from, message, now }: EventOf<'message'>): void {
    if (message.kind !== 'inventory') return;
    this.#spoken.hear(from, message.under?.epoch);
    if (message.under !== undefined) this.#plans.hearOf(message.under, now);
  }

  #learn(batch: SignedBatch, now: UnixMs): Effects {
    const effects: CoreEffect[] = [];
    for (const record of batch.records) {
      if (record.kind === 'lease') this.#learnLease(batch.author, record, now);
      if (record.kind === 'plan') effects.push(...this.#learnPlan(batch, record, now));
    }
    this.#plans.approvals.learn(batch);
    effects.push(...this.#reconsider(now));
    return effects;
  }

  #learnLease(author: PeerId, record: LeaseRecord, now: UnixMs): void {
    this.#found = undefined;
    this.#leases.learn({ author, record, heard: this.#isReading ? 'before' : 'now', now });
  }

  #learnPlan({ author, sequence, hash }: SignedBatch, { plan, waits }: PlanRecord, now: UnixMs): Effects {
    return this.#follow(() => this.#plans.learn({ plan, waits, at: { author, sequence, hash } }, now));
  }

  #learnRecalled(event: EventOf<'batchRecalled'>): Effects {
    this.#plans.noteRecalled(event);
    const { batch, now } = event;
    const effects = (batch?.records ?? []).flatMap((record) =>
      record.kind === 'plan' ? this.#learnPlan(batch!, record, now) : [],
    );
    return [...effects, ...this.#reconsider(now)];
  }

  #reconsider(now: UnixMs): Effects {
    return this.#follow(() => this.#plans.reconsider(now));
  }

  #follow(change: () => Effects): Effects {
    const before = this.plan;
    const effects = change();
    // What this agent weighed says nothing of a plan that another one made meanwhile, perhaps for other machines.
    if (this.plan !== before && this.plan?.author !== this.#membership.self) this.#considered = undefined;
    if (this.plan !== before) this.#act(Number.NEGATIVE_INFINITY);
    return effects;
  }

  /** In review mode an admin sees that no plan comes. */
  #watchHolder(now: UnixMs): Effects {
    const lease = this.leaseAt(now);
    const { self, policy } = this.#membership;
    if (lease === undefined || lease.peer === self || policy?.planMode === 'review' || !this.#mayLead()) {
      this.#neglect.end();
      return [];
    }
    const held = { holder: lease.peer, plan: this.plan };
    if (!this.#neglect.isLookDue(held, now)) return [];
    const machines = this.#membership.eligibleHolders(now, this.#watch.givenUp);
    if (machines.length < plannedMachinesMin) return [];
    const planAgeMs = this.plan === undefined ? 0 : this.#planAgeMs(this.plan, now);
    const hasLooked = this.#considered === machines.join(' ');
    const wanted = this.#neglect.look({ ...held, planAgeMs, hasLooked }, now);
    if (this.#neglect.isOver(now)) {
      this.#act(now + neglectActsMs);
      this.#neglect.begin(now);
    }
    return wanted;
  }

  #act(untilMs: number): void {
    this.#actsUntilMs = untilMs;
    this.#found = undefined;
    this.#neglect.end();
  }

  #mayLead(): boolean {
    return this.#membership.hasRole(this.#membership.self, 'optimizer') && !this.#isOwnLogForked();
  }

  /** Takes the lease when nobody has it and no better candidate takes it; renews it at half its life. */
  #lead(now: UnixMs): Effects {
    if (!this.#mayLead()) return [];
    const { self } = this.#membership;
    const lease = this.leaseAt(now);
    const isMine = lease?.peer === self && lease.untilMs - now < leaseMs / 2;
    if (lease !== undefined) this.#freeSinceMs = undefined;
    const isFree = lease === undefined && (now < this.#actsUntilMs || this.#isMyTurn(now));
    if (!isMine && !isFree) return [];
    const record: LeaseRecord = { kind: 'lease', fromMs: now, untilMs: unixMs(now + leaseMs) };
    this.#learnLease(self, record, now);
    return [{ kind: 'appendRecords', stream: 'facts', records: [record] }];
  }

  /**
   * In order of id; who is there and does not take it holds the others up for some hours. Where not everybody is connected, hundreds would take a
   * free lease at once: they do so one after another.
   */
  #isMyTurn(now: UnixMs): boolean {
    this.#freeSinceMs ??= now;
    const waitedMs = now - this.#freeSinceMs;
    const beforeCount = candidatesBefore(this.#membership, this.#membership.up);
    if (beforeCount > 0 && waitedMs < leaseMs * 2 ** beforeCount) return false;
    if (!this.#membership.isSparse) return true;
    return waitedMs >= leaseTurnsMs || waitedMs >= leaseTurnsMs * this.#membership.shareBelow(now);
  }

  #planIfDue(now: UnixMs): Effects {
    const isLeader = this.leaseAt(now)?.peer === this.#membership.self;
    if (!isLeader) this.#copiesDueMs = undefined;
    if (!isLeader || this.plan === undefined) return this.#computeIfDue(now);
    const wanted = this.#watch.asks(now)
      ? [{ kind: 'forecastPresence', machines: this.#membership.holders(now) } as const]
      : [];
    return [
      ...wanted,
      ...this.#repairIfDue(this.plan, now),
      ...this.#computeIfDue(now),
      ...this.#copiesIfDue(now),
    ];
  }

  /** What people restore changes from day to day: copies near them need not wait for the next whole plan. */
  #copiesIfDue(now: UnixMs): Effects {
    this.#copiesDueMs ??= unixMs(now + copiesSettleMs);
    const isBusy = this.#computing !== undefined || this.#timing.isHasty(now);
    if (now < this.#copiesDueMs || isBusy || this.#watch.isBurst) return [];
    this.#computing = 'part';
    this.#copiesDueMs = unixMs(now + copiesEveryMs);
    const machines = this.#membership.eligibleHolders(now, this.#watch.givenUp);
    return [{ kind: 'computePlan', machines, reason: 'which packs are wanted where', scope: 'copies' }];
  }

  /** Between whole plans only slots that are worth a shard now are filled anew. */
  #repairIfDue(plan: Plan, now: UnixMs): Effects {
    if (this.#computing !== undefined || this.#isAsked || this.#timing.isHasty(now)) return [];
    const machines = this.#membership.holders(now);
    const repair = this.#watch.look(plan, machines, now);
    if (repair === undefined || repair.open.length === 0) return [];
    this.#computing = 'part';
    this.#timing.noteComputed(now);
    return [{ kind: 'computePlan', machines, reason: repair.notes.join(' '), repair }];
  }

  #computeIfDue(now: UnixMs): Effects {
    // In a large fleet connections come and go all the time.
    const { isSparse, rosterVersion, version } = this.#membership;
    this.#timing.look(isSparse ? rosterVersion : version, now);
    if (this.#computing !== undefined || (!this.#isAsked && !this.#isQuietLeader(now))) return [];
    const machines = this.#membership.eligibleHolders(now, this.#watch.givenUp);
    const reason = this.#isAsked ? 'asked for' : this.#reasonFor(machines, now);
    if (reason === undefined || machines.length < plannedMachinesMin) {
      this.#isAsked = false;
      return [];
    }
    if (!this.#isAsked && this.#timing.isHasty(now)) return [];
    this.#computing = 'whole';
    this.#isAsked = false;
    this.#timing.noteComputed(now);
    this.#weighedMs = now;
    this.#considered = machines.join(' ');
    this.#completed = this.plan;
    this.#plans.noteComputed(now);
    return [{ kind: 'computePlan', machines, reason }];
  }

  #isQuietLeader(now: UnixMs): boolean {
    return this.#timing.isQuiet(now) && this.leaseAt(now)?.peer === this.#membership.self;
  }

  #reasonFor(machines: readonly PeerId[], now: UnixMs): string | undefined {
    if (this.plan === undefined) return 'the first plan';
    if (this.#planAgeMs(this.plan, now) > planAgeMsMax) return 'the plan is a week old';
    if (this.#plans.isOutbidDue(now)) return 'some follow a plan that did not come here';
    if (this.plan !== this.#completed && this.basis !== this.plan)
      return 'packs of another plan have no group in this one';
    const considered = this.#considered ?? membersOf(this.plan).join(' ');
    if (considered === machines.join(' ') || this.#watch.isBurst) return undefined;
    // Whoever is only away is repaired slot by slot; a machine that came, or was put out, is a reason to plan anew.
    const before = new Set(considered.split(' '));
    const isKnown = (peer: string): boolean => this.#watch.givenUp?.has(peer as PeerId) === true;
    const here = new Set<string>(machines);
    const isOnlyAway =
      machines.every((peer) => before.has(peer)) &&
      [...before].every((peer) => here.has(peer) || isKnown(peer));
    return isOnlyAway ? undefined : 'machines came or went';
  }

  /** Since it was made, or this agent last looked for a better one. Of a date that no clock can show yet nothing is believed. */
  #planAgeMs({ computedMs }: Plan, now: UnixMs): number {
    const isAhead = computedMs > now + clockSkewMsMax;
    return now - Math.max(isAhead ? Number.NEGATIVE_INFINITY : computedMs, this.#weighedMs);
  }

  /** Machines that it was to consider are still to be considered. */
  #failed(now: UnixMs): Effects {
    if (this.#computing === 'whole') {
      this.#timing.noteFailed(now);
      this.#completed = undefined;
      this.#considered = undefined;
      this.#weighedMs = Number.NEGATIVE_INFINITY;
    }
    this.#computing = undefined;
    return [];
  }

  #computed({ plan, waits }: EventOf<'planComputed'>): Effects {
    const isWhole = this.#computing === 'whole';
    this.#computing = undefined;
    if (plan === undefined) return [];
    if (this.plan !== undefined && plan.epoch <= this.plan.epoch) {
      // An own plan that had waited for the log came between: what this one was made for is still to be done.
      if (isWhole) this.#considered = undefined;
      return [];
    }
    const record: PlanRecord = {
      kind: 'plan',
      plan: { ...plan, epoch: this.epochFor(plan) },
      ...(waits === undefined ? {} : { waits }),
    };
    return [{ kind: 'appendRecords', stream: 'facts', records: [record] }];
  }
}

/** All machines that stand in a group, in order of id. */
export const membersOf = (plan: Plan): readonly PeerId[] => [...plannedMachines(plan)].toSorted();
