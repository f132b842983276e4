// `drey models`: train on the telemetry that this machine received, list what was trained and how it scored.

import type { Command } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import type { ModelSummary } from '../../agent/codec/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { spanText, tableText, timeText } from '../print.ts';
import { trainingProgress } from '../training-progress.ts';

async function train(options: CommonOptions): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'train',
    request: {},
    ...trainingProgress(options),
  });
  show(options, answer, () =>
    [
      `Trained ${answer.version} with ${answer.backend} in ${spanText(answer.seconds * 1000)}.`,
      ...answer.domains.map((domain) => `  ${domain.name}: ${domain.machines.length} machines`),
      'See `drey models list`; `drey plan compute` makes a plan of it.',
    ].join('\n'),
  );
}

function summaryRow(summary: ModelSummary): string[] {
  const best = summary.baselines.toSorted((a, b) =>
    summary.better === 'lower' ? a.value - b.value : b.value - a.value,
  )[0];
  return [
    summary.model,
    summary.metric,
    summary.value.toPrecision(4),
    best === undefined ? '-' : `${best.value.toPrecision(4)} (${best.name})`,
    summary.serves,
    summary.reason,
  ];
}

async function list(options: CommonOptions): Promise<void> {
  const { models } = await askAgent({ home: homeOf(options), call: 'view', request: {} });
  show(options, models ?? null, () =>
    models === undefined
      ? 'No model is trained yet: the best baseline serves. `drey models train` trains on the telemetry so far.'
      : [
          `Version ${models.version}, trained ${timeText(models.trainedMs)} UTC`,
          tableText([
            ['model', 'metric', 'score', 'best baseline', 'serves', 'why'],
            ...models.summaries.map(summaryRow),
          ]),
        ].join('\n'),
  );
}

/** Adds `models train | list`. */
export function addModelsCommands(program: Command): void {
  const models = program
    .command('models')
    .description('the learned models, and how they score beside their baselines');
  withCommonOptions(
    models.command('train').description('train on the telemetry that this machine has'),
    'drey models train',
  ).action(train);
  withCommonOptions(
    models.command('list').description('what serves, with its scores'),
    'drey models list --json',
  ).action(list);
}
