// Section "Survival": what each group can lose now, and its odds at night, by day and over all hours; the weakest first.

import type { FleetView, GroupNowView } from '../../agent/view.ts';
import type { PlacementClass, PlacementGroup } from '../../optimizer/plan.ts';
import { bars } from './charts.ts';
import { colours, nines, survivalText } from './format.ts';
import { counted, isAssumed, number, type Section, title } from './section.ts';
import { type Cell, element, table } from './tables.ts';

/** More bars are not read; the table has all groups. */
const barsMax = 16;

type GroupsNow = ReadonlyMap<string, GroupNowView>;

const at = (group: PlacementGroup, hour: string): number =>
  group.unavailabilityAt[hour] ?? group.unavailability;

function nowCell(now: GroupNowView | undefined): Cell {
  if (now === undefined) return '–';
  const { upCount, margin, redundancy } = now;
  const up = `${upCount} of ${redundancy.n} up`;
  if (margin < 0) return { text: `${up}: not restorable now`, kind: 'state', value: 'gone', order: margin };
  if (margin === 0) return { text: `${up}: none may fail`, kind: 'state', value: 'silent', order: margin };
  return { text: `${up}: ${margin} may fail`, kind: 'state', value: 'up', order: margin };
}

function classChart({ name, redundancy, groups }: PlacementClass, now: GroupsNow): HTMLElement[] {
  const weakest = groups.toSorted((a, b) => b.unavailability - a.unavailability).slice(0, barsMax);
  const which =
    weakest.length < groups.length
      ? `The ${weakest.length} weakest of ${groups.length} groups.`
      : `All ${groups.length} groups, the weakest first.`;
  const upText = ({ id }: PlacementGroup): string => {
    const known = now.get(id);
    return known === undefined ? id : `${id} · ${known.upCount}/${redundancy.n} up`;
  };
  const values = (hour: string): number[] => weakest.map((group) => nines(at(group, hour)));
  return [
    element('h3', `${name} packs: any ${redundancy.k} of ${redundancy.n}`),
    element('p', which, { class: 'note' }),
    bars({
      key: `survival-${name}-${redundancy.k}-${redundancy.n}`,
      label: `Nines of survival of ${counted(weakest.length, 'group')} of ${name} packs at 03:00, at 10:00 and over all hours`,
      rows: weakest.map(upText),
      series: [
        { name: 'workday 03:00', values: values('03:00'), colour: colours.night },
        { name: 'workday 10:00', values: values('10:00'), colour: colours.day },
        { name: 'all hours', values: values('all hours'), colour: colours.main },
      ],
      axis: 'nines of survival (3 = 99.9 %)',
    }),
  ];
}

function survivalTable(classes: readonly PlacementClass[], now: GroupsNow): HTMLElement {
  const odds = (unavailability: number): Cell => number(survivalText(unavailability), -unavailability);
  const rows = classes.flatMap(({ name, redundancy, groups }) =>
    groups.map((group): Cell[] => [
      group.id,
      `${name} ${redundancy.k} of ${redundancy.n}`,
      nowCell(now.get(group.id)),
      odds(at(group, '03:00')),
      odds(at(group, '10:00')),
      odds(group.unavailability),
    ]),
  );
  return table({
    key: 'survival',
    caption: 'Survival of each group',
    head: ['group', 'packs', 'now', number('03:00'), number('10:00'), number('all hours')],
    rows,
  });
}

export const survivalSection: Section = (view: FleetView) => {
  const classes = (view.plan?.classes ?? []).filter(({ groups }) => groups.length > 0);
  if (classes.length === 0)
    return title('survival', 'Survival', 'There are no groups yet: their odds come with the first plan.');
  const now = new Map(view.groupsNow.map((group) => [group.group, group]));
  const charts = element('div', '', { class: 'columns' });
  for (const one of classes) {
    const column = element('div');
    column.append(...classChart(one, now));
    charts.append(column);
  }
  return [
    ...title(
      'survival',
      'Survival',
      'Share of hours in which enough members of a group are up to restore from it. In the others its files are out of reach until machines are back, not lost. Each nine means ten times fewer such hours. 03:00 stands for workdays from 0:00 to 6:00, 10:00 for 8:00 to 12:00, in the time zone of most machines.',
    ),
    ...(isAssumed(view)
      ? [
          element(
            'p',
            'Nothing is known of the machines yet: these numbers only follow from what is assumed of every one of them, and say nothing about this fleet.',
            { class: 'note' },
          ),
        ]
      : []),
    charts,
    survivalTable(classes, now),
  ];
};
