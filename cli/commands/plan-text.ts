// Plans in words: groups, copies and why. The only part of `drey plan` that needs the optimizer, so that other commands start without it.

import {
  copyReasonText,
  explainGroup,
  type PlacementLimits,
  type Plan,
  slotCountOf,
} from '../../optimizer/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { bytesText, oneLine, shareText, survivalText, tableText, timeText } from '../print.ts';

/** Names of machines by peer id. */
export type Naming = ReadonlyMap<string, string>;

const nameOf = (names: Naming, peer: string): string => names.get(peer) ?? peer.slice(-8);

const isEven = ({ heldOut }: Plan): boolean =>
  heldOut.every(
    ({ unavailableShare, unavailableShareBusiness }) => unavailableShare + unavailableShareBusiness === 0,
  );

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
    ...(scores.length === 0
      ? []
      : [
          'On held-out history, judged on groups of 3 whole copies, any 1 of which serves:',
          ...scores,
          ...(isEven(plan) ? ['  No policy missed an hour: this week decides nothing.'] : []),
        ]),
    ...plan.notes.map(oneLine),
  ].join('\n');
}

type WaitingPlan = NonNullable<FleetView['waitingPlan']>;

/** That another plan waits, why, and how much it would change. */
export function waitingLine(plan: Plan, waiting: WaitingPlan): string {
  const { plan: after, reason, moveShare, changes, repairCount } = waiting;
  const repair =
    repairCount === 0 ? '' : `, ${repairCount} of them to replace machines that are gone or put out,`;
  const beside = repairCount === 0 ? '' : ' beside that';
  return `Plan ${after.epoch} waits for approval: ${oneLine(reason)}. Against plan ${plan.epoch} it changes ${changes.length} of ${slotCountOf(after)} slots${repair} and moves about ${shareText(moveShare)} of all bytes${beside}, judged by what one machine holds.`;
}

const shownChangesMax = 40;

/** The plan that waits, and each slot that it gives to another machine than the one of now. */
export function waitingPlanText(plan: Plan, waiting: WaitingPlan, names: Naming): string {
  const { changes } = waiting;
  const more = changes.length - shownChangesMax;
  const named = (peer: string | undefined): string => (peer === undefined ? '-' : nameOf(names, peer));
  const rows = changes
    .slice(0, shownChangesMax)
    .map(({ group, slot, from, to }) => [group, String(slot), named(from), named(to)]);
  return [
    planText(waiting.plan, names),
    '',
    waitingLine(plan, waiting),
    ...(rows.length === 0 ? [] : [tableText([['group', 'slot', 'now', 'then'], ...rows])]),
    ...(more > 0 ? [`and ${more} more: compare \`drey plan show --json\` with and without --waiting`] : []),
    `An admin approves it with \`drey plan approve ${waiting.plan.epoch}\`.`,
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

/** Why the machines of a group, by their names; a pinned one is there whatever would do better. */
export function groupText(
  plan: Plan,
  groupId: string,
  { names, pins }: { readonly names: Naming; readonly pins: PlacementLimits['pins'] },
): string {
  const named = (line: string): string =>
    oneLine([...names].reduce((words, [peer, name]) => words.replaceAll(peer, name), line));
  const members =
    plan.classes.flatMap(({ groups }) => groups).find(({ id }) => id === groupId)?.members ?? [];
  const pinned = pins
    .filter(({ group, machine }) => group === groupId && members.includes(machine))
    .map(({ machine }) => `Pinned by an admin: ${machine} keeps its slot, whoever would do better.`);
  return [...explainGroup(plan, groupId), ...pinned].map(named).join('\n');
}
