// Versions of trained models in a folder: weights, forecast and card, written whole or not at all. A card is a page that
// people can read. FORMATS: weights.bin is the concatenation of little-endian float32 arrays that models.json lists; `hash` in
// models.json is SHA-256 over weights.bin and over the text of models.json without it.

import { createHash } from 'node:crypto';
import {
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DreyError, machineId } from '../datasets/index.ts';
import { detailText, type ModelCard, scoreText } from './card.ts';
import type { FailureForecast, PastHours } from './forecast.ts';
import type { NamedWeights } from './weights.ts';

export interface StoredModels {
  readonly version: string;
  readonly trainedMs: number;
  readonly seed: string;
  /** SHA-256 of the history that it was trained on. */
  readonly fingerprint: string;
  readonly machineCount: number;
  readonly slotCount: number;
  /** End of the history that it was trained on: what comes later it never saw. */
  readonly historyEndMs: number;
  /** What made it, where a person typed it. */
  readonly command?: string;
  readonly backend: string;
  readonly cards: readonly ModelCard[];
  readonly forecast: FailureForecast;
  readonly weights: NamedWeights;
}

const format = 'drey models 1';

/** JSON cannot carry typed arrays: plain lists in the file, typed again on the way back. */
function plainForecast({ presence: _ofThatDay, ...forecast }: FailureForecast): object {
  return {
    ...forecast,
    strata: forecast.strata.map((stratum) => ({ ...stratum, downProbability: [...stratum.downProbability] })),
    shocks: forecast.shocks.map((shock) => ({ ...shock, strike: [...shock.strike] })),
    ...(forecast.pastHours === undefined ? {} : { pastHours: plainHours(forecast.pastHours) }),
    domainOfMachine: [...forecast.domainOfMachine],
    goneProbability: [...forecast.goneProbability],
  };
}

const plainHours = ({ share, stratumOf, down }: PastHours): object => ({
  share,
  stratumOf: [...stratumOf],
  down: down.map((odds) => [...odds]),
});

function typedForecast(plain: FailureForecast): FailureForecast {
  return {
    ...plain,
    machines: plain.machines.map((machine) => machineId(machine)),
    strata: plain.strata.map((stratum) => ({
      ...stratum,
      downProbability: Float64Array.from(stratum.downProbability),
    })),
    shocks: plain.shocks.map((shock) => ({ ...shock, strike: Float64Array.from(shock.strike) })),
    ...(plain.pastHours === undefined
      ? {}
      : {
          pastHours: {
            share: plain.pastHours.share,
            stratumOf: Int32Array.from(plain.pastHours.stratumOf),
            down: plain.pastHours.down.map((odds) => Float64Array.from(odds)),
          },
        }),
    domainOfMachine: Int32Array.from(plain.domainOfMachine),
    goneProbability: Float64Array.from(plain.goneProbability),
  };
}

/** JSON writes null for a number that there is none of. */
const typedNumber = (value: number | null): number => value ?? Number.NaN;

const typedCard = ({ score, details, ...card }: ModelCard): ModelCard => ({
  ...card,
  score: {
    ...score,
    value: typedNumber(score.value),
    baselines: score.baselines.map(({ name, value }) => ({ name, value: typedNumber(value) })),
  },
  details: Object.fromEntries(Object.entries(details).map(([name, value]) => [name, typedNumber(value)])),
});

/**
 * Keeps a version under its name, or with "-2", "-3", … behind it where that is taken: trainings may end in one second, in several
 * processes. Returns the name.
 */
export function writeModels(folder: string, models: StoredModels): string {
  const { temporary, version } = reserve(folder, models.version);
  try {
    writeVersion(temporary, { ...models, version });
    renameSync(temporary, join(folder, version));
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return version;
}

/** A folder that only one process can make. Looked for afterwards: whoever has it is the only one who makes a version of its name. */
function reserve(folder: string, wanted: string): { readonly temporary: string; readonly version: string } {
  mkdirSync(folder, { recursive: true });
  for (let count = 1; ; count++) {
    const version = count === 1 ? wanted : `${wanted}-${count}`;
    const temporary = join(folder, `${version}.new`);
    if (!isMade(temporary)) continue;
    if (!existsSync(join(folder, version))) return { temporary, version };
    rmSync(temporary, { recursive: true, force: true });
  }
}

function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function writeVersion(folder: string, models: StoredModels): void {
  const { weights, forecast, ...rest } = models;
  const entries = Object.entries(weights);
  const bytes = Buffer.concat(
    entries.map(([, { values }]) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  );
  const layout = entries.map(([name, { shape, values }]) => ({ name, shape, count: values.length }));
  writeFileSync(join(folder, 'weights.bin'), bytes);
  const told = { format, ...rest, layout, forecast: plainForecast(forecast) };
  writeFileSync(join(folder, 'models.json'), JSON.stringify({ ...told, hash: hashOf(bytes, told) }));
  writeFileSync(join(folder, 'card.md'), cardPage(models));
}

/** One flipped bit in a weight or in the odds would serve as if it had been learned. */
const hashOf = (weights: Uint8Array, told: object): string =>
  createHash('sha256').update(weights).update(JSON.stringify(told)).digest('hex');

/** Versions, oldest first; other folders beside them are none. Throws `model-unknown` where there is something else than a folder. */
export function listModels(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return entriesOf(folder)
    .filter((entry) => entry.isDirectory() && !entry.name.endsWith('.new'))
    .map(({ name }) => name)
    .filter((name) => existsSync(join(folder, name, 'models.json')))
    .toSorted();
}

/** Versions of which the numbers are missing: what is left of a copy or a deletion that broke off. */
export const brokenModels = (folder: string): readonly string[] =>
  existsSync(folder)
    ? entriesOf(folder)
        .filter((entry) => entry.isDirectory() && !entry.name.endsWith('.new'))
        .map(({ name }) => name)
        .filter((name) => !existsSync(join(folder, name, 'models.json')))
        .filter((name) => ['weights.bin', 'card.md'].some((part) => existsSync(join(folder, name, part))))
        .toSorted()
    : [];

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    throw new DreyError({
      code: 'model-unknown',
      message: `${folder} cannot be read as a folder of versions`,
      advice: 'Name a folder that you may read, as `drey models train --registry FOLDER` makes it.',
      cause,
    });
  }
}

interface Stored extends Omit<StoredModels, 'weights'> {
  readonly format: string;
  /** Absent in versions of before it was kept. */
  readonly hash?: string;
  readonly layout: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly count: number;
  }[];
}

/** The version that a person means: its whole name, a beginning that only one has, or "latest". Throws `model-unknown`. */
export function resolveVersion(folder: string, text: string): string {
  const versions = listModels(folder);
  const found = text === 'latest' ? versions.slice(-1) : versions.filter((name) => name.startsWith(text));
  const exact = found.find((name) => name === text) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) return exact;
  throw new DreyError({
    code: 'model-unknown',
    message:
      versions.length === 0
        ? `there is no version in ${folder}`
        : `${found.length === 0 ? 'none' : found.length} of ${versions.length} versions ${found.length > 1 ? 'fit' : 'fits'} "${text}"`,
    advice:
      versions.length === 0
        ? 'Train one with `drey models train`, or name the folder of versions with --registry.'
        : 'Take one from `drey models list`, or "latest".',
  });
}

/** Reads a version. Throws `model-damaged` when it is not there or not whole. */
export function readModels(folder: string, version: string): StoredModels {
  try {
    const { hash, ...told } = JSON.parse(
      readFileSync(join(folder, version, 'models.json'), 'utf8'),
    ) as Stored;
    const { format: known, layout, ...rest } = told;
    const bytes = readFileSync(join(folder, version, 'weights.bin'));
    if (hash !== undefined && hash !== hashOf(bytes, told)) throw new Error('not what was written');
    const total = layout.reduce((sum, { count }) => sum + count, 0);
    if (known !== format || bytes.length !== 4 * total) throw new Error('another format, or cut short');
    const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    let at = 0;
    const weights = Object.fromEntries(
      layout.map(({ name, shape, count }) => [name, { shape, values: floats.slice(at, (at += count)) }]),
    );
    // Versions of before the span was kept were trained by agents, up to their last whole hour.
    const { historyEndMs = rest.trainedMs } = rest as Partial<Stored>;
    const cards = rest.cards.map(typedCard);
    return { ...rest, historyEndMs, cards, forecast: typedForecast(rest.forecast), weights };
  } catch (cause) {
    throw new DreyError({
      code: 'model-damaged',
      message: `the models of version ${version} cannot be read`,
      advice: 'Train again with `drey models train`; until then the baseline serves.',
      cause,
    });
  }
}

/** The card as a page. */
export function cardPage({
  version,
  trainedMs,
  seed,
  fingerprint,
  machineCount,
  slotCount,
  backend,
  cards,
  command = 'drey models train',
}: Omit<StoredModels, 'forecast' | 'weights'>): string {
  const sections = cards.map(({ model, score, details, serves, reason, limits }) => {
    const rows = [{ name: `**${model}**`, value: score.value }, ...score.baselines].map(
      ({ name, value }) => `| ${name} | ${scoreText(value, 5)} |`,
    );
    const more = Object.entries(details).map(([name, value]) => `- ${name}: ${detailText(value)}`);
    return [
      `## ${model}`,
      '',
      `${score.metric}, ${score.better} is better:`,
      '',
      '| | score |',
      '|---|---|',
      ...rows,
      '',
      `**The ${serves} serves:** ${reason}.`,
      '',
      ...more,
      '',
      `Where not to use it: ${limits}`,
    ].join('\n');
  });
  return [
    `# Models ${version}`,
    '',
    `Trained ${new Date(trainedMs).toISOString()} on ${machineCount} machines × ${slotCount} hours (history ${fingerprint.slice(0, 16)}), seed ${seed}, backend ${backend}.`,
    'Scores are of the held-out end of the history; the same command on the same history gives them again:',
    '',
    `    ${command}`,
    '',
    ...sections,
    '',
  ].join('\n');
}
