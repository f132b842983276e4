// Section "Why": what the plan says about itself, and for each member of each group the numbers that a person can check.

import { copiesOf } from './copies.ts';
import { timeText } from './format.ts';
import { namesOf, number, type Section, title, words } from './section.ts';
import { type Cell, element, prose, table } from './tables.ts';

/** Peer ids inside sentences, in base58. */
const peerIds = /12D3Koo[1-9A-HJ-NP-Za-km-z]+/gu;

const timesText = (factor: number): string =>
  factor >= 1000 ? `${factor.toExponential(1)} ×` : `${factor.toPrecision(3)} ×`;

export const reasonsSection: Section = (view) => {
  const { plan } = view;
  if (plan === undefined) return title('reasons', 'Why', 'Reasons come with the first plan.');
  const nameOf = namesOf(view);
  const named = (text: string): string => text.replaceAll(peerIds, nameOf);
  const list = element('ul');
  for (const note of plan.notes) list.append(prose('li', named(note)));
  const rows = plan.classes.flatMap(({ groups }) =>
    groups.flatMap((group) =>
      group.reasons.map((reason, slot): Cell[] => [
        group.id,
        number(String(slot)),
        nameOf(reason.machine),
        number(`${(100 * reason.availability).toFixed(1)} %`),
        reason.domain ?? 'stands alone',
        reason.runnerUp === undefined ? 'nobody' : nameOf(reason.runnerUp),
        number(timesText(reason.swapLoss), reason.swapLoss),
        words(named(reason.binding ?? '')),
      ]),
    ),
  );
  return [
    ...title(
      'reasons',
      'Why',
      `Plan ${plan.epoch} of ${timeText(plan.computedMs)} by ${nameOf(plan.author)}, from ${plan.modelSource}.`,
    ),
    list,
    table({
      key: 'reasons',
      caption:
        'Why each member is in its group, and how much more often the group would fail with the runner-up',
      head: [
        'group',
        number('slot'),
        'machine',
        number('up'),
        'domain',
        'runner-up',
        number('failures with it'),
        words('what kept a better one out'),
      ],
      rows,
    }),
    ...copiesOf(view),
  ];
};
