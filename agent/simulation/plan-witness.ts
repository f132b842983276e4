// Which plan an agent follows, event by event: no lower one than before, none that breaks its own rules, none of a machine that may make none. And that
// those that it makes come after all that others said they follow, and that it knows who has been off for long.

import { hourMs, hours } from '../../datasets/index.ts';
import { type Plan, planProblems } from '../../optimizer/index.ts';
import { logName } from '../codec/index.ts';
import { type CoreEffect, type CoreEvent, isFarAhead, type StatedPlan } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';

export interface PlanWorld extends Checking {
  /** Whether a machine may make no plans. */
  readonly isLayman: (peer: PeerId) => boolean;
  /** Whether an admin approved a plan. */
  readonly isApproved: (stated: StatedPlan | undefined) => boolean;
  /** For how long a machine has been off; 0 for one that is on. */
  readonly offMs: (peer: PeerId) => number;
}

/** Clocks are set by hours, and a forecast knows whole hours. */
const awaySlackMs = hours(12);

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
  /** The highest epoch under which others spoke that is not too far ahead to be believed. */
  #heardEpoch = 0;
  /** The last event brought a plan of its own. */
  #isComputed = false;

  constructor(world: PlanWorld, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    this.#isComputed = event.kind === 'planComputed';
    if (event.kind === 'message') this.#hears(event);
    this.#looks();
  }

  #hears({ message }: Extract<CoreEvent, { kind: 'message' }>): void {
    const epoch = message.kind === 'inventory' ? (message.under?.epoch ?? 0) : 0;
    const own = this.#machine.shell?.core.election.plan?.epoch ?? 0;
    if (epoch > own && !isFarAhead({ epoch, of: own })) this.#heardEpoch = Math.max(this.#heardEpoch, epoch);
  }

  #looks(): void {
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

  /** Before it is done; what is ordered under a plan is for other witnesses. */
  ordered(effect: CoreEffect): void {
    if (effect.kind === 'computePlan') this.#repairs(effect);
    if (effect.kind !== 'appendRecords' || !this.#isComputed) return;
    for (const record of effect.records) {
      if (record.kind !== 'plan') continue;
      this.#world.count('plans');
      if (record.plan.epoch <= this.#heardEpoch)
        this.#violate(`makes plan ${record.plan.epoch}, and others follow plan ${this.#heardEpoch}`);
    }
  }

  /** Whoever was off long before the optimizer started is not taken for one that has just left. */
  #repairs({ machines, repair }: Extract<CoreEffect, { kind: 'computePlan' }>): void {
    const membership = this.#machine.shell?.core.membership;
    for (const [row, hoursAway] of repair?.hoursAway.entries() ?? []) {
      const peer = machines[row]!;
      // Who slept learns only then that a connection has ended.
      if (membership === undefined || membership.hasMet(peer) || !membership.isAway(peer)) continue;
      // There it counts as away from when it was called in vain, which may have been after this was ordered.
      if (membership.isSparse) continue;
      const offMs = this.#world.offMs(peer);
      this.#world.count('plans');
      if (hoursAway * hourMs >= offMs - awaySlackMs) continue;
      const text = `${membership.nameOf(peer)} is away for ${Math.round(hoursAway)} hours, and it is for ${Math.round(offMs / hourMs)}`;
      this.#violate(`repairs as if ${text}`);
      return;
    }
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
