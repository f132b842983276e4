// `drey models`: train, judge, compare, promote and roll back versions, and read their cards; from a fleet's own telemetry through
// its agent, or from files on a machine that is in no fleet.

import type { Command } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { homeOf, show, withCommonOptions } from '../command.ts';
import {
  commandOfCard,
  type DataOptions,
  readData,
  readNamedData,
  registryOf,
  type RegistryOptions,
  trainingCommand,
  typedCommand,
  withData,
  withRegistry,
} from '../model-files.ts';
import { checkOutFolder, writeInto, writeOutFile } from '../out-files.ts';
import { spanText, tableText, timeText } from '../print.ts';
import { trainingProgress } from '../training-progress.ts';
import type { ListedVersion } from './models-text.ts';

/** It needs the models, which other commands need not wait for. */
const loadTexts = () => import('./models-text.ts');

/** What is asked of a fleet can be asked of files too: whoever has no fleet learns so. */
function sayFiles(error: unknown, advice: string): never {
  if (!(error instanceof DreyError) || error.code !== 'no-fleet-here') throw error;
  const { code, message } = error;
  throw new DreyError({ code, message, advice: `${advice} ${error.advice}`, cause: error });
}

interface TrainOptions extends RegistryOptions, DataOptions {
  readonly seed: string;
}

async function train(options: TrainOptions): Promise<void> {
  const { data } = options;
  if (data !== undefined) return trainFromFile({ ...options, data });
  const answer = await askAgent({
    home: homeOf(options),
    call: 'train',
    request: {},
    ...trainingProgress(options),
  }).catch((error: unknown) =>
    sayFiles(error, 'Without a fleet, train on a file: --data FILE --registry FOLDER.'),
  );
  show(options, answer, () =>
    [
      `Trained ${answer.version} with ${answer.backend} in ${spanText(answer.seconds * 1000)}.`,
      ...answer.domains.map((domain) => `  ${domain.name}: ${domain.machines.length} machines`),
      'See `drey models list`; `drey plan compute` makes a plan of it.',
    ].join('\n'),
  );
}

/** The folder of versions, as it is written into. */
const placeOf = (options: RegistryOptions): { readonly folder: string; readonly option: string } => ({
  folder: registryOf(options),
  option: options.registry === undefined ? '--home' : '--registry',
});

const typed = (command: string, options: RegistryOptions): string =>
  `\`${typedCommand(`drey models ${command}`, options)}\``;

async function trainFromFile(options: TrainOptions & { readonly data: string }): Promise<void> {
  const { trainModels } = await import('../../models/index.ts');
  const history = await readData(options);
  checkOutFolder(registryOf(options), '--registry');
  const { report } = trainingProgress(options);
  const trained = await writeInto(placeOf(options), () =>
    trainModels({
      history,
      seed: options.seed,
      registryFolder: registryOf(options),
      nowMs: Date.now(),
      command: trainingCommand(options),
      onProgress: (progress) => report?.({ kind: 'training', ...progress }),
    }),
  );
  const { version, backend, seconds, cards, domains } = trained;
  const { domainLines } = await loadTexts();
  show(options, { version, backend, seconds, cards, domains }, () =>
    [
      `Trained ${version} with ${backend} in ${spanText(seconds * 1000)}, on ${history.machines.length} machines × ${history.slotCount} hours.`,
      ...cards.map(({ model, serves, reason }) => `  ${model}: the ${serves} serves; ${reason}`),
      ...domainLines(trained),
      `See ${typed('card latest', options)}; ${typed('promote latest', options)} lets it serve.`,
    ].join('\n'),
  );
}

async function list(options: RegistryOptions): Promise<void> {
  if (options.registry !== undefined) return listFolder(options);
  const { listModels, servingVersion } = await import('../../models/index.ts');
  const view = await askAgent({ home: homeOf(options), call: 'view', request: {} }).catch(
    (error: unknown) => {
      // Promotion needs no agent, so neither does what it chooses from.
      if (hasVersions(error, listModels(registryOf(options)))) return undefined;
      return sayFiles(error, 'Without a fleet, name a folder of versions with --registry.');
    },
  );
  if (view === undefined) return listFolder(options);
  const { models } = view;
  const { summariesText } = await loadTexts();
  const promoted = servingVersion(registryOf(options));
  const notes = promoted === undefined ? [] : [`Version ${promoted} is promoted on this machine.`];
  show(options, models ?? null, () =>
    models === undefined
      ? [
          ...notes,
          'No model is trained yet: the best baseline serves. `drey models train` trains on the telemetry so far.',
        ].join('\n')
      : [
          ...notes,
          `Version ${models.version}, trained ${timeText(models.trainedMs)}`,
          summariesText(models.summaries),
        ].join('\n'),
  );
}

const hasVersions = (error: unknown, versions: readonly string[]): boolean =>
  error instanceof DreyError &&
  ['no-fleet-here', 'agent-not-running'].includes(error.code) &&
  versions.length > 0;

async function listFolder(options: RegistryOptions): Promise<void> {
  const { brokenModels, listModels, servingVersion } = await import('../../models/index.ts');
  const folder = registryOf(options);
  const serving = servingVersion(folder);
  const names = [...listModels(folder), ...brokenModels(folder)].toSorted();
  const found = await Promise.all(names.map(async (name) => versionRow(folder, name)));
  const versions = found.map((one) => ({ ...one, isPromoted: one.version === serving }));
  const { versionCells } = await loadTexts();
  show(options, versions, () =>
    versions.length === 0
      ? `There is no version in ${folder}: ${typed('train --data FILE', options)} makes one.`
      : tableText([
          ['version', 'trained', 'machines', 'hours', 'learned models that serve', ''],
          ...versions.map((one) => [...versionCells(one), one.isPromoted ? 'promoted' : '']),
        ]),
  );
}

/** One damaged version hides none of the others. */
async function versionRow(folder: string, version: string): Promise<ListedVersion> {
  const { readModels } = await import('../../models/index.ts');
  try {
    const { forecast: _, weights: __, ...rest } = readModels(folder, version);
    return rest;
  } catch (error) {
    if (error instanceof DreyError && error.code === 'model-damaged') return { version, isDamaged: true };
    throw error;
  }
}

type FileOptions = RegistryOptions & DataOptions;

async function evaluate(version: string, options: FileOptions): Promise<void> {
  const { evaluateModels, readModels, resolveVersion } = await import('../../models/index.ts');
  const folder = registryOf(options);
  const stored = readModels(folder, resolveVersion(folder, version));
  const evaluation = await evaluateModels(stored, await readNamedData(options));
  const { evaluationText } = await loadTexts();
  show(options, evaluation, () => evaluationText(evaluation));
}

async function compare(first: string, second: string, options: FileOptions): Promise<void> {
  const { compareEvaluations, evaluateModels, judgedFrom, readModels, resolveVersion } =
    await import('../../models/index.ts');
  const folder = registryOf(options);
  const [a, b] = [first, second].map((name) => readModels(folder, resolveVersion(folder, name)));
  const history = await readNamedData(options);
  // Both are judged on hours that neither saw, where there are any.
  const fromSlot = judgedFrom(history, Math.max(a!.historyEndMs, b!.historyEndMs));
  const evaluations = [
    await evaluateModels(a!, history, fromSlot),
    await evaluateModels(b!, history, fromSlot),
  ] as const;
  const models = compareEvaluations(...evaluations);
  const { comparisonText } = await loadTexts();
  show(options, { evaluations, models }, () =>
    [
      ...evaluations
        .filter(({ hasSeen }) => hasSeen)
        .map(({ version }) => `${version} was trained on hours of this span: its scores flatter it.`),
      comparisonText([a!.version, b!.version], models),
    ].join('\n'),
  );
}

async function promoteVersion(text: string, options: FileOptions): Promise<void> {
  const { evaluateModels, promote, readModels, resolveVersion } = await import('../../models/index.ts');
  const folder = registryOf(options);
  const version = resolveVersion(folder, text);
  const { data } = options;
  const evaluation =
    data === undefined
      ? undefined
      : await evaluateModels(readModels(folder, version), await readData({ ...options, data }));
  const entry = await writeInto(placeOf(options), () =>
    promote(folder, {
      version,
      nowMs: Date.now(),
      ...(evaluation === undefined ? {} : { evaluation }),
    }),
  );
  show(
    options,
    entry,
    () =>
      `${version} is promoted: ${entry.reason}.\nThe agent that owns this folder places by it from its next plan on; ${typed('rollback', options)} takes it back.`,
  );
}

async function rollback(options: RegistryOptions): Promise<void> {
  const { rollBack } = await import('../../models/index.ts');
  const entry = await writeInto(placeOf(options), () => rollBack(registryOf(options), Date.now()));
  show(options, entry, () =>
    entry.version === undefined
      ? 'Rolled back: nothing is promoted; each training serves as its own gate says.'
      : `Rolled back: ${entry.version} serves again.`,
  );
}

async function card(version: string, options: RegistryOptions & { readonly html?: string }): Promise<void> {
  const { cardHtml, cardPage, readModels, resolveVersion } = await import('../../models/index.ts');
  const folder = registryOf(options);
  const found = readModels(folder, resolveVersion(folder, version));
  const command = commandOfCard(found.command, options);
  const stored = { ...found, ...(command === undefined ? {} : { command }) };
  if (options.html !== undefined) {
    const page = cardHtml(stored, (plain) => typedCommand(plain, options));
    writeOutFile(options.html, page, '--html');
  }
  const { forecast: _, weights: __, ...rest } = stored;
  show(options, rest, () =>
    options.html === undefined
      ? cardPage(stored)
      : `The card of ${stored.version} is written to ${options.html}.`,
  );
}

/** Adds `models train | list | evaluate | compare | promote | rollback | card`. */
export function addModelsCommands(program: Command): void {
  const models = program
    .command('models')
    .description('the learned models, and how they score beside their baselines');
  const add = (usage: string, description: string, example: string): Command =>
    withRegistry(withCommonOptions(models.command(usage).description(description), example));
  withData(
    add(
      'train',
      "train on the fleet's telemetry, or on a file",
      'drey models train --data rows.ndjson --registry trials',
    ),
  )
    .option('--seed <seed>', 'of the training, with --data', '1')
    .action(train);
  add(
    'list',
    'what serves, with its scores; with --registry, the versions there',
    'drey models list --registry trials',
  ).action(list);
  withData(
    add(
      'evaluate <version>',
      'judge a version on history, beside its baselines',
      'drey models evaluate latest --data later.ndjson',
    ),
  ).action(evaluate);
  withData(
    add(
      'compare <first> <second>',
      'two versions on the same hours',
      'drey models compare 20261101 20261108 --data later.ndjson',
    ),
  ).action(compare);
  withData(
    add(
      'promote <version>',
      'let a version serve; refused unless it beats its baselines',
      'drey models promote latest',
    ),
  ).action(promoteVersion);
  add('rollback', 'back to what served before', 'drey models rollback').action(rollback);
  add(
    'card <version>',
    'what a version was trained on, how it scored, where it must not be used',
    'drey models card latest --html card.html',
  )
    .option('--html <file>', 'write it as a page with pictures')
    .action(card);
}
