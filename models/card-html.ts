// A card as one page with pictures that opens anywhere: no script, no file beside it, nothing fetched.

import {
  bestBaseline,
  bestFirst,
  detailText,
  type ModelCard,
  pairText,
  type Score,
  scoreText,
} from './card.ts';
import {
  calibrationPictures,
  domainsPicture,
  escaped,
  type FoundDomain,
  scorePicture,
  shareInterval,
} from './card-pictures.ts';
import type { FailureForecast } from './forecast.ts';
import type { StoredModels } from './registry.ts';
import { unseenOrigin } from './unseen-shocks.ts';

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1,h2{line-height:1.2}p,li,h1,summary{overflow-wrap:anywhere}code{background:#eef1f5;padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}
table{border-collapse:collapse;margin:1rem 0}th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #d5dbe3}
svg{max-width:100%;height:auto;font:13px system-ui,sans-serif}.model{fill:#1f6fb2}.baseline{fill:#9aa7b5}.line{stroke:#9aa7b5;stroke-dasharray:4 4}.axis{stroke:#5b6774;fill:none}.spread{stroke:#1f6fb2;stroke-width:1.5}.pair{display:flex;flex-wrap:wrap;gap:1rem}.pair svg{flex:1 1 18rem}.wide{overflow-x:auto}td+td,th+th{font-variant-numeric:tabular-nums}
@media(prefers-color-scheme:dark){body{color:#e6ebf1;background:#12171d}code{background:#222b35}svg text{fill:#e6ebf1}th,td{border-color:#36414d}.model{fill:#5aa9e6}.spread{stroke:#5aa9e6}}`;

const shownDomains = 40;

const hoursAYear = 365.25 * 24;

/** Shocks that strike some machines rather than others. */
const named = ({ shocks }: Pick<FailureForecast, 'shocks'>): FailureForecast['shocks'] =>
  shocks.filter(({ origin }) => origin !== unseenOrigin);

/** Shocks of a forecast as domains, the largest first; causes that were not seen yet have none. */
export function foundDomains(forecast: Pick<FailureForecast, 'shocks'>): readonly FoundDomain[] {
  return named(forecast)
    .map(({ name, origin, probability, strike }) => {
      const struck = [...strike].filter((value) => value > 0);
      return {
        name,
        origin,
        machineCount: struck.length,
        hoursPerYear: probability * hoursAYear,
        strike: struck.reduce((sum, value) => sum + value, 0) / Math.max(1, struck.length),
      };
    })
    .toSorted((a, b) => b.machineCount - a.machineCount);
}

/** One that is wider than its page scrolls, also by keyboard. */
const tableHtml = (
  label: string,
  { head, rows }: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] },
): string =>
  `<div class="wide" tabindex="0" role="region" aria-label="${escaped(label)}"><table><thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>`;

/** By how much the model is better (or worse) than one baseline, in words. */
function gainText({ value, better }: Score, baseline: number): string {
  if (!Number.isFinite(value) || !Number.isFinite(baseline)) return '';
  if (better === 'lower' && baseline > 0) {
    const share = 100 * (1 - value / baseline);
    return `${Math.abs(share).toFixed(1)} % ${share >= 0 ? 'lower' : 'higher'}`;
  }
  return `${value >= baseline ? '+' : '−'}${Math.abs(value - baseline).toPrecision(3)}`;
}

/** One line for each model: what decides whether it is of use. */
function summarySection(cards: readonly ModelCard[]): string {
  const rows = cards.map(({ model, score, serves }) => {
    const best = bestBaseline(score);
    const [own, other] = pairText(score.value, best?.value ?? Number.NaN);
    return [
      model,
      `${score.metric} (${score.better} is better)`,
      own,
      best === undefined ? '' : `${other}, ${best.name}`,
      best === undefined ? '' : gainText(score, best.value),
      serves,
    ];
  });
  const head = ['model', 'score', 'it has', 'best baseline', 'the model is', 'serves'];
  return tableHtml('All models', { head, rows });
}

function calibrationSection({ model, reliability = [] }: ModelCard): readonly string[] {
  if (reliability.length === 0) return [];
  const off = reliability.filter((bin) => {
    const [low, high] = shareInterval(bin);
    return bin.odds < low || bin.odds > high;
  });
  const rows = reliability.map((bin) => {
    const [low, high] = shareInterval(bin);
    const hint = bin.odds > high ? 'too high' : bin.odds < low ? 'too low' : '';
    return [
      bin.odds.toFixed(3),
      bin.share.toFixed(3),
      `${low.toFixed(3)} to ${high.toFixed(3)}`,
      hint,
      String(bin.count),
    ];
  });
  return [
    '<h3>Calibration</h3>',
    `<p>Each point is one of ${reliability.length} bins of as many forecasts; in ${off.length} of them the forecast lies outside of what came, 95 % (lines). The lines count each forecast as one of its own; hours that overlap and outages that machines share make them too short.</p>`,
    calibrationPictures(reliability, model === 'return' ? 'coming back' : 'being up'),
    tableHtml(`Calibration of ${model}`, {
      head: ['forecast', 'came', '95 %', 'the forecast is', 'forecasts'],
      rows,
    }),
  ];
}

/** What the scores mean, for those who meet them for the first time; by how a metric's name begins. */
const meanings: readonly (readonly [metric: string, meaning: string])[] = [
  [
    'Brier score',
    'The mean of (forecast − what came)²: 0 is a perfect forecast, and who always says 50 % has 0.25.',
  ],
  [
    'log likelihood',
    'How probable the forecast had called what then came, as a natural logarithm for an hour of the whole fleet: nearer to 0 is better, and 0.7 more is twice as probable.',
  ],
  [
    'NDCG',
    '1 where the most wanted stand first in the ranking, less the lower they stand, 0 where none is in it.',
  ],
];

const meaningOf = (metric: string): string => {
  const meaning = meanings.find(([name]) => metric.startsWith(name))?.[1];
  return meaning === undefined ? '' : ` ${meaning}`;
};

function modelSection(card: ModelCard): string {
  const { model, score, details, serves, reason, limits } = card;
  const rows = bestFirst([{ name: model, value: score.value }, ...score.baselines], score.better).map(
    ({ name, value }) => [name, scoreText(value, 5), name === model ? '' : gainText(score, value)],
  );
  const bars = Number.isFinite(score.value)
    ? ` Bars show the distance from ${score.better === 'lower' ? 'zero' : 'the best of all'}: shorter is better.`
    : '';
  return [
    `<h2>${escaped(model)}</h2>`,
    `<p><strong>The ${serves} serves:</strong> ${escaped(reason)}.</p>`,
    `<p>${escaped(score.metric)}; ${score.better} is better.${escaped(meaningOf(score.metric))}${bars}</p>`,
    ...(bars === '' ? [] : [scorePicture(model, score)]),
    tableHtml(`Scores of ${model}`, { head: ['who', 'score', 'the model is'], rows }),
    `<ul>${Object.entries(details)
      .map(([name, value]) => `<li>${escaped(name)}: ${detailText(value)}</li>`)
      .join('')}</ul>`,
    ...calibrationSection(card),
    `<p><strong>Where not to use it:</strong> ${escaped(limits)}</p>`,
  ].join('\n');
}

/** Machines that a domain strikes, each with its odds of going down with it; at most so many are named. */
const namedMachines = 60;

function membersHtml(forecast: FailureForecast): string {
  const lists = named(forecast)
    .map(({ name, strike }) => ({
      name,
      struck: forecast.machines
        .map((machine, row) => ({ machine, odds: strike[row] ?? 0 }))
        .filter(({ odds }) => odds > 0)
        .toSorted((a, b) => b.odds - a.odds),
    }))
    .toSorted((a, b) => b.struck.length - a.struck.length)
    .slice(0, shownDomains);
  return lists
    .map(({ name, struck }) => {
      const shown = struck
        .slice(0, namedMachines)
        .map(({ machine, odds }) => `${machine} ${odds.toFixed(2)}`);
      const more = struck.length > shown.length ? ` and ${struck.length - shown.length} more` : '';
      return `<details><summary>${escaped(name)}: who, and how likely each goes down with it</summary><p>${escaped(shown.join(', '))}${more}</p></details>`;
    })
    .join('\n');
}

function unseenHtml({ shocks }: FailureForecast): string {
  const unseen = shocks
    .filter(({ origin }) => origin === unseenOrigin)
    .map(
      ({ probability, strike }) =>
        `${(probability * hoursAYear).toFixed(1)} hours a year with ${Math.round(100 * (strike[0] ?? 0))} %`,
    );
  return unseen.length === 0
    ? ''
    : `<p>Causes not seen yet are expected to take down anybody: ${unseen.join(', ')} of the machines.</p>`;
}

function domainsSection(forecast: FailureForecast): string {
  const domains = foundDomains(forecast);
  if (domains.length === 0)
    return `<h2>Domains</h2><p>None serves: of the causes that were seen none is expected again.</p>${unseenHtml(forecast)}`;
  const shown = domains.slice(0, shownDomains);
  return [
    '<h2>Domains</h2>',
    `<p>${domains.length} groups of machines that fail together${domains.length > shown.length ? `; the ${shown.length} largest` : ''}. Dark: found without any label; light: named by an attribute.</p>`,
    domainsPicture(shown),
    tableHtml('Domains', {
      head: ['domain', 'from', 'machines', 'hours a year', 'share struck'],
      rows: shown.map(({ name, origin, machineCount, hoursPerYear, strike }) => [
        name,
        origin,
        String(machineCount),
        hoursPerYear.toFixed(1),
        strike.toFixed(2),
      ]),
    }),
    membersHtml(forecast),
    unseenHtml(forecast),
  ].join('\n');
}

/** The card of a version as one HTML page. `typed` makes of a command one that finds the folder that the version is in. */
export function cardHtml(
  stored: Omit<StoredModels, 'weights'>,
  typed: (command: string) => string = (command) => command,
): string {
  const { version, trainedMs, machineCount, slotCount, fingerprint, seed, backend, cards, forecast } = stored;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Models ${escaped(version)}</title><style>${style}</style></head><body><main>
<h1>Models ${escaped(version)}</h1>
<p>Trained ${new Date(trainedMs).toISOString()} on ${machineCount} machines × ${slotCount} hours, history <code>${escaped(fingerprint.slice(0, 16))}</code>, seed ${escaped(seed)}, backend ${escaped(backend)}.</p>
<p>Every score here is of the held-out end of that history; the domains are what serves, fitted on all of it. All comes again with the same history and backend by<br><code>${escaped(stored.command ?? 'drey models train')}</code><br>The forecast that serves: ${escaped(forecast.source)}.</p>
<p>Hours after its training judge it anew: <code>${escaped(typed(`drey models evaluate ${version} --data newer.ndjson`))}</code>; beside another version: <code>${escaped(typed(`drey models compare ${version} OTHER --data newer.ndjson`))}</code>.</p>
${summarySection(cards)}
${cards.map(modelSection).join('\n')}
${domainsSection(forecast)}
</main></body></html>
`;
}
