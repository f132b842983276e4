// The groups of one class: climbed to, certified where that is affordable, and shared out, so that nobody is left without any. What slots there
// are, and what else must hold, plan-classes.ts says.

import { certifiedGroups, type Grouping, type Solver } from './configuration/index.ts';
import { chooseGroups, type GroupsQuestion } from './groups.ts';
import type { PlanCertificate } from './plan.ts';
import type { PlacementLimits } from './placement-limits.ts';
import { infeasible } from './plan-limits.ts';
import type { ClassShape } from './redundancy.ts';
import { Neighbours } from './scatter.ts';
import { groupsWithin } from './scatter-sets.ts';
import { shareOut } from './share-out.ts';
import { alignedTo } from './slot-order.ts';
import { unavailability } from './survival.ts';

type Groups = readonly (readonly number[])[];

export interface ClassGroupsQuestion extends Grouping {
  readonly shape: ClassShape;
  readonly method: NonNullable<GroupsQuestion['method']>;
  readonly seed: number | string;
  /** Columns of the groups so far, −1 for a machine that is lost; empty for a class that is new. */
  readonly previous: Groups;
  /** N values: bytes that each machine gives; 0 for one that may hold nothing. */
  readonly givenBytes: readonly number[];
  readonly scatter?: Pick<PlacementLimits, 'scatterMin' | 'scatterMax'>;
  readonly solver?: Solver;
}

export interface ClassGroups {
  readonly groups: Groups;
  readonly certificate?: PlanCertificate;
}

/** There are n machines or more. Throws `limits-infeasible` where no sets of machines keep to `scatterMax`. */
export function classGroups(question: ClassGroupsQuestion): ClassGroups {
  const { shape, groupCount, previous, scatter = {} } = question;
  const { scatterMax } = scatter;
  const chosen = chosenGroups(question, scatterMax);
  if (chosen.length === 0 && groupCount > 0 && scatterMax !== undefined) throw noSets(shape, scatterMax);
  const isNew = previous.length === 0 && scatterMax === undefined;
  const { previous: _, ...asked } = question;
  const certified = certifiedDraft({ ...asked, groupCount: chosen.length, chosen, isNew });
  return sharedDraft(question, certified ?? { groups: chosen });
}

/** Slots of members that are still there and now belong to another machine. */
export const movedSlots = (before: Groups, after: Groups): number =>
  before.reduce(
    (sum, members, at) =>
      sum + members.filter((member, slot) => member >= 0 && after[at]?.[slot] !== member).length,
    0,
  );

/** Climbs that are tried where one ends with a machine of too few neighbours: it depends on where it starts. */
const triesMax = 6;

function chosenGroups(wanted: GroupsQuestion, scatterMax: number | undefined): Groups {
  const { scatterMin = 0, capacities, seed } = wanted;
  let chosen: Groups = [];
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const asked = attempt === 0 ? wanted : { ...wanted, seed: `${seed} again ${attempt}` };
    chosen = scatterMax === undefined ? chooseGroups(asked) : groupsWithin(asked, scatterMax);
    if (scatterMin === 0) break;
    const neighbours = new Neighbours(capacities.length, chosen, scatterMin);
    if (chosen.length > 0 && capacities.every((_, machine) => neighbours.lackOf(machine) === 0)) break;
  }
  return chosen;
}

const noSets = ({ name, redundancy: { k, n } }: ClassShape, scatterMax: number): Error =>
  infeasible({
    limit: 'scatter-max',
    problem: `no sets of machines in which each meets at most ${scatterMax} others have enough room for the ${name} packs of ${k} of ${n}`,
    advice: 'Raise --scatter-max, lift vetoes, or let machines give more.',
  });

/** Fleets up to this size get certificates: some ten seconds of one core for three copies on 200 machines. */
const certifiedMachinesMax = 300;

interface Chosen extends Omit<ClassGroupsQuestion, 'previous'> {
  readonly chosen: Groups;
  /** Groups of an earlier plan stay as the climb left them: a better grouping would move nearly all shards. */
  readonly isNew: boolean;
}

/** Undefined where nothing is certified: no solver, a large fleet, groups of lost machines, or slots that are exceeded. */
function certifiedDraft({ solver, method, chosen, isNew, ...asked }: Chosen): ClassGroups | undefined {
  const { machines } = asked.states;
  if (solver === undefined || machines.length > certifiedMachinesMax || chosen.length === 0) return undefined;
  if (chosen.some((members) => members.includes(-1)) || !areWithin(chosen, asked.capacities))
    return undefined;
  const { groups, certificate } = certifiedGroups({
    ...asked,
    solver,
    start: chosen,
    keep: isNew && method === 'climb' ? 'nothing' : 'groups',
  });
  const prices = [...certificate.prices].flatMap((price, machine) =>
    price > 0 ? [[machines[machine]!, price] as const] : [],
  );
  return {
    groups,
    certificate: {
      ...certificate,
      gap: Math.min(gapMax, certificate.gap),
      prices: Object.fromEntries(prices),
    },
  };
}

/** What a plan says where the bound is 0. */
export const gapMax = 1e9;

function areWithin(groups: Groups, capacities: readonly number[]): boolean {
  const loads = new Int32Array(capacities.length);
  for (const member of groups.flat()) loads[member]!++;
  return capacities.every((capacity, machine) => loads[machine]! <= capacity);
}

/** Limits on scatter width come before everybody's least share: a machine with few slots has few neighbours. */
function sharedDraft(question: ClassGroupsQuestion, drafted: ClassGroups): ClassGroups {
  const { groups, certificate } = drafted;
  const { movedSlotsMax, previous, scatter = {} } = question;
  const isBounded = scatter.scatterMin !== undefined || scatter.scatterMax !== undefined;
  if (groups.length === 0 || isBounded) return drafted;
  const left = (movedSlotsMax ?? Number.POSITIVE_INFINITY) - movedSlots(previous, groups);
  const shares = shareOut({ ...question, movedSlotsMax: Math.max(0, left), groups });
  if (shares === groups) return drafted;
  const shared = shares.map((set, at) => alignedTo(previous[at] ?? [], set));
  if (certificate === undefined) return { ...drafted, groups: shared };
  const value = meanOdds(question, shared);
  const { lowerBound } = certificate;
  const gap = lowerBound > 0 ? Math.max(0, value / lowerBound - 1) : value > 0 ? gapMax : 0;
  return { groups: shared, certificate: { ...certificate, value, gap: Math.min(gapMax, gap) } };
}

const meanOdds = ({ states, redundancy: { k } }: ClassGroupsQuestion, groups: Groups): number =>
  groups.reduce((sum, members) => sum + unavailability(states, { members, k }), 0) / groups.length;
