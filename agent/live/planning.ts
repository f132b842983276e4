// Plans on demand: for the core, and for an admin who asks. In review mode, and when it would move too much, a plan waits
// here for approval.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import { noLimits, type Plan, targetDefault } from '../../optimizer/index.ts';
import type { FleetPolicy, ModelRecord } from '../codec/index.ts';
import {
  type AgentCore,
  type CoreEffect,
  type CoreEvent,
  type Movement,
  movementBetween,
  reasonToHold,
  type RepairWish,
} from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { EventLine, TrainingView } from '../view.ts';
import { modelRecordOf, type Planner } from './planner.ts';
import { bytesPerSlot } from './what-if.ts';

export interface PlanningParts {
  readonly core: AgentCore;
  readonly planner: Planner;
  readonly tell: (event: CoreEvent) => void;
  readonly append: (record: ModelRecord) => Promise<void>;
  readonly report: (level: EventLine['level'], text: string) => void;
  readonly changed: () => void;
  readonly now: () => UnixMs;
}

interface Wish {
  readonly machines: readonly PeerId[];
  readonly onProgress: (training: TrainingView) => void;
  readonly signal?: AbortSignal;
  /** A person waits for it: it holds also where another one was sent while it was made. */
  readonly isAsked?: true;
}

/** What the core orders. */
export type PlanOrder = Omit<Extract<CoreEffect, { kind: 'computePlan' }>, 'kind'>;

/** A plan that waits for an admin, and why. */
export interface Proposal {
  readonly plan: Plan;
  readonly reason: string;
  /** A whole plan, or the one that holds with its open slots filled. */
  readonly scope: 'whole' | 'repair';
  /** Of the bytes of shards that lie on machines that may go on holding them, in 0..1. */
  readonly moveShare: number;
}

interface Judged {
  /** Why it has to wait; undefined when it has not. */
  readonly reason: string | undefined;
  readonly movement: Movement;
}

export class Planning {
  readonly #parts: PlanningParts;
  #training: TrainingView | undefined;
  #proposal: Proposal | undefined;
  /** The highest epoch that went to the core: it may not be written yet. */
  #sentEpoch = 0;
  /** The policy that the waiting plan was judged by. */
  #judgedBy: FleetPolicy | undefined;

  constructor(parts: PlanningParts) {
    this.#parts = parts;
  }

  /** How far a running training is. */
  get training(): TrainingView | undefined {
    return this.#training;
  }

  /** The plan that waits for an admin. */
  get proposal(): Proposal | undefined {
    return this.#proposal;
  }

  /** The core asked: every outcome goes back to it, so that it may ask again. */
  async computeForCore({ machines, reason, repair, scope }: PlanOrder): Promise<void> {
    const { planner, report, tell, now } = this.#parts;
    if (scope === undefined)
      report('info', repair === undefined ? `computing a plan: ${reason}` : `repairing: ${reason}`);
    try {
      if (scope === 'copies') await this.#weighCopies(machines);
      else if (repair === undefined) await this.#make({ machines, onProgress: () => {} });
      else await this.#repair(machines, repair);
    } catch (error) {
      if (planner.hasEnded) return;
      const why = error instanceof DreyError ? `${error.message}. ${error.advice}` : String(error);
      report('problem', `no plan could be computed: ${why}`);
      tell({ kind: 'planFailed', now: now() });
    }
  }

  /** The core asked who is back when: every outcome goes back to it. */
  async forecastForCore(machines: readonly PeerId[]): Promise<void> {
    const { planner, report, tell, now } = this.#parts;
    try {
      tell({ kind: 'presenceForecast', presence: await planner.presence(machines), now: now() });
    } catch (error) {
      if (planner.hasEnded) return;
      report('problem', `nobody can tell who will be back when: ${String(error)}`);
      tell({ kind: 'presenceForecast', presence: undefined, now: now() });
    }
  }

  /** In review mode, and while a plan waits for an admin, copies come with whole plans only: nobody wants to be asked each day. */
  async #weighCopies(machines: readonly PeerId[]): Promise<void> {
    const { core, planner } = this.#parts;
    const previous = core.election.plan;
    const { policy } = core.membership;
    if (previous === undefined || policy?.planMode === 'review' || this.#proposal !== undefined)
      return this.#offer(undefined, previous);
    this.#offer(await planner.copies({ machines, previous, limits: policy?.limits ?? noLimits }), previous);
  }

  /**
   * Only the open slots are filled: it waits for nobody but a fleet in review mode. There it comes after a whole plan that waits already: in its
   * place, what that was made for would be forgotten.
   */
  async #repair(machines: readonly PeerId[], repair: RepairWish): Promise<void> {
    const { core, planner } = this.#parts;
    const previous = core.election.plan;
    const { policy } = core.membership;
    const isAfterWhole = policy?.planMode === 'review' && this.#proposal?.scope === 'whole';
    if (previous === undefined || isAfterWhole) return this.#offer(undefined, previous);
    const limits = policy?.limits ?? noLimits;
    this.#offer(await planner.repair({ machines, previous, limits, repair }), previous, 'repair');
  }

  /** A person asked. `changed` is false when nothing better than the plan of now was found. */
  async compute(
    onProgress: (training: TrainingView) => void,
    signal: AbortSignal,
  ): Promise<{ readonly plan: Plan; readonly changed: boolean; readonly waits?: string }> {
    const { core, now } = this.#parts;
    const before = core.election.plan;
    const machines = core.membership.eligibleHolders(now());
    const plan = await this.#make({ machines, onProgress, signal, isAsked: true });
    // A plan comes back from its thread as a copy: only its epoch tells whether it is the one that was sent.
    const changed = plan.epoch !== before?.epoch;
    const waits = this.#proposal?.plan === plan ? this.#proposal.reason : undefined;
    return { plan, changed, ...(waits === undefined ? {} : { waits }) };
  }

  /** Publishes the plan that waited for approval. Throws `no-proposal`. */
  approve(): Plan {
    this.judgeAgain();
    const plan = this.#proposal?.plan;
    if (plan === undefined) {
      throw new DreyError({
        code: 'no-proposal',
        message: 'no plan waits for approval on this machine',
        advice:
          'A plan waits on the machine that computed it, and `drey status` says so there. `drey plan compute` asks for one here.',
      });
    }
    this.#publish(plan);
    return plan;
  }

  /** The policy, or the plan that holds, may have changed while a plan waits: then it goes out, waits for another reason, or is over. */
  judgeAgain(): void {
    const { core, report, tell, now } = this.#parts;
    const { plan: previous } = core.election;
    if (this.#proposal === undefined || previous === undefined) return;
    const { plan, scope, reason: before } = this.#proposal;
    if (previous.epoch >= plan.epoch) {
      this.#proposal = undefined;
      report('info', `plan ${plan.epoch} does not wait any more: another plan ${previous.epoch} holds now`);
      // What it was made for is still to be done.
      if (previous.author === core.membership.self) tell({ kind: 'planWanted', now: now() });
      return;
    }
    if (core.membership.policy === this.#judgedBy) return;
    const { reason, movement } = this.#judge(plan, previous);
    if (reason === undefined) {
      report('info', `plan ${plan.epoch} does not have to wait any more, by the policy of now`);
      this.#publish(plan);
      return;
    }
    this.#hold({ plan, scope, reason, moveShare: movement.share });
    if (reason !== before) report('warning', `plan ${plan.epoch} goes on waiting for approval: ${reason}`);
  }

  show(training: TrainingView | undefined): void {
    this.#training = training;
    this.#parts.changed();
  }

  async #make(wish: Wish): Promise<Plan> {
    const { core, planner, append, now } = this.#parts;
    const previous = core.election.plan;
    const { policy } = core.membership;
    const onProgress = (training: TrainingView): void => {
      this.show(training);
      wish.onProgress(training);
    };
    try {
      const { plan: made, trained } = await planner.make({
        ...wish,
        previous,
        onProgress,
        target: policy?.target ?? targetDefault,
        limits: policy?.limits ?? noLimits,
        bytesPerSlot: previous === undefined ? {} : bytesPerSlot(core.shelf, previous, core.membership.self),
      });
      if (trained !== undefined) await append(modelRecordOf(trained, now()));
      const newest = Math.max(core.election.plan?.epoch ?? 0, this.#sentEpoch);
      const isOvertaken = wish.isAsked === true && isNews(made, previous) && made.epoch <= newest;
      const plan = isOvertaken ? { ...made, epoch: newest + 1 } : made;
      // A newer whole plan takes the place of the one that waits.
      if (isNews(plan, previous)) this.#proposal = undefined;
      this.#offer(plan, previous);
      return plan;
    } finally {
      this.show(undefined);
    }
  }

  /** The core publishes it, unless it has to wait for an admin; the very first never waits. */
  #offer(plan: Plan | undefined, previous: Plan | undefined, scope: Proposal['scope'] = 'whole'): void {
    const { report } = this.#parts;
    const news = isNews(plan, previous) ? plan : undefined;
    const { reason, movement } =
      news === undefined || previous === undefined ? unjudged : this.#judge(news, previous);
    if (news !== undefined && reason !== undefined) {
      this.#hold({ plan: news, scope, reason, moveShare: movement.share });
      report('warning', `plan ${news.epoch} waits for approval: ${reason}`);
    }
    this.#send(reason === undefined ? news : undefined);
  }

  #judge(plan: Plan, previous: Plan): Judged {
    const { core, now } = this.#parts;
    const usable = core.membership.eligibleHolders(now());
    const movement = movementBetween(core, previous, { after: plan, usable });
    return { reason: reasonToHold(core.membership.policy, movement), movement };
  }

  #hold(proposal: Proposal): void {
    this.#proposal = proposal;
    this.#judgedBy = this.#parts.core.membership.policy;
  }

  #publish(plan: Plan): void {
    this.#proposal = undefined;
    this.#send(plan);
  }

  /** What came of an order: a plan to be published, or none. */
  #send(plan: Plan | undefined): void {
    const { tell, now } = this.#parts;
    this.#sentEpoch = Math.max(this.#sentEpoch, plan?.epoch ?? 0);
    tell({ kind: 'planComputed', plan, now: now() });
  }
}

const unjudged: Judged = { reason: undefined, movement: { share: 0, fleetBytes: 0 } };

const isNews = (plan: Plan | undefined, previous: Plan | undefined): plan is Plan =>
  plan !== undefined && plan !== previous && plan.epoch > (previous?.epoch ?? 0);
