// What `drey models` says of versions and scores. The only part of it that needs the models at once, so that other commands start
// without them.

import {
  bestBaseline,
  type ComparedModel,
  type Evaluation,
  type ModelCard,
  pairText,
  type Score,
  scoreText,
  type StoredModels,
  type TrainedModels,
} from '../../models/index.ts';
import { countText, tableText, timeText } from '../print.ts';

/** More domains are read on the card. */
const shownDomains = 12;

export function domainLines({ cards, domains }: Pick<TrainedModels, 'cards' | 'domains'>): readonly string[] {
  const isUsed = cards.some(({ model, serves }) => model === 'joint failure' && serves === 'model');
  if (!isUsed && domains.length > 0)
    return [`  ${countText(domains.length, 'domain')} found, of which none serves: joint failure does not`];
  return [
    ...domains.slice(0, shownDomains).map(({ name, members }) => `  ${name}: ${members.length} machines`),
    ...(domains.length > shownDomains ? [`  … and ${domains.length - shownDomains} smaller ones`] : []),
  ];
}

/** One model: its score beside the best baseline's, and who serves. */
export interface Summary extends Score, Pick<ModelCard, 'model' | 'serves' | 'reason'> {}

function summaryRow(summary: Summary): string[] {
  const best = bestBaseline(summary);
  const [own, other] = pairText(summary.value, best?.value ?? Number.NaN);
  return [
    summary.model,
    summary.metric,
    own,
    best === undefined ? '-' : `${other} (${best.name})`,
    summary.serves,
    summary.reason,
  ];
}

const summaryHead = ['model', 'metric', 'score', 'best baseline', 'serves', 'why'];

export const summariesText = (summaries: readonly Summary[]): string =>
  tableText([summaryHead, ...summaries.map(summaryRow)]);

export type ListedVersion =
  | Omit<StoredModels, 'forecast' | 'weights'>
  | { readonly version: string; readonly isDamaged: true };

export function versionCells(listed: ListedVersion): string[] {
  if ('isDamaged' in listed) return [listed.version, '-', '-', '-', 'damaged: train again'];
  const { version, trainedMs, machineCount, slotCount, cards } = listed;
  const learned = cards.filter(({ serves }) => serves === 'model').map(({ model }) => model);
  return [
    version,
    timeText(trainedMs),
    String(machineCount),
    String(slotCount),
    learned.join(', ') || 'none: the baselines',
  ];
}

export function evaluationText({ version, fromMs, toMs, hasSeen, models, ...counts }: Evaluation): string {
  return [
    `Version ${version} on ${timeText(fromMs)} to ${timeText(toMs)}; it knows ${counts.knownMachineCount} of ${countText(counts.machineCount, 'machine')}.`,
    ...(hasSeen ? ['It was trained on hours of this span: these scores flatter it.'] : []),
    tableText([
      [...summaryHead.slice(0, 4), 'wins here', 'why', 'serves since its training'],
      ...models.map(({ score, isBetter, serves, ...rest }) => {
        const row = summaryRow({ ...score, ...rest, serves });
        return [...row.slice(0, 4), isBetter ? 'yes' : 'no', rest.reason, serves];
      }),
    ]),
  ].join('\n');
}

export function comparisonText(names: readonly [string, string], models: readonly ComparedModel[]): string {
  const [first, second] = names;
  return tableText([
    ['model', 'metric', first, second, 'difference, 95 %', 'better'],
    ...models.map(({ model, metric, values, interval, winner }) => [
      model,
      metric,
      scoreText(values[0], 5),
      scoreText(values[1], 5),
      interval === undefined ? '-' : `${interval[0].toPrecision(2)} to ${interval[1].toPrecision(2)}`,
      { first, second, undecided: 'undecided' }[winner],
    ]),
  ]);
}
