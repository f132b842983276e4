// Section "Models": each model against its baselines, what serves and why, training as it runs, and placement on held-out history.

import type { FleetView } from '../../agent/view.ts';
import { bars } from './charts.ts';
import { colours, timeText } from './format.ts';
import { number, type Section, title } from './section.ts';
import { type Cell, element, folded, prose, table } from './tables.ts';

type Models = NonNullable<FleetView['models']>;

function trainingLine({ training }: FleetView): HTMLElement[] {
  if (training === undefined) return [];
  const line = element('p', '', { class: 'training', role: 'status' });
  const bar = element('progress', '', {
    max: String(training.epochCount),
    value: String(training.epoch),
    'aria-label': `training ${training.model}`,
  });
  line.append(
    element('strong', `Training ${training.model}`),
    bar,
    `pass ${training.epoch} of ${training.epochCount}, loss ${training.loss.toFixed(4)}, ${Math.ceil(training.secondsLeft)} s left`,
  );
  return [line];
}

const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;

/** Policies are compared on whole copies, also where packs of the plan are cut otherwise (`agent/live/planner-worker.ts`). */
function judgedText(scores: NonNullable<FleetView['plan']>['heldOut']): string {
  const judged = 'Judged on groups of 3 whole copies, any 1 of which serves.';
  const isEven = scores.every(
    ({ unavailableShare, unavailableShareBusiness }) => unavailableShare + unavailableShareBusiness === 0,
  );
  return isEven ? `${judged} No policy missed an hour: this week decides nothing.` : judged;
}

function heldOutChart(view: FleetView): HTMLElement[] {
  const scores = view.plan?.heldOut ?? [];
  if (scores.length === 0) return [];
  const part = element('div');
  part.append(
    element('h3', 'Placement on held-out history'),
    element(
      'p',
      `How often groups of each policy could not serve in a week that none of them saw; shorter is better. ${judgedText(scores)}`,
      { class: 'note' },
    ),
    bars({
      key: 'held-out',
      label: `Unavailable share of group-hours in the held-out week, of groups of 3 whole copies, by ${scores.length} policies; shorter is better`,
      rows: scores.map(({ policy }) => policy),
      series: [
        {
          name: 'all hours',
          values: scores.map(({ unavailableShare }) => 100 * unavailableShare),
          colour: colours.main,
        },
        {
          name: 'business hours',
          values: scores.map(({ unavailableShareBusiness }) => 100 * unavailableShareBusiness),
          colour: colours.day,
        },
      ],
      axis: '% of group-hours unavailable',
    }),
    table({
      key: 'held-out',
      caption: 'Unavailable share of group-hours in the held-out week, of groups of 3 whole copies',
      head: ['policy', number('all hours'), number('business hours')],
      rows: scores.map(({ policy, unavailableShare, unavailableShareBusiness }): Cell[] => [
        policy,
        number(percent(unavailableShare)),
        number(percent(unavailableShareBusiness)),
      ]),
    }),
  );
  return [part];
}

/** The row of what serves, the model being the first: its bar is the dark one. */
function servingRow({ serves, baselines, better }: Models['summaries'][number]): number {
  if (serves === 'model') return 0;
  const values = baselines.map(({ value }) => value);
  const best = better === 'lower' ? Math.min(...values) : Math.max(...values);
  return 1 + values.indexOf(best);
}

function modelPart(summary: Models['summaries'][number]): HTMLElement {
  const rows = [{ name: 'the model', value: summary.value }, ...summary.baselines];
  const serving = servingRow(summary);
  const part = element('div');
  part.append(
    element('h3', `${summary.model}: the ${summary.serves} serves`),
    prose('p', summary.reason, { class: 'note' }),
    bars({
      key: `model-${summary.model}`,
      label: `${summary.metric}, ${summary.better} is better, of the ${summary.model} model and ${summary.baselines.length} baselines`,
      rows: rows.map(({ name }) => name),
      series: [
        {
          name: summary.metric,
          values: rows.map(({ value }) => value),
          colour: rows.map((_, index) => (index === serving ? colours.main : colours.pale)),
        },
      ],
      axis: `${summary.metric} (${summary.better} is better)`,
    }),
    folded(
      `scores-${summary.model}`,
      'Scores as a table',
      table({
        key: `scores-${summary.model}`,
        caption: `${summary.metric}; ${summary.better} is better`,
        head: ['who', number('score')],
        rows: rows.map(({ name, value }): Cell[] => [name, number(value.toPrecision(4), value)]),
      }),
    ),
  );
  return part;
}

export const modelsSection: Section = (view) => {
  const { models } = view;
  const note =
    models === undefined
      ? 'No model is trained yet: the best baseline serves until there is history enough to learn from and to judge on.'
      : `Version ${models.version}, trained ${timeText(models.trainedMs)}, judged on history that it did not see. A model serves only where it beats every baseline; the bar of what serves is green.`;
  const parts = [...(models?.summaries ?? []).map(modelPart), ...heldOutChart(view)];
  const columns = element('div', '', { class: 'columns' });
  columns.append(...parts);
  return [
    ...title('models', 'Models', note),
    ...trainingLine(view),
    ...(parts.length === 0 ? [] : [columns]),
  ];
};
