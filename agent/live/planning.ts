// Plans on demand: for the core, and for an admin who asks. In review mode, and when it would move too much, a plan is published as one that
// waits for an admin's approval: any of them sees it then, wherever it was made.

import { DreyError, type UnixMs } from '../../datasets/index.ts';
import { noLimits, type Plan, targetDefault } from '../../optimizer/index.ts';
import type { FleetPolicy, ModelRecord, PlanWait } from '../codec/index.ts';
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
import { modelRecordOf, type Planner, type PlanWish } from './planner.ts';
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

/** Why no whole plan could be made; of a mistake of Drey there is no advice. */
export interface PlanFailure {
  readonly why: string;
  readonly advice?: string;
  /** Of the plan that held. */
  readonly epoch: number;
}

/** A plan that was made, and why it waits; undefined when it does not. */
interface Offered {
  readonly plan: Plan | undefined;
  readonly waits: PlanWait | undefined;
}

export class Planning {
  readonly #parts: PlanningParts;
  #training: TrainingView | undefined;
  /** The highest epoch that went to the core: it may not be written yet. */
  #sentEpoch = 0;
  /** The epoch of the last plan that was made here and waits. */
  #waitingEpoch: number | undefined;
  /** The policy that it was judged by. */
  #judgedBy: FleetPolicy | undefined;
  #failure: PlanFailure | undefined;

  constructor(parts: PlanningParts) {
    this.#parts = parts;
  }

  /** How far a running training is. */
  get training(): TrainingView | undefined {
    return this.#training;
  }

  /** Of the last whole plan; undefined where there was one since, here or elsewhere. */
  get failure(): PlanFailure | undefined {
    const { election, membership } = this.#parts.core;
    const isElsewhere =
      election.plan !== undefined &&
      election.plan.author !== membership.self &&
      election.plan.epoch > (this.#failure?.epoch ?? 0);
    return isElsewhere ? undefined : this.#failure;
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

  #noteFailure(error: unknown): void {
    const epoch = this.#parts.core.election.plan?.epoch ?? 0;
    this.#failure =
      error instanceof DreyError
        ? { why: error.message, advice: error.advice, epoch }
        : { why: String(error), epoch };
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
    const isWaiting = policy?.planMode === 'review' || core.election.proposal !== undefined;
    const copied =
      previous === undefined || isWaiting
        ? undefined
        : await this.#byPolicyOfNow(({ limits }) => planner.copies({ machines, previous, limits }));
    this.#offer(copied, previous);
  }

  /**
   * Only the open slots are filled: it waits for nobody but a fleet in review mode. There it comes after a whole plan that waits already: in its
   * place, what that was made for would be forgotten.
   */
  async #repair(machines: readonly PeerId[], repair: RepairWish): Promise<void> {
    const { core, planner } = this.#parts;
    const previous = core.election.plan;
    const { policy } = core.membership;
    const { proposal } = core.election;
    const isAfterWhole =
      policy?.planMode === 'review' && proposal !== undefined && proposal.waits?.scope !== 'repair';
    const repaired =
      previous === undefined || isAfterWhole
        ? undefined
        : await this.#byPolicyOfNow(({ limits }) => planner.repair({ machines, previous, limits, repair }));
    this.#offer(repaired, previous, 'repair');
  }

  /** A person asked. `changed` is false when nothing better than the plan of now was found. */
  async compute(
    onProgress: (training: TrainingView) => void,
    signal: AbortSignal,
  ): Promise<{ readonly plan: Plan; readonly changed: boolean; readonly waits?: string }> {
    const { core, now } = this.#parts;
    const before = core.election.plan;
    const machines = core.membership.eligibleHolders(now());
    const { plan, waits } = await this.#make({ machines, onProgress, signal, isAsked: true });
    // A plan comes back from its thread as a copy: only its epoch tells whether it is the one that was sent.
    const changed = plan.epoch !== before?.epoch;
    return { plan, changed, ...(waits === undefined ? {} : { waits: waits.reason }) };
  }

  /** The policy, or the plan that holds, may have changed while an own plan waits: then it goes out, waits for another reason, or is over. */
  judgeAgain(): void {
    const { core, report } = this.#parts;
    const { plan: previous, proposal } = core.election;
    if (previous === undefined) return;
    this.#noteOver(previous);
    const { self, policy } = core.membership;
    if (proposal?.plan.author !== self || policy === this.#judgedBy) return;
    const waits = this.#waitFor(proposal.plan, previous, proposal.waits?.scope ?? 'whole');
    if (waits !== undefined && waits.reason === proposal.waits?.reason) return;
    const plan = { ...proposal.plan, epoch: core.election.epochFor(proposal.plan) };
    report(
      waits === undefined ? 'info' : 'warning',
      waits === undefined
        ? `plan ${proposal.plan.epoch} does not have to wait any more, by the policy of now: it is published as plan ${plan.epoch}`
        : `plan ${proposal.plan.epoch} goes on waiting for approval, as plan ${plan.epoch}: ${waits.reason}`,
    );
    this.#send(plan, waits);
  }

  /** It was approved, or another one came before it: then what it was made for is still to be done. */
  #noteOver(held: Plan): void {
    const { core, report, tell, now } = this.#parts;
    const waiting = this.#waitingEpoch;
    if (waiting === undefined || held.epoch < waiting) return;
    this.#waitingEpoch = undefined;
    const isOwn = held.author === core.membership.self;
    if (isOwn && held.epoch === waiting) report('info', `plan ${waiting} was approved`);
    else report('info', `plan ${waiting} does not wait any more: another plan ${held.epoch} holds now`);
    if (isOwn && held.epoch !== waiting) tell({ kind: 'planWanted', now: now() });
  }

  show(training: TrainingView | undefined): void {
    this.#training = training;
    this.#parts.changed();
  }

  async #make(wish: Wish): Promise<Offered & { readonly plan: Plan }> {
    const { core, planner, append, now } = this.#parts;
    const { plan: previous, basis } = core.election;
    const onProgress = (training: TrainingView): void => {
      this.show(training);
      wish.onProgress(training);
    };
    try {
      const { plan: found, trained } = await this.#byPolicyOfNow((policy) =>
        planner.make({
          ...wish,
          ...policy,
          previous: basis,
          onProgress,
          bytesPerSlot: basis === undefined ? {} : bytesPerSlot(core.shelf, basis, core.membership.self),
        }),
      );
      this.#failure = undefined;
      if (trained !== undefined) await append(modelRecordOf(trained, now()));
      // Nothing better was found, but what it began with has classes that the plan of now lacks.
      const made =
        basis !== previous && found.epoch <= (previous?.epoch ?? 0)
          ? { ...found, epoch: found.epoch + 1, author: core.membership.self, computedMs: now() }
          : found;
      const newest = Math.max(core.election.plan?.epoch ?? 0, this.#sentEpoch);
      const isOvertaken = wish.isAsked === true && isNews(made, previous) && made.epoch <= newest;
      const offered = this.#offer(isOvertaken ? { ...made, epoch: newest + 1 } : made, previous);
      return { ...offered, plan: offered.plan ?? made };
    } catch (error) {
      // Who asked may not want it any more.
      if (!planner.hasEnded && wish.signal?.aborted !== true) this.#noteFailure(error);
      throw error;
    } finally {
      this.show(undefined);
    }
  }

  /** A plan takes minutes, and admins change what it is to keep to meanwhile: then it is made once more. */
  async #byPolicyOfNow<Made>(
    make: (policy: Pick<PlanWish, 'target' | 'limits'>) => Promise<Made>,
  ): Promise<Made> {
    const { membership } = this.#parts.core;
    for (;;) {
      const { policy } = membership;
      const made = await make({
        target: policy?.target ?? targetDefault,
        limits: policy?.limits ?? noLimits,
      });
      if (membership.policy === policy) return made;
    }
  }

  /** The core publishes it, as one that waits for an admin where it has to; the very first never does. */
  #offer(made: Plan | undefined, previous: Plan | undefined, scope: PlanWait['scope'] = 'whole'): Offered {
    const { core, report } = this.#parts;
    if (!isNews(made, previous)) return this.#send(undefined, undefined);
    // One that came too late is refused by the core, whatever waits.
    const isLate = made.epoch <= (core.election.plan?.epoch ?? 0);
    const plan = isLate ? made : { ...made, epoch: core.election.epochFor(made) };
    const waits = previous === undefined ? undefined : this.#waitFor(plan, previous, scope);
    const { proposal } = core.election;
    if (waits !== undefined && proposal !== undefined && isSamePlacement(proposal.plan, plan)) {
      this.#send(undefined, undefined);
      return { plan: proposal.plan, waits };
    }
    if (waits !== undefined) report('warning', `plan ${plan.epoch} waits for approval: ${waits.reason}`);
    return this.#send(plan, waits);
  }

  #waitFor(plan: Plan, previous: Plan, scope: PlanWait['scope']): PlanWait | undefined {
    const { core, now } = this.#parts;
    const { policy } = core.membership;
    this.#judgedBy = policy;
    const usable = core.membership.eligibleHolders(now());
    const movement = movementBetween(core, previous, { after: plan, usable });
    const reason = reasonToHold(policy, movement);
    return reason === undefined ? undefined : { reason, scope, moveShare: movement.share };
  }

  /** What came of an order: a plan to be published, or none. */
  #send(plan: Plan | undefined, waits: PlanWait | undefined): Offered {
    const { tell, now } = this.#parts;
    if (plan !== undefined) {
      this.#sentEpoch = Math.max(this.#sentEpoch, plan.epoch);
      this.#waitingEpoch = waits === undefined ? undefined : plan.epoch;
    }
    tell({ kind: 'planComputed', plan, ...(waits === undefined ? {} : { waits }), now: now() });
    return { plan, waits };
  }
}

/** Whether all slots have the same machines: to ask an admin once more would be of no use. */
function isSamePlacement(a: Plan, b: Plan): boolean {
  const membersOf = ({ classes }: Plan): string =>
    JSON.stringify(classes.map(({ name, groups }) => [name, groups.map(({ id, members }) => [id, members])]));
  return membersOf(a) === membersOf(b);
}

const isNews = (plan: Plan | undefined, previous: Plan | undefined): plan is Plan =>
  plan !== undefined && plan !== previous && plan.epoch > (previous?.epoch ?? 0);
