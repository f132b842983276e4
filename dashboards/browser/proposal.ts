// A plan that waits for an admin: why, what it would give to other machines, and what that does to the groups. The page approves nothing.

import type { FleetView } from '../../agent/view.ts';
import { survivalText, timeText } from './format.ts';
import { counted, namesOf, number } from './section.ts';
import { type Cell, element, prose, table } from './tables.ts';

const oddsIn = (plan: FleetView['plan']): ReadonlyMap<string, number> =>
  new Map(
    plan?.classes.flatMap(({ groups }) => groups.map(({ id, unavailability }) => [id, unavailability])),
  );

const odds = (unavailability: number | undefined): Cell =>
  unavailability === undefined ? 'none' : number(survivalText(unavailability), -unavailability);

const shareText = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** What is on machines that are gone is not moved but made again, and no machine knows what lies on all others. */
function changeText({ changes, repairCount, moveShare }: NonNullable<FleetView['waitingPlan']>): string {
  const repair =
    repairCount === 0 ? '' : `, ${repairCount} of them to replace machines that are gone or put out,`;
  const beside = repairCount === 0 ? '' : ' beside that';
  return `${counted(changes.length, 'slot')}${repair} and moves about ${shareText(moveShare)} of all bytes${beside}, judged by what one machine holds`;
}

/** Nothing where no plan waits. */
export function proposalOf(view: FleetView): readonly HTMLElement[] {
  const { waitingPlan, plan: held } = view;
  if (waitingPlan === undefined) return [];
  const { plan, reason, changes } = waitingPlan;
  const nameOf = namesOf(view);
  const named = (peer: string | undefined): string => (peer === undefined ? 'nobody' : nameOf(peer));
  const [before, after] = [oddsIn(held), oddsIn(plan)];
  const rows = changes.map(({ group, slot, from, to }): Cell[] => [
    group,
    number(String(slot)),
    named(from),
    named(to),
    odds(before.get(group)),
    odds(after.get(group)),
  ]);
  const box = element('div', '', { class: 'proposal', role: 'group', 'aria-labelledby': 'proposal-title' });
  box.append(
    element('h3', `Plan ${plan.epoch} waits for an admin`, { id: 'proposal-title' }),
    element(
      'p',
      `Made ${timeText(plan.computedMs)} by ${nameOf(plan.author)}. It waits because ${reason}. It changes ${changeText(waitingPlan)}. Until then the plan below holds.`,
      { class: 'note' },
    ),
    prose('p', `An admin approves it with \`drey plan approve ${plan.epoch}\`.`, { class: 'note' }),
    table({
      key: 'proposal',
      caption: 'Slots that it gives to other machines, and the survival of their groups over all hours',
      head: ['group', number('slot'), 'now', 'then', number('survival now'), number('survival then')],
      rows,
    }),
  );
  return [box];
}
