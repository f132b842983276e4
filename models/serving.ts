// Which version of a registry a person promoted, and the way back. Nothing promoted: each training serves as its own gate says.
// Promotion has the same gate: a version whose models lost to their baselines is refused, whoever asks (promise 6).

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DreyError } from '../datasets/index.ts';
import { type ModelCard, packPopularityName } from './card.ts';
import type { EvaluatedModel, Evaluation } from './evaluation.ts';
import { readModels, type StoredModels } from './registry.ts';

const entrySchema = z.strictObject({
  atMs: z.number(),
  action: z.enum(['promoted', 'rolled back']),
  /** What serves after it; absent: each training as its own gate says. */
  version: z.string().exactOptional(),
  reason: z.string(),
});

export type ServingEntry = Readonly<z.output<typeof entrySchema>>;

const fileOf = (folder: string): string => join(folder, 'serving.json');

/** Every promotion and roll-back, oldest first. Throws `model-damaged`. */
export function servingEntries(folder: string): readonly ServingEntry[] {
  if (!existsSync(fileOf(folder))) return [];
  try {
    return z.array(entrySchema).parse(JSON.parse(readFileSync(fileOf(folder), 'utf8')));
  } catch (cause) {
    throw new DreyError({
      code: 'model-damaged',
      message: 'the list of promotions cannot be read',
      advice: 'Remove serving.json from the folder of models and promote again.',
      cause,
    });
  }
}

/** The promoted version; undefined where each training serves as its gate says. */
export const servingVersion = (folder: string): string | undefined => servingEntries(folder).at(-1)?.version;

/** The promoted version, whole; undefined where none is. Throws `model-damaged`. */
export function readPromoted(folder: string): StoredModels | undefined {
  const version = servingVersion(folder);
  return version === undefined ? undefined : readModels(folder, version);
}

/** Popularity decides on copies only, by its own gate: availability, joint failure and return make the forecast. */
const makesForecast = ({ model }: Pick<ModelCard, 'model'>): boolean =>
  model !== 'popularity' && model !== packPopularityName;

export interface Promotion {
  readonly version: string;
  readonly nowMs: number;
  /** On newer history than its training: then this decides, and not the version's own card. */
  readonly evaluation?: Evaluation;
}

/** Promotes a version. Throws `model-not-better`, `history-seen`, and what `readModels` throws. */
export function promote(folder: string, { version, nowMs, evaluation }: Promotion): ServingEntry {
  if (evaluation?.hasSeen === true) {
    throw new DreyError({
      code: 'history-seen',
      message: `version ${version} was trained on hours that it should be judged on`,
      advice:
        'Give history that goes on for a day or more after its training, or promote it by its own card.',
    });
  }
  // Only what its own gate let through is in its forecast, so only that has to win again.
  const learned = readModels(folder, version).cards.filter(
    (card) => makesForecast(card) && card.serves === 'model',
  );
  const judged = evaluation === undefined ? learned.map(asGated) : judgedOf(evaluation, learned);
  if (learned.length > 0 && judged.length === 0) {
    throw new DreyError({
      code: 'model-not-better',
      message: `the history says nothing of what is learned in version ${version} (${learned.map(({ model }) => model).join(', ')})`,
      advice: 'Give later history of the machines that it was trained on, or promote it by its own card.',
    });
  }
  const lost = judged.filter(({ isBetter }) => !isBetter);
  if (judged.length === 0 || lost.length > 0) {
    throw new DreyError({
      code: 'model-not-better',
      message: `version ${version} does not beat its baselines (${lost.map(reasonOf).join('; ') || 'none of its models passed its own gate'})`,
      advice: 'Train again on more or newer history; until then the best baseline serves.',
    });
  }
  const reason = judged.map(reasonOf).join('; ');
  return append(folder, { atMs: nowMs, action: 'promoted', version, reason });
}

type Judged = Pick<EvaluatedModel, 'model' | 'reason' | 'isBetter'>;

const asGated = ({ model, reason, serves }: ModelCard): Judged => ({
  model,
  reason,
  isBetter: serves === 'model',
});

/** Hours without absences judge no return, and hours of others no joint failure: they speak neither for it nor against it. */
const judgedOf = ({ models }: Evaluation, learned: readonly ModelCard[]): readonly Judged[] =>
  models.filter(
    ({ model, score }) => !Number.isNaN(score.value) && learned.some((card) => card.model === model),
  );

const reasonOf = ({ model, reason }: Pick<ModelCard, 'model' | 'reason'>): string => `${model}: ${reason}`;

/** Back to what served before the last promotion. Throws `nothing-promoted`. */
export function rollBack(folder: string, nowMs: number): ServingEntry {
  const stack: string[] = [];
  for (const { action, version } of servingEntries(folder)) {
    if (action === 'rolled back') stack.pop();
    else if (version !== undefined && version !== stack.at(-1)) stack.push(version);
  }
  const from = stack.pop();
  if (from === undefined) {
    throw new DreyError({
      code: 'nothing-promoted',
      message: 'no version is promoted',
      advice: 'Each training serves as its own gate says; there is nothing to roll back.',
    });
  }
  const version = stack.at(-1);
  return append(folder, {
    atMs: nowMs,
    action: 'rolled back',
    ...(version === undefined ? {} : { version }),
    reason: `version ${from} was taken back by a person`,
  });
}

function append(folder: string, entry: ServingEntry): ServingEntry {
  mkdirSync(folder, { recursive: true });
  const temporary = `${fileOf(folder)}.new`;
  writeFileSync(temporary, JSON.stringify([...servingEntries(folder), entry], undefined, 1));
  renameSync(temporary, fileOf(folder));
  return entry;
}
