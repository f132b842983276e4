// Section "Placement": machines × groups, coloured by domain. A large fleet is shown window by window; the table has all.

import type { FleetView, MachineView } from '../../agent/view.ts';
import type { PlacementClass } from '../../optimizer/plan.ts';
import { matrix, matrixColumnsMax } from './charts.ts';
import { aloneColour, domainColour, domainMark } from './format.ts';
import {
  byDomain,
  counted,
  domainsOf,
  inviteText,
  namesOf,
  type Section,
  shownName,
  title,
  words,
} from './section.ts';
import { proposalOf } from './proposal.ts';
import { type Cell, element, folded, pagerOf, replaceContent, table } from './tables.ts';

/** As many squares as can be told apart on a common screen. */
const rowsMax = 60;
const columnsMax = 40;

/** Columns that can be read on this screen, or sheet. */
export function columnsInSight({ machines }: FleetView): number {
  const letters = machines.map((machine) => `${shownName(machine)} · ${domainMark(machine.domain)}`.length);
  const section = document.querySelector<HTMLElement>('#placement');
  return Math.min(columnsMax, matrixColumnsMax(section, Math.max(0, ...letters)));
}

/** Columns of a window: in a large fleet so few that most of their members fit into its rows. */
const columnsFor = (view: FleetView, n: number): number =>
  view.machines.length <= rowsMax
    ? columnsInSight(view)
    : Math.min(columnsInSight(view), Math.max(8, Math.floor(rowsMax / n)));

/** What its reader chose to see; windows start at these counts. */
const chosen = { className: '', machinesFrom: 0, groupsFrom: 0 };

const keyOf = ({ name, redundancy }: PlacementClass): string => `${name}-${redundancy.k}-${redundancy.n}`;

function classChoice(classes: readonly PlacementClass[], redraw: () => void): HTMLElement {
  const label = element('label', 'Packs ');
  const select = element('select', '', { 'data-key': 'packs' }) as HTMLSelectElement;
  for (const one of classes) {
    const text = `${one.name}: any ${one.redundancy.k} of ${one.redundancy.n} restore one`;
    const option = element('option', text, { value: keyOf(one) }) as HTMLOptionElement;
    option.selected = keyOf(one) === chosen.className;
    select.append(option);
  }
  select.addEventListener('change', () => {
    chosen.className = select.value;
    chosen.groupsFrom = 0;
    redraw();
  });
  label.append(select);
  return label;
}

/** A longer legend is not read: then the marks in squares and after names speak for themselves. */
const legendMax = 16;

function legendOf(domains: readonly string[], machines: readonly MachineView[]): HTMLElement {
  const shown = new Set(machines.map(({ domain }) => domain));
  if (shown.size > legendMax)
    return element('p', 'The mark in a square and after a name is its domain; a dash stands alone.', {
      class: 'note',
    });
  const list = element('ul', '', { class: 'legend', 'aria-label': 'Domains and their colours' });
  for (const domain of [...domains, undefined].filter((one) => shown.has(one))) {
    const item = element('li');
    const swatch = element('span', domainMark(domain), { class: 'swatch', 'aria-hidden': 'true' });
    swatch.style.backgroundColor = domain === undefined ? aloneColour : domainColour(domains, domain);
    item.append(swatch, domain ?? 'stands alone');
    list.append(item);
  }
  return list;
}

interface Windows {
  readonly machineCount: number;
  readonly groupCount: number;
  readonly columns: number;
  readonly redraw: () => void;
}

function windowPagers({ machineCount, groupCount, columns, redraw }: Windows): HTMLElement {
  const pagers = element('div', '', { class: 'pager' });
  const machines = { from: chosen.machinesFrom, size: rowsMax, count: machineCount, what: 'machines' };
  const groups = { from: chosen.groupsFrom, size: columns, count: groupCount, what: 'groups' };
  pagers.append(
    ...pagerOf({
      ...groups,
      turn: (by) => {
        chosen.groupsFrom = Math.max(0, chosen.groupsFrom + by * columns);
        chosen.machinesFrom = 0;
        redraw();
      },
    }),
    ...pagerOf({
      ...machines,
      turn: (by) => {
        chosen.machinesFrom += by * rowsMax;
        redraw();
      },
    }),
  );
  return pagers;
}

/** The start of a window that still has something in it. */
const startWithin = (from: number, count: number): number => (from < count ? from : 0);

function matrixOf(view: FleetView, placementClass: PlacementClass, redraw: () => void): HTMLElement[] {
  const domains = domainsOf(view);
  const slots = new Map(
    placementClass.groups.flatMap(({ id, members }) =>
      members.map((member, slot) => [`${id} ${member}`, slot] as const),
    ),
  );
  const columns = columnsFor(view, placementClass.redundancy.n);
  chosen.groupsFrom = startWithin(chosen.groupsFrom, placementClass.groups.length);
  const groups = placementClass.groups.slice(chosen.groupsFrom, chosen.groupsFrom + columns);
  const members = new Set<string>(groups.flatMap((group) => group.members));
  const isSmall = view.machines.length <= rowsMax;
  const machines = byDomain(view.machines).filter(
    ({ peer, state }) => members.has(peer) || (isSmall && state !== 'revoked'),
  );
  chosen.machinesFrom = startWithin(chosen.machinesFrom, machines.length);
  const rows = machines.slice(chosen.machinesFrom, chosen.machinesFrom + rowsMax);
  const cells = rows.flatMap((machine) =>
    groups.flatMap(({ id }) => {
      const slot = slots.get(`${id} ${machine.peer}`);
      if (slot === undefined) return [];
      const text = `${shownName(machine)}, slot ${slot} of ${id}, ${machine.domain ?? 'stands alone'}`;
      const colour = domainColour(domains, machine.domain);
      return [{ x: id, y: machine.peer, colour, mark: domainMark(machine.domain), text }];
    }),
  );
  return [
    legendOf(domains, rows),
    matrix({
      key: 'matrix',
      label: `Which of ${counted(rows.length, 'machine')} stand in which of ${counted(groups.length, 'group')} of ${placementClass.name} packs, coloured and numbered by domain`,
      columns: groups.map(({ id }) => id),
      rows: rows.map((machine) => ({
        id: machine.peer,
        name: shownName(machine),
        mark: domainMark(machine.domain),
      })),
      cells,
    }),
    windowPagers({
      machineCount: machines.length,
      groupCount: placementClass.groups.length,
      columns,
      redraw,
    }),
  ];
}

function groupsTable(view: FleetView, { name, groups }: PlacementClass): HTMLElement {
  const nameOf = namesOf(view);
  const rows = groups.map((group): Cell[] => [
    group.id,
    words(
      group.members
        .map((member) => `${nameOf(member)} (${domainMark(view.plan?.domains[member])})`)
        .join(', '),
    ),
  ]);
  return folded(
    'groups',
    groups.length === 1 ? 'The group as a table' : `The ${groups.length} groups as a table`,
    table({
      key: 'groups',
      caption: `Groups of ${name} packs, slot by slot, with each machine's domain`,
      head: ['group', words('members (domain)')],
      rows,
    }),
  );
}

export const placementSection: Section = (view) => {
  const classes = (view.plan?.classes ?? []).filter(({ groups }) => groups.length > 0);
  const first = classes[0];
  if (first === undefined)
    return title(
      'placement',
      'Placement',
      `There is no plan yet. A fleet needs four machines: one that owns a file and three that hold it.${inviteText(view)}`,
    );
  const content = element('div');
  const redraw = (): void => {
    const shown = classes.find((one) => keyOf(one) === chosen.className) ?? first;
    replaceContent(content, [...matrixOf(view, shown, redraw), groupsTable(view, shown)]);
  };
  redraw();
  return [
    ...title(
      'placement',
      'Placement',
      'Who holds shards of which group. A column should show different numbers: machines of one domain fail together.',
    ),
    ...proposalOf(view),
    classChoice(classes, redraw),
    content,
  ];
};
