// Copies of popular packs, as the plan names them: where, until when, and the numbers that made them worth their bytes.

import type { FleetView } from '../../agent/view.ts';
import { bytesText, timeText } from './format.ts';
import { namesOf, number, words } from './section.ts';
import { type Cell, element, table } from './tables.ts';

/** Nothing where the plan has none: most fleets stand in one place. */
export function copiesOf(view: FleetView): readonly HTMLElement[] {
  const copies = view.plan?.popular?.copies ?? [];
  if (copies.length === 0) return [];
  const nameOf = namesOf(view);
  const rows = copies.map(({ pack, machine, owner, bytes, untilMs, reason }): Cell[] => [
    pack.slice(0, 12),
    nameOf(owner),
    nameOf(machine),
    number(bytesText(bytes), bytes),
    number(timeText(untilMs), untilMs),
    number(reason.reads.toFixed(1), reason.reads),
    number(`${(100 * reason.farShare).toFixed(0)} %`),
    words(`${reason.site} reads it often, and little of it lies there`),
  ]);
  return [
    element(
      'p',
      'Whole copies of packs that are often restored, near those who do. They go by themselves and count for nobody’s safety.',
      { class: 'note' },
    ),
    table({
      key: 'copies',
      caption: 'Copies of popular packs, and why they are there',
      head: [
        'pack',
        'owner',
        'machine',
        number('size'),
        number('until'),
        number('reads a week'),
        number('far away without it'),
        words('why'),
      ],
      rows,
    }),
  ];
}
