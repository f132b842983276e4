// Which plans admins have approved. A word names a plan by the batch in which it stands: the same plan for everybody, whoever it came from,
// and none that its author writes later can take its place.

import type { UnixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { PlanApproval, PlanWait, SignedBatch } from '../codec/index.ts';
import type { StatedAt } from './authority.ts';
import type { Membership } from './membership.ts';

/** Where a plan stands. */
export type PlanPlace = Pick<SignedBatch, 'author' | 'sequence' | 'hash'>;

/** A plan as it stands in the log of its author. */
export interface StatedPlan {
  readonly plan: Plan;
  readonly at: PlanPlace;
  /** Why it waits; undefined where it does not say so. */
  readonly waits: PlanWait | undefined;
}

interface Approved {
  readonly admin: string;
  readonly at: StatedAt;
  readonly said: PlanApproval;
}

/** Of one key in one log those of the highest epochs; who says more is not heard about older plans. */
const perKeyMax = 64;

export class Approvals {
  readonly #membership: Membership;
  /** Of the highest epoch first. */
  #known: readonly Approved[] = [];

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  learn(batch: SignedBatch): void {
    const at = { author: batch.author, sequence: batch.sequence };
    for (const { statement, admin } of this.#membership.statementsIn(batch))
      if (statement.kind === 'planApproval') this.#note({ admin, at, said: statement });
  }

  /** Words of admins who are believed; of the highest epoch first, in the same order everywhere. */
  *newestFirst(): Generator<PlanApproval> {
    const { authority } = this.#membership;
    for (const { admin, at, said } of this.#known) if (authority.holds(admin, at)) yield said;
  }

  get isAny(): boolean {
    return this.newestFirst().next().done !== true;
  }

  has(place: PlanPlace, epoch: number): boolean {
    const { authority } = this.#membership;
    return this.#known.some(
      ({ admin, at, said }) => said.epoch === epoch && isAbout(said, place) && authority.holds(admin, at),
    );
  }

  #note(one: Approved): void {
    const isOfSame = ({ admin, at }: Approved): boolean => admin === one.admin && at.author === one.at.author;
    const known = [...this.#known, one].toSorted(inOrder);
    const last = known.filter(isOfSame)[perKeyMax];
    this.#known = last === undefined ? known : known.filter((other) => other !== last);
  }
}

/** The word for a plan, where it stands. */
export const approvalOf = ({ plan, at }: StatedPlan, atMs: UnixMs): PlanApproval => ({
  kind: 'planApproval',
  log: at.author,
  sequence: at.sequence,
  hash: at.hash,
  epoch: plan.epoch,
  atMs,
});

export const isAbout = ({ log, sequence, hash }: PlanApproval, place: PlanPlace): boolean =>
  place.author === log && place.sequence === sequence && place.hash === hash;

function inOrder({ said: a }: Approved, { said: b }: Approved): number {
  if (a.epoch !== b.epoch) return b.epoch - a.epoch;
  if (a.log !== b.log) return a.log > b.log ? -1 : 1;
  return a.sequence - b.sequence || (a.hash < b.hash ? -1 : 1);
}
