// What is looked up in a plan all the time. A plan never changes: it is gone through once, however many ask.

import { hashOfName, type PlacementGroup, type Plan, planProblems } from '../../optimizer/index.ts';
import type { PeerId } from '../units.ts';

export class PlanIndex {
  /** Of a plan with problems nothing is looked up. */
  readonly byId: ReadonlyMap<string, PlacementGroup>;
  /** What is wrong with the plan; empty when it may be followed. */
  readonly problems: readonly string[];
  readonly #byMember: ReadonlyMap<PeerId, readonly PlacementGroup[]>;
  #machines: ReadonlyMap<PeerId, number> | undefined;
  readonly #companions = new Map<PeerId, ReadonlySet<PeerId>>();

  constructor(plan: Plan) {
    this.problems = planProblems(plan);
    const groups = this.problems.length > 0 ? [] : plan.classes.flatMap((one) => one.groups);
    this.byId = new Map(groups.map((group) => [group.id, group]));
    const byMember = new Map<PeerId, PlacementGroup[]>();
    for (const group of groups) {
      for (const member of group.members) {
        const known = byMember.get(member);
        if (known === undefined) byMember.set(member, [group]);
        else known.push(group);
      }
    }
    this.#byMember = byMember;
  }

  /** All machines that have a slot in any group, each with the hash of its name. */
  get machines(): ReadonlyMap<PeerId, number> {
    this.#machines ??= new Map([...this.#byMember.keys()].map((peer) => [peer, hashOfName(peer)]));
    return this.#machines;
  }

  /** All machines that share a group with one, without itself. */
  companionsOf(peer: PeerId): ReadonlySet<PeerId> {
    const known = this.#companions.get(peer);
    if (known !== undefined) return known;
    const found = new Set(this.#byMember.get(peer)?.flatMap(({ members }) => members));
    found.delete(peer);
    this.#companions.set(peer, found);
    return found;
  }
}

const indexes = new WeakMap<Plan, PlanIndex>();

export function indexOfPlan(plan: Plan): PlanIndex {
  const index = indexes.get(plan) ?? new PlanIndex(plan);
  indexes.set(plan, index);
  return index;
}
