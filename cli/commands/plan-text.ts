// Plans in words: groups, copies and why. The only part of `drey plan` that needs the optimizer, so that other commands start without it.

import { copyReasonText, explainGroup, type Plan } from '../../optimizer/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { bytesText, oneLine, shareText, survivalText, tableText, timeText } from '../print.ts';

/** Names of machines by peer id. */
export type Naming = ReadonlyMap<string, string>;

const nameOf = (names: Naming, peer: string): string => names.get(peer) ?? peer.slice(-8);

/** The plan as people read it. */
export function planText(plan: Plan, names: Naming): string {
  const rows = plan.classes.flatMap((placementClass) =>
    placementClass.groups.map((group) => [
      group.id,
      `${placementClass.name} ${placementClass.redundancy.k} of ${placementClass.redundancy.n}`,
      survivalText(group.unavailability),
      survivalText(group.unavailabilityAt['03:00'] ?? group.unavailability),
      group.members.map((member) => nameOf(names, member)).join(' '),
    ]),
  );
  const scores = plan.heldOut.map(
    (score) =>
      `  ${oneLine(score.policy)}: ${(100 * score.unavailableShare).toFixed(3)} % of group-hours unavailable`,
  );
  return [
    `Plan ${plan.epoch} of ${timeText(plan.computedMs)} by ${oneLine(`${nameOf(names, plan.author)}, from ${plan.modelSource}`)}`,
    tableText([['group', 'class', 'survival', 'at 03:00', 'holders, slot by slot'], ...rows]),
    ...copyLines(plan, names),
    ...(scores.length === 0 ? [] : ['On held-out history:', ...scores]),
    ...plan.notes.map(oneLine),
  ].join('\n');
}

type WaitingPlan = NonNullable<FleetView['waitingPlan']>;

interface SlotChange {
  readonly group: string;
  readonly slot: number;
  /** Absent: the group is a new one, or has no such slot any more. */
  readonly from?: string;
  readonly to?: string;
}

const groupsOf = (plan: Plan): ReadonlyMap<string, readonly string[]> =>
  new Map(plan.classes.flatMap(({ groups }) => groups.map(({ id, members }) => [id, members] as const)));

/** Slots that another plan gives to another machine, group by group. */
function slotChanges(before: Plan, after: Plan): readonly SlotChange[] {
  const [was, is] = [groupsOf(before), groupsOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((group) => {
    const [old = [], young = []] = [was.get(group), is.get(group)];
    return Array.from({ length: Math.max(old.length, young.length) }, (_, slot): SlotChange => ({
      group,
      slot,
      ...(old[slot] === undefined ? {} : { from: old[slot] }),
      ...(young[slot] === undefined ? {} : { to: young[slot] }),
    })).filter(({ from, to }) => from !== to);
  });
}

/** That another plan waits, why, and how much it would change. */
export function waitingLine(plan: Plan, { plan: after, reason, moveShare }: WaitingPlan): string {
  const slotCount = [...groupsOf(after).values()].reduce((sum, members) => sum + members.length, 0);
  const changedCount = slotChanges(plan, after).length;
  return `Plan ${after.epoch} waits for approval: ${reason}. Against plan ${plan.epoch} it changes ${changedCount} of ${slotCount} slots and moves about ${shareText(moveShare)} of all bytes.`;
}

const shownChangesMax = 40;

/** The plan that waits, and each slot that it gives to another machine than the one of now. */
export function waitingPlanText(plan: Plan, waiting: WaitingPlan, names: Naming): string {
  const changes = slotChanges(plan, waiting.plan);
  const more = changes.length - shownChangesMax;
  const named = (peer: string | undefined): string => (peer === undefined ? '-' : nameOf(names, peer));
  const rows = changes
    .slice(0, shownChangesMax)
    .map(({ group, slot, from, to }) => [group, String(slot + 1), named(from), named(to)]);
  return [
    planText(waiting.plan, names),
    '',
    waitingLine(plan, waiting),
    ...(rows.length === 0 ? [] : [tableText([['group', 'slot', 'now', 'then'], ...rows])]),
    ...(more > 0 ? [`and ${more} more: compare \`drey plan show --json\` with and without --waiting`] : []),
  ].join('\n');
}

/** One line for each copy of a popular pack. */
export const copyLines = (
  { popular }: Plan,
  names: Naming,
  isWanted: (pack: string) => boolean = () => true,
): readonly string[] =>
  (popular?.copies ?? [])
    .filter(({ pack }) => isWanted(pack))
    .map(
      ({ pack, machine, bytes, untilMs, reason }) =>
        `Pack ${pack.slice(0, 12)} has a whole copy on ${nameOf(names, machine)} (${bytesText(bytes)}) until ${timeText(untilMs)}, because ${oneLine(copyReasonText(reason))}.`,
    );

/** Why the machines of a group, by their names. */
export function groupText(plan: Plan, groupId: string, names: Naming): string {
  const named = (line: string): string =>
    oneLine([...names].reduce((words, [peer, name]) => words.replaceAll(peer, name), line));
  return explainGroup(plan, groupId).map(named).join('\n');
}
