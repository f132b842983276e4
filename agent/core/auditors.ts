// Who can have audited a machine, and how many of them must agree before it is left out. Liars are at most a third of a fleet, so most of any group
// are honest; but of all that were beside a machine under some plan a few liars are always some.

import type { Plan } from '../../optimizer/index.ts';
import { doubtQuorumMax, doubtQuorumMin } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Election } from './election.ts';
import type { Membership } from './membership.ts';
import { indexOfPlan } from './plan-index.ts';

/** Machines whose words count together, everybody where no plan says who, and how many of them must agree. */
export interface Panel {
  readonly entitled: ReadonlySet<PeerId> | undefined;
  readonly quorum: number;
}

/** Machines that share a group with another: under the newest plan that names it, and under all that are remembered. */
interface Companions {
  readonly newest: ReadonlySet<PeerId>;
  readonly all: ReadonlySet<PeerId>;
}

export class Auditors {
  readonly #membership: Membership;
  readonly #election: Election;
  /** Under the plans that hold now. */
  readonly #companions = new Map<PeerId, Companions>();
  #under: Plan | undefined;

  constructor(membership: Membership, election: Election) {
    this.#membership = membership;
    this.#election = election;
  }

  /**
   * Each panel decides by itself: most of those that share a group with it under the newest plan; or as many of all that did under a plan that is
   * remembered, and no fewer than most of these or than the liars of the fleet cannot be.
   */
  panelsFor(machine: PeerId): readonly Panel[] {
    const third = Math.floor(this.#membership.machines.length / 3) + 1;
    const { newest, all } = this.#companionsOf(machine);
    if (newest.size === 0)
      return [{ entitled: undefined, quorum: Math.min(doubtQuorumMax, Math.max(doubtQuorumMin, third)) }];
    return [
      { entitled: newest, quorum: mostOf(newest) },
      { entitled: all, quorum: Math.max(mostOf(newest), Math.min(third, mostOf(all))) },
    ];
  }

  #companionsOf(machine: PeerId): Companions {
    const { plan, earlierPlans } = this.#election;
    if (plan !== this.#under) this.#companions.clear();
    this.#under = plan;
    const known = this.#companions.get(machine);
    if (known !== undefined) return known;
    const all = new Set<PeerId>();
    let newest: ReadonlySet<PeerId> = new Set();
    for (const one of plan === undefined ? [] : [plan, ...earlierPlans]) {
      const beside = indexOfPlan(one).companionsOf(machine);
      if (newest.size === 0) newest = beside;
      for (const peer of beside) all.add(peer);
    }
    if (plan !== undefined) this.#companions.set(machine, { newest, all });
    return { newest, all };
  }
}

const mostOf = ({ size }: ReadonlySet<PeerId>): number => Math.max(doubtQuorumMin, Math.floor(size / 2) + 1);
