// Plans on demand: for the core, and for an admin who asks. In review mode, and when it would move too much, a plan waits
// here for approval.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import { noLimits, type Plan, targetDefault } from '../../optimizer/index.ts';
import type { ModelRecord } from '../codec/index.ts';
import {
  type AgentCore,
  type CoreEffect,
  type CoreEvent,
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
}

/** What the core orders. */
export type PlanOrder = Omit<Extract<CoreEffect, { kind: 'computePlan' }>, 'kind'>;

/** A plan that waits for an admin, and why. */
export interface Proposal {
  readonly plan: Plan;
  readonly reason: string;
}

export class Planning {
  readonly #parts: PlanningParts;
  #training: TrainingView | undefined;
  #proposal: Proposal | undefined;

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

  /** Only the open slots are filled: it waits for nobody but a fleet in review mode. */
  async #repair(machines: readonly PeerId[], repair: RepairWish): Promise<void> {
    const { core, planner } = this.#parts;
    const previous = core.election.plan;
    if (previous === undefined) return this.#offer(undefined, previous);
    const limits = core.membership.policy?.limits ?? noLimits;
    this.#offer(await planner.repair({ machines, previous, limits, repair }), previous);
  }

  /** A person asked. `changed` is false when nothing better than the plan of now was found. */
  async compute(
    onProgress: (training: TrainingView) => void,
    signal: AbortSignal,
  ): Promise<{ readonly plan: Plan; readonly changed: boolean }> {
    const { core, now } = this.#parts;
    const before = core.election.plan;
    const plan = await this.#make({ machines: core.membership.eligibleHolders(now()), onProgress, signal });
    // A plan comes back from its thread as a copy: only its epoch tells whether it is the one that was sent.
    return { plan, changed: plan.epoch !== before?.epoch };
  }

  /** Publishes the plan that waited for approval. Throws `no-proposal`. */
  approve(): Plan {
    const plan = this.#proposal?.plan;
    if (plan === undefined) {
      throw new DreyError({
        code: 'no-proposal',
        message: 'no plan waits for approval',
        advice: 'Ask for one with `drey plan compute`.',
      });
    }
    this.#proposal = undefined;
    this.#parts.tell({ kind: 'planComputed', plan, now: this.#parts.now() });
    return plan;
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
      const { plan, trained } = await planner.make({
        ...wish,
        previous,
        onProgress,
        target: policy?.target ?? targetDefault,
        limits: policy?.limits ?? noLimits,
        bytesPerSlot: previous === undefined ? {} : bytesPerSlot(core.shelf, previous, core.membership.self),
      });
      if (trained !== undefined) await append(modelRecordOf(trained, now()));
      this.#offer(plan, previous);
      return plan;
    } finally {
      this.show(undefined);
    }
  }

  /** The core publishes it, unless it has to wait for an admin; the very first never waits. */
  #offer(plan: Plan | undefined, previous: Plan | undefined): void {
    const { tell, now, report } = this.#parts;
    const isNews = plan !== undefined && plan !== previous && plan.epoch > (previous?.epoch ?? 0);
    const reason = isNews && previous !== undefined ? this.#reasonToWait(plan, previous) : undefined;
    if (isNews && reason !== undefined) {
      this.#proposal = { plan, reason };
      report('warning', `plan ${plan.epoch} waits for approval: ${reason}`);
    }
    tell({ kind: 'planComputed', plan: isNews && reason === undefined ? plan : undefined, now: now() });
  }

  #reasonToWait(plan: Plan, previous: Plan): string | undefined {
    const { core, now } = this.#parts;
    const usable = core.membership.eligibleHolders(now());
    return reasonToHold(core.membership.policy, movementBetween(core, previous, { after: plan, usable }));
  }
}
