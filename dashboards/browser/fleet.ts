// Section "Fleet": which machines there are, who was heard when, and what space they give.

import type { FleetView, MachineView } from '../../agent/view.ts';
import { bars } from './charts.ts';
import { agoText, bytesText, colours } from './format.ts';
import { counted, number, type Section, shownName, title, words } from './section.ts';
import { type Cell, table } from './tables.ts';

const gibibyte = 1024 ** 3;
/** More bars are not read: then those with the least space are shown. */
const barsMax = 40;

function stateSentence({ machines }: FleetView): string {
  const count = (state: MachineView['state']): number =>
    machines.filter((machine) => machine.state === state).length;
  const parts = [
    `${count('up')} of ${machines.length} ${machines.length === 1 ? 'machine is' : 'machines are'} up`,
    ...(count('silent') === 0 ? [] : [`${count('silent')} silent, which is allowed for a while`]),
    ...(count('gone') === 0 ? [] : [`${count('gone')} gone for too long`]),
    ...(count('revoked') === 0 ? [] : [`${count('revoked')} put out`]),
  ];
  return `${parts.join('; ')}.`;
}

const leastFirst = (machines: readonly MachineView[]): readonly MachineView[] =>
  machines.length <= barsMax
    ? machines
    : machines.toSorted((a, b) => (a.freeBytes ?? 0) - (b.freeBytes ?? 0)).slice(0, barsMax);

function spaceChart(machines: readonly MachineView[]): HTMLElement[] {
  const known = machines.filter(({ quotaBytes, state }) => quotaBytes !== undefined && state !== 'revoked');
  if (known.length === 0) return [];
  const shown = leastFirst(known);
  const which =
    shown.length < known.length ? ` (the ${shown.length} of ${known.length} with the least free)` : '';
  return [
    bars({
      key: 'space',
      label: `Space given to the fleet and free on the disk, in GiB, of ${counted(shown.length, 'machine')}${which}`,
      rows: shown.map(shownName),
      series: [
        {
          name: 'given to the fleet',
          values: shown.map(({ quotaBytes }) => (quotaBytes ?? 0) / gibibyte),
          colour: colours.main,
        },
        {
          name: 'free on its disk',
          values: shown.map(({ freeBytes }) => (freeBytes ?? 0) / gibibyte),
          colour: colours.pale,
        },
      ],
      axis: `GiB${which}`,
    }),
  ];
}

const bytesCell = (count: number | undefined): Cell =>
  count === undefined ? number('–', -1) : number(bytesText(count), count);

export const fleetSection: Section = (view) => {
  const rows = view.machines.map((machine): Cell[] => {
    const quietMs = machine.lastHeardMs === undefined ? undefined : view.atMs - machine.lastHeardMs;
    return [
      machine.peer === view.self ? `${shownName(machine)} (here)` : shownName(machine),
      { text: machine.state, kind: 'state' },
      number(quietMs === undefined ? 'not yet' : agoText(quietMs), quietMs ?? Number.MAX_VALUE),
      bytesCell(machine.freeBytes),
      bytesCell(machine.quotaBytes),
      number(String(machine.slotCount)),
      machine.domain ?? 'stands alone',
      words(machine.roles.join(', ')),
    ];
  });
  return [
    ...title('fleet', 'Fleet', stateSentence(view)),
    ...spaceChart(view.machines),
    table({
      key: 'machines',
      caption: 'Machines',
      head: [
        'machine',
        'state',
        number('heard'),
        number('free'),
        number('given'),
        number('slots'),
        'domain',
        words('roles'),
      ],
      rows,
    }),
  ];
};
