// The next plan when only repair is due: the open slots of the previous one get machines that are up now, and nothing else moves.
// Which slots are open was decided before, by `repairUrgency`.

import type { MachineId } from '../datasets/index.ts';
import { type FailureForecast, selectPresence } from '../models/index.ts';
import type { PlannedMachine } from './compute-plan.ts';
import { chooseGroups } from './groups.ts';
import { isAhead, labelColumns, noLimits, type PlacementLimits } from './placement-limits.ts';
import { limitsAfterRepair } from './plan-limits.ts';
import type { OpenPlace, PlacementClass, PlacementGroup, Plan } from './plan.ts';
import { memberReasons } from './reasons.ts';
import { capacitiesFor } from './redundancy.ts';
import { capacitiesOfThoseHere, isWorthItsStay, statesFromNow } from './repair-states.ts';
import { type States, statesFromForecast } from './states.ts';
import { unavailability } from './survival.ts';

export interface RepairPlanQuestion {
  readonly previous: Plan;
  readonly open: readonly OpenPlace[];
  /** Machines that may hold shards, each once. */
  readonly machines: readonly PlannedMachine[];
  /** For each of them the hours since it was last up; 0 for one that is up. */
  readonly hoursAway: readonly number[];
  /** Hour of the week that comes next, in the fleet's time, 0..167. */
  readonly weekHour: number;
  readonly forecast: FailureForecast;
  readonly author: MachineId;
  readonly nowMs: number;
  readonly seed: number | string;
  readonly limits?: PlacementLimits;
  /** What is at risk, and why, in plain sentences. */
  readonly notes: readonly string[];
}

/** The previous plan itself (the same object) when no open slot could be filled. */
export function repairPlan(question: RepairPlanQuestion): Plan {
  const { previous, machines, limits = noLimits } = question;
  const ids = machines.map(({ machine }) => machine);
  const always = statesFromForecast(question.forecast, ids);
  const { presence } = question.forecast;
  const { hoursAway, weekHour } = question;
  const repair: Repair = {
    question,
    always,
    states:
      presence === undefined
        ? always
        : statesFromNow(always, { presence: selectPresence(presence, ids), hoursAway, weekHour }),
    column: new Map(ids.map((machine, at) => [machine, at])),
    vetoes: new Set(limits.vetoes),
    apart: labelColumns(
      machines.map(({ attributes = {} }) => attributes),
      limits.apart,
    ),
  };
  const classes = previous.classes.map((one) => repairedClass(repair, one));
  if (classes.every((one, at) => one === previous.classes[at])) return previous;
  const { evidence: _ofOtherGroups, limits: _asTheyWere, weekMoved, ...kept } = previous;
  return {
    ...kept,
    epoch: previous.epoch + 1,
    author: question.author,
    // Its age is that of the whole plan: repair does not put the next one off. No later than now, whatever the clock of its author.
    computedMs: Math.min(previous.computedMs, question.nowMs),
    classes: classes.map(({ certificate: _ofThem, ...one }) => one),
    notes: [...question.notes, filledNote(previous, classes)],
    ...(weekMoved === undefined || isAhead(weekMoved.fromMs, question.nowMs)
      ? {}
      : { weekMoved: { ...weekMoved, fromMs: Math.min(weekMoved.fromMs, question.nowMs) } }),
    ...limitsAfterRepair(previous, classes),
  };
}

interface Repair {
  readonly question: RepairPlanQuestion;
  readonly always: States;
  readonly states: States;
  readonly column: ReadonlyMap<MachineId, number>;
  readonly vetoes: ReadonlySet<string>;
  readonly apart: readonly Int32Array[];
}

function repairedClass(repair: Repair, known: PlacementClass): PlacementClass {
  const { question, column, states, apart, vetoes } = repair;
  const { machines, hoursAway, seed } = question;
  const openSlots = new Set(question.open.map(({ group, slot }) => `${group} ${slot}`));
  if (!known.groups.some(({ id, members }) => members.some((_, slot) => openSlots.has(`${id} ${slot}`))))
    return known;
  const { redundancy } = known;
  const before = known.groups.map(({ id, members }) =>
    members.map((member, slot) => (openSlots.has(`${id} ${slot}`) ? -1 : (column.get(member) ?? stranger))),
  );
  // Members of whom nothing is known keep their slots: a column beyond all others, that fails always.
  const withStranger = before.some((members) => members.includes(stranger));
  const place = (member: number): number => (member === stranger ? machines.length : member);
  const previous = before.map((members) => members.map((member) => place(member)));
  const shape = { groupCount: known.groups.length, n: redundancy.n };
  const shares = capacitiesFor(
    machines.map(({ machine, quotaBytes }) => (vetoes.has(machine) ? 0 : quotaBytes)),
    shape,
  );
  const isAway = machines.map(({ machine }, at) => (vetoes.has(machine) ? 1 : hoursAway[at]!));
  const capacities = capacitiesOfThoseHere(
    withStranger ? [...shares, 0] : shares,
    previous,
    withStranger ? [...isAway, 1] : isAway,
  );
  const chosen = chooseGroups({
    states: withStranger ? withLastDown(states) : states,
    redundancy,
    groupCount: known.groups.length,
    capacities,
    seed,
    scope: 'open slots',
    previous,
    movedSlotsMax: 0,
    ...(apart.length === 0
      ? {}
      : { apart: withStranger ? apart.map((labels) => Int32Array.of(...labels, -1)) : apart }),
  });
  const groups = known.groups.map((group, at) => {
    const members = chosen[at] ?? [];
    if (!isWorthFilling(repair, { group, members, redundancy })) return group;
    return repairedGroup(repair, { group, members, redundancy, chosen, capacities });
  });
  return groups.every((group, at) => group === known.groups[at]) ? known : { ...known, groups };
}

/** Who helps stays when the absent machine is back: that must not cost more than the help is worth, unless somebody in it is gone. */
function isWorthFilling(
  { question, column, always }: Repair,
  { group, members, redundancy }: Pick<Refilled, 'group' | 'members' | 'redundancy'>,
): boolean {
  const open = question.open.filter(({ group: id }) => id === group.id);
  const isGone = open.some(({ reason }) => reason === 'gone');
  const before = group.members.map((member) => column.get(member) ?? stranger);
  const areKnown = [...before, ...members].every(
    (member) => member >= 0 && member < question.machines.length,
  );
  const gainHours = open.reduce((sum, slot) => sum + slot.gainHours, 0);
  return (
    isGone || !areKnown || isWorthItsStay(always, { before, after: members, k: redundancy.k, gainHours })
  );
}

/** A member that is no machine of the question. */
const stranger = -2;

/** One more machine, that is always down. */
const withLastDown = (states: States): States => ({
  ...states,
  machines: [...states.machines, states.machines[0]!],
  down: states.down.map((odds) => Float64Array.of(...odds, 1)),
});

interface Refilled {
  readonly group: PlacementGroup;
  readonly members: readonly number[];
  readonly redundancy: PlacementClass['redundancy'];
  readonly chosen: readonly (readonly number[])[];
  readonly capacities: readonly number[];
}

/** The group with its new members, odds and reasons; itself where it has the same members. */
function repairedGroup(
  { question, always }: Repair,
  { group, members, redundancy, chosen, capacities }: Refilled,
): PlacementGroup {
  const names = group.members.map(
    (member, slot) => question.machines[members[slot] ?? -1]?.machine ?? member,
  );
  const isSame = names.every((name, slot) => name === group.members[slot]);
  if (isSame || new Set(names).size < names.length) return group;
  const known = members.filter((member) => member >= 0 && member < question.machines.length);
  const loads = new Int32Array(question.machines.length);
  for (const member of chosen.flat()) if (member < loads.length && member >= 0) loads[member]!++;
  const isKnown = known.length === members.length;
  return {
    ...group,
    members: names,
    unavailability: unavailability(always, { members: known, k: redundancy.k }),
    reasons:
      isKnown && group.reasons.length > 0
        ? memberReasons(always, { redundancy, members, loads, capacities }, question.previous.domains)
        : [],
  };
}

function filledNote(previous: Plan, classes: readonly PlacementClass[]): string {
  let [filled, all] = [0, 0];
  for (const [at, { groups }] of classes.entries()) {
    for (const [index, { members }] of groups.entries()) {
      const before = previous.classes[at]!.groups[index]!.members;
      all += members.length;
      filled += members.filter((member, slot) => before[slot] !== member).length;
    }
  }
  return `${filled} of ${all} slots were given to machines that are up; nothing else moves.`;
}
