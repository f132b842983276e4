// The sections of the page: what an admin asks of a fleet, each as a chart with its table, or a sentence where there is nothing.

import type { FleetView, MachineView } from '../../agent/view.ts';
import type { PlacementClass } from '../../optimizer/plan.ts';
import { bars, matrix } from './charts.ts';
import {
  agoText,
  aloneColour,
  bytesText,
  domainColour,
  domainMark,
  nines,
  survivalText,
  timeText,
} from './format.ts';
import { type Cell, element, folded, table } from './tables.ts';

export type Section = (view: FleetView) => readonly HTMLElement[];

const number = (text: string): Cell => ({ text, kind: 'number' });

const title = (id: string, text: string, note: string): HTMLElement[] => [
  element('h2', text, { id: `${id}-title` }),
  element('p', note, { class: 'note' }),
];

export const domainsOf = (view: FleetView): readonly string[] =>
  [...new Set(Object.values(view.plan?.domains ?? {}))].toSorted();

const nameOf = (view: FleetView, peer: string): string =>
  view.machines.find((machine) => machine.peer === peer)?.name ?? peer.slice(-8);

/** Machines of one domain side by side, those that stand alone last. */
const byDomain = (machines: readonly MachineView[]): readonly MachineView[] =>
  machines.toSorted(
    (a, b) => (a.domain ?? '~').localeCompare(b.domain ?? '~') || a.name.localeCompare(b.name),
  );

export const fleetSection: Section = (view) => {
  const gibibyte = 1024 ** 3;
  const given = view.machines.filter(({ quotaBytes }) => quotaBytes !== undefined).slice(0, 60);
  const rows = view.machines.map((machine): Cell[] => [
    machine.peer === view.self ? `${machine.name} (here)` : machine.name,
    { text: machine.state, kind: 'state' },
    machine.lastHeardMs === undefined ? 'never' : agoText(view.atMs - machine.lastHeardMs),
    number(machine.freeBytes === undefined ? '–' : bytesText(machine.freeBytes)),
    number(machine.quotaBytes === undefined ? '–' : bytesText(machine.quotaBytes)),
    number(String(machine.slotCount)),
    machine.domain ?? 'stands alone',
    machine.roles.join(', '),
  ]);
  return [
    ...title(
      'fleet',
      'Fleet',
      `${view.machines.filter(({ state }) => state === 'up').length} of ${view.machines.length} machines are up.`,
    ),
    ...(given.length === 0
      ? []
      : [
          bars({
            key: 'space',
            label: `Space that each of ${given.length} machines gives to the fleet, in GiB`,
            rows: given.map(({ name }) => name),
            series: [
              {
                name: 'given to the fleet',
                values: given.map(({ quotaBytes }) => (quotaBytes ?? 0) / gibibyte),
                colour: '#1f6f54',
              },
            ],
            axis: 'GiB given to the fleet',
          }),
        ]),
    table({
      caption: 'Machines',
      head: [
        'machine',
        'state',
        'heard',
        number('free'),
        number('given'),
        number('slots'),
        'domain',
        'roles',
      ],
      rows,
    }),
  ];
};

const shownMax = 200;

function placementOf(view: FleetView, { name, redundancy, groups }: PlacementClass): HTMLElement[] {
  const domains = domainsOf(view);
  const machines = byDomain(view.machines).filter(({ slotCount }) => slotCount > 0);
  const shown = groups.slice(0, shownMax);
  const label = (machine: MachineView): string => `${machine.name} · ${domainMark(machine.domain)}`;
  const cells = machines.slice(0, shownMax).flatMap((machine) =>
    shown.flatMap((group) => {
      const slot = group.members.indexOf(machine.peer);
      const domain = view.plan?.domains[machine.peer];
      return slot < 0
        ? []
        : [
            {
              x: group.id,
              y: label(machine),
              colour: domainColour(domains, domain),
              text: `${machine.name}, slot ${slot} of ${group.id}, ${domain ?? 'stands alone'}`,
            },
          ];
    }),
  );
  const key = `${name}-${redundancy.k}-${redundancy.n}`;
  const rows = groups.map((group): Cell[] => [
    group.id,
    ...[
      group.members
        .map((member) => `${nameOf(view, member)} (${domainMark(view.plan?.domains[member])})`)
        .join(', '),
    ],
  ]);
  return [
    element('h3', `${name} packs: any ${redundancy.k} of ${redundancy.n}`),
    matrix({
      key: `matrix-${key}`,
      label: `Which of ${machines.length} machines stand in which of ${groups.length} groups of ${name} packs, coloured by domain`,
      columns: shown.map(({ id }) => id),
      rows: machines.slice(0, shownMax).map(label),
      cells,
    }),
    folded(
      `groups-${key}`,
      `The ${groups.length} groups as a table`,
      table({
        caption: `Groups of ${name} packs, slot by slot, with each machine's domain`,
        head: ['group', 'members (domain)'],
        rows,
      }),
    ),
  ];
}

export const placementSection: Section = (view) => {
  const domains = domainsOf(view);
  const legend = element('p', '', { class: 'note' });
  for (const domain of [...domains, undefined]) {
    const swatch = element('span', '■ ');
    swatch.style.color = domain === undefined ? aloneColour : domainColour(domains, domain);
    legend.append(swatch, `${domain ?? 'stands alone (–)'}   `);
  }
  const classes = (view.plan?.classes ?? []).filter(({ groups }) => groups.length > 0);
  if (classes.length === 0)
    return title(
      'placement',
      'Placement',
      'There is no plan yet: a fleet needs four machines before it can place copies.',
    );
  return [
    ...title(
      'placement',
      'Placement',
      'Who holds shards of which group. A column should show different colours: machines of one colour fail together.',
    ),
    legend,
    ...classes.flatMap((placementClass) => placementOf(view, placementClass)),
  ];
};

export const survivalSection: Section = (view) => {
  const groups = (view.plan?.classes ?? []).flatMap(({ name, redundancy, groups: all }) =>
    all.map((group) => ({ ...group, kind: `${name} ${redundancy.k} of ${redundancy.n}` })),
  );
  if (groups.length === 0) return title('survival', 'Survival', 'There are no groups yet.');
  const now = new Map(view.groupsNow.map((group) => [group.group, group]));
  const shown = groups.slice(0, 60);
  const at = (hour: string): number[] =>
    shown.map((group) => nines(group.unavailabilityAt[hour] ?? group.unavailability));
  const marginText = (id: string): string => {
    const group = now.get(id);
    if (group === undefined) return '–';
    return group.margin < 0
      ? `cannot serve: ${group.upCount} of ${group.redundancy.n} up`
      : `${group.upCount} of ${group.redundancy.n} up, ${group.margin} may fail`;
  };
  const rows = groups.map((group): Cell[] => [
    group.id,
    group.kind,
    {
      text: marginText(group.id),
      kind: 'state',
      value:
        (now.get(group.id)?.margin ?? 0) < 0
          ? 'gone'
          : (now.get(group.id)?.margin ?? 1) === 0
            ? 'silent'
            : 'up',
    },
    number(survivalText(group.unavailabilityAt['03:00'] ?? group.unavailability)),
    number(survivalText(group.unavailabilityAt['10:00'] ?? group.unavailability)),
    number(survivalText(group.unavailability)),
  ]);
  return [
    ...title('survival', 'Survival', 'Odds that a group can serve: each nine is ten times fewer failures.'),
    bars({
      key: 'survival',
      label: `Nines of survival of ${shown.length} groups at 03:00, at 10:00 and over all hours`,
      rows: shown.map(({ id }) => id),
      series: [
        { name: 'workday 03:00', values: at('03:00'), colour: '#3c5bb8' },
        { name: 'workday 10:00', values: at('10:00'), colour: '#c2871a' },
        {
          name: 'all hours',
          values: shown.map(({ unavailability }) => nines(unavailability)),
          colour: '#1f8a68',
        },
      ],
      axis: 'nines of survival',
    }),
    table({
      caption: 'Survival of each group',
      head: ['group', 'class', 'now', number('03:00'), number('10:00'), number('all hours')],
      rows,
    }),
  ];
};

function trainingLine({ training }: FleetView): HTMLElement[] {
  if (training === undefined) return [];
  const line = element('div', '', { class: 'pair' });
  const bar = element('progress', '', {
    max: String(training.epochCount),
    value: String(training.epoch),
    'aria-label': `training ${training.model}`,
  });
  line.append(
    element('strong', `Training ${training.model}`),
    bar,
    `loss ${training.loss.toFixed(4)}, ${Math.ceil(training.secondsLeft)} s left`,
  );
  return [line];
}

function heldOutChart(view: FleetView): HTMLElement[] {
  const scores = view.plan?.heldOut ?? [];
  if (scores.length === 0) return [];
  const percent = (share: number): number => 100 * share;
  return [
    element('h3', 'Placement on held-out history'),
    bars({
      key: 'held-out',
      label: 'Unavailable share of group-hours in the held-out week, by policy; shorter is better',
      rows: scores.map(({ policy }) => policy),
      series: [
        {
          name: 'all hours',
          values: scores.map(({ unavailableShare }) => percent(unavailableShare)),
          colour: '#1f8a68',
        },
        {
          name: 'business hours',
          values: scores.map(({ unavailableShareBusiness }) => percent(unavailableShareBusiness)),
          colour: '#c2871a',
        },
      ],
      axis: '% of group-hours unavailable',
    }),
    table({
      caption: 'Unavailable share of group-hours in the held-out week',
      head: ['policy', number('all hours'), number('business hours')],
      rows: scores.map(({ policy, unavailableShare, unavailableShareBusiness }): Cell[] => [
        policy,
        number(`${percent(unavailableShare).toFixed(3)} %`),
        number(`${percent(unavailableShareBusiness).toFixed(3)} %`),
      ]),
    }),
  ];
}

export const modelsSection: Section = (view) => {
  const { models } = view;
  if (models === undefined)
    return [
      ...title(
        'models',
        'Models',
        'No model is trained yet: the best baseline serves until there are two weeks of history.',
      ),
      ...trainingLine(view),
      ...heldOutChart(view),
    ];
  const parts = models.summaries.flatMap((summary) => {
    const rows = [{ name: summary.model, value: summary.value }, ...summary.baselines];
    return [
      element('h3', `${summary.model}: the ${summary.serves} serves`),
      element('p', summary.reason, { class: 'note' }),
      bars({
        key: `model-${summary.model}`,
        label: `${summary.metric}, ${summary.better} is better, of the model and ${summary.baselines.length} baselines`,
        rows: rows.map(({ name }, index) => (index === 0 ? `model` : name)),
        series: [{ name: summary.metric, values: rows.map(({ value }) => value), colour: '#1f8a68' }],
        axis: `${summary.metric} (${summary.better} is better)`,
      }),
      folded(
        `scores-${summary.model}`,
        'Scores as a table',
        table({
          caption: summary.metric,
          head: ['', number('score')],
          rows: rows.map(({ name, value }): Cell[] => [name, number(value.toPrecision(4))]),
        }),
      ),
    ];
  });
  return [
    ...title(
      'models',
      'Models',
      `Version ${models.version}, trained ${timeText(models.trainedMs)}, judged on history that it did not see.`,
    ),
    ...trainingLine(view),
    ...parts,
    ...heldOutChart(view),
  ];
};

export const reasonsSection: Section = (view) => {
  const { plan } = view;
  if (plan === undefined) return title('reasons', 'Why', 'Reasons come with the first plan.');
  const list = element('ul');
  for (const note of plan.notes) list.append(element('li', note));
  const rows = plan.classes.flatMap(({ groups }) =>
    groups.flatMap((group) =>
      group.reasons.map((reason, slot): Cell[] => [
        group.id,
        number(String(slot)),
        nameOf(view, reason.machine),
        number(`${(100 * reason.availability).toFixed(1)} %`),
        reason.domain ?? 'stands alone',
        reason.runnerUp === undefined ? 'nobody' : nameOf(view, reason.runnerUp),
        number(`${reason.swapLoss.toPrecision(3)} ×`),
        (reason.binding ?? '').replaceAll(/12D3Koo\w+/gu, (peer) => nameOf(view, peer)),
      ]),
    ),
  );
  return [
    ...title(
      'reasons',
      'Why',
      `Plan ${plan.epoch} of ${timeText(plan.computedMs)} by ${nameOf(view, plan.author)}, from ${plan.modelSource}.`,
    ),
    list,
    table({
      caption: 'Why each member is in its group',
      head: [
        'group',
        number('slot'),
        'machine',
        number('up'),
        'domain',
        'runner-up',
        number('failures with it'),
        'what kept a better one out',
      ],
      rows,
    }),
  ];
};

export const drivesSection: Section = (view) => {
  if (view.drives.length === 0)
    return title('drives', 'Drives', 'No folder is protected yet: `drey protect PATH` starts it.');
  const rows = view.drives.map((drive): Cell[] => {
    const last = drive.snapshots.at(-1);
    return [
      drive.path ?? `${drive.drive.slice(0, 8)} (sealed)`,
      nameOf(view, drive.owner),
      last === undefined ? 'none yet' : timeText(last.atMs),
      number(String(drive.snapshots.length)),
      number(last === undefined ? '–' : String(last.fileCount)),
      number(last === undefined ? '–' : bytesText(last.byteCount)),
      drive.pending === undefined
        ? (drive.watcher ?? '')
        : `${drive.pending.shardsStored} of ${drive.pending.shardsWanted} shards stored`,
    ];
  });
  return [
    ...title('drives', 'Drives', 'Protected folders and their newest snapshots.'),
    table({
      caption: 'Drives',
      head: [
        'drive',
        'owner',
        'newest snapshot',
        number('snapshots'),
        number('files'),
        number('size'),
        'state',
      ],
      rows,
    }),
  ];
};

export const healthSection: Section = (view) => {
  const health = view.health.map((line): Cell[] => [
    { text: line.level, kind: 'level' },
    line.subject,
    `${line.text} ${line.advice ?? ''}`.trim(),
  ]);
  const events = view.events
    .toReversed()
    .map((line): Cell[] => [timeText(line.atMs), { text: line.level, kind: 'level' }, line.text]);
  const { work } = view;
  return [
    ...title(
      'health',
      'Health and events',
      `This machine holds ${work.heldShards} shards, ${bytesText(work.heldBytes)}; to fetch ${work.shardsToRebuild}, to send ${work.shardsToSend}, to remove ${work.shardsToRemove}.`,
    ),
    table({ caption: 'Health', head: ['level', 'subject', 'what it is'], rows: health }),
    folded(
      'events',
      `${events.length} events`,
      table({ caption: 'Events, newest first', head: ['when', 'level', 'what happened'], rows: events }),
    ),
  ];
};
