// Which plan an agent follows, event by event: no lower one than before, none that breaks its own rules, none of a machine that may make none.

import { type Plan, planProblems } from '../../optimizer/index.ts';
import { logName } from '../codec/index.ts';
import { isFarAhead, type StatedPlan } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';

export interface PlanWorld extends Checking {
  /** Whether a machine may make no plans. */
  readonly isLayman: (peer: PeerId) => boolean;
  /** Whether an admin approved a plan. */
  readonly isApproved: (stated: StatedPlan | undefined) => boolean;
}

/** A plan never changes, and thousands follow it. */
const problemsOf = new WeakMap<Plan, readonly string[]>();

function problemIn(plan: Plan): string | undefined {
  const problems = problemsOf.get(plan) ?? planProblems(plan);
  problemsOf.set(plan, problems);
  return problems[0];
}

export class PlanWitness {
  readonly #world: PlanWorld;
  readonly #machine: Machine;
  #plan: Plan | undefined;

  constructor(world: PlanWorld, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  told(): void {
    const { shell } = this.#machine;
    const plan = shell?.core.election.plan;
    const before = this.#plan;
    if (shell === undefined || plan === undefined || plan === before) return;
    this.#plan = plan;
    this.#world.count('plans');
    const { election, membership } = shell.core;
    const isApproved = this.#world.isApproved(election.followed);
    if (
      before !== undefined &&
      !isApproved &&
      !isAfter(plan, before) &&
      !isInvented(before, plan, membership)
    )
      this.#violate(`goes from ${nameOf(before)} to ${nameOf(plan)}`);
    const problem = problemIn(plan);
    if (problem !== undefined) this.#violate(`follows plan ${plan.epoch}: ${problem}`);
    if (!this.#isWritten(plan)) this.#violate(`follows plan ${plan.epoch}, which its author never wrote`);
    const mayPlan = isApproved || membership.hasRole(plan.author, 'optimizer');
    if (!mayPlan || this.#world.isLayman(plan.author))
      this.#violate(`follows plan ${plan.epoch} of a machine that may make none`);
  }

  ordered(): void {
    // What is ordered under a plan is for other witnesses.
  }

  #isWritten({ author, epoch }: Plan): boolean {
    const batches = this.#machine.shelves.logs.get(logName(author, 'facts'))?.batches ?? [];
    return (
      batches.findLast(({ records }) =>
        records.some((record) => record.kind === 'plan' && record.plan.epoch === epoch),
      ) !== undefined
    );
  }

  #violate(text: string): void {
    this.#world.violate('plans', this.#machine, text);
  }
}

const nameOf = ({ epoch, author }: Plan): string => `plan ${epoch} of ${author.slice(-4)}`;

/** The highest epoch wins, then the higher author. */
const isAfter = (plan: Plan, before: Plan): boolean =>
  plan.epoch > before.epoch || (plan.epoch === before.epoch && plan.author > before.author);

/** Of whoever is out by now, and beyond what a later plan overrules. */
const isInvented = (
  { epoch, author }: Plan,
  of: Plan,
  membership: { isRevoked(id: string): boolean },
): boolean => membership.isRevoked(author) && isFarAhead({ epoch, of: of.epoch });
