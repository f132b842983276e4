// A card as one page with pictures that opens anywhere: no script, no file beside it, nothing fetched.

import type { ModelCard } from './card.ts';
import {
  calibrationPicture,
  domainsPicture,
  escaped,
  type FoundDomain,
  scorePicture,
} from './card-pictures.ts';
import type { FailureForecast } from './forecast.ts';
import type { StoredModels } from './registry.ts';

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1,h2{line-height:1.2}code{background:#eef1f5;padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}
table{border-collapse:collapse;margin:1rem 0}th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #d5dbe3}
svg{max-width:100%;height:auto;font:13px system-ui,sans-serif}.model{fill:#1f6fb2}.baseline{fill:#9aa7b5}.line{stroke:#9aa7b5;stroke-dasharray:4 4}.axis{stroke:#5b6774;fill:none}
@media(prefers-color-scheme:dark){body{color:#e6ebf1;background:#12171d}code{background:#222b35}svg text{fill:#e6ebf1}th,td{border-color:#36414d}.model{fill:#5aa9e6}}`;

const shownDomains = 40;

/** Shocks of a forecast as domains, the largest first. */
export function foundDomains({ shocks }: Pick<FailureForecast, 'shocks'>): readonly FoundDomain[] {
  return shocks
    .map(({ name, origin, probability, strike }) => {
      const struck = [...strike].filter((value) => value > 0);
      return {
        name,
        origin,
        machineCount: struck.length,
        hoursPerYear: probability * 365.25 * 24,
        strike: struck.reduce((sum, value) => sum + value, 0) / Math.max(1, struck.length),
      };
    })
    .toSorted((a, b) => b.machineCount - a.machineCount);
}

const tableHtml = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
    .join('')}</tbody></table>`;

function modelSection({ model, score, details, serves, reason, limits, reliability }: ModelCard): string {
  const rows = [{ name: model, value: score.value }, ...score.baselines].map(({ name, value }) => [
    name,
    value.toPrecision(5),
  ]);
  return [
    `<h2>${escaped(model)}</h2>`,
    `<p><strong>The ${serves} serves:</strong> ${escaped(reason)}.</p>`,
    `<p>${escaped(score.metric)}; ${score.better} is better. Bars show the distance from ${score.better === 'lower' ? 'zero' : 'the best of all'}: shorter is better.</p>`,
    scorePicture(model, score),
    tableHtml(['', 'score'], rows),
    `<ul>${Object.entries(details)
      .map(([name, value]) => `<li>${escaped(name)}: ${Number(value.toPrecision(5))}</li>`)
      .join('')}</ul>`,
    ...(reliability === undefined || reliability.length === 0
      ? []
      : [
          '<h3>Calibration</h3>',
          calibrationPicture(reliability),
          tableHtml(
            ['forecast', 'came', 'forecasts'],
            reliability.map(({ odds, share, count }) => [odds.toFixed(3), share.toFixed(3), String(count)]),
          ),
        ]),
    `<p><strong>Where not to use it:</strong> ${escaped(limits)}</p>`,
  ].join('\n');
}

function domainsSection(forecast: FailureForecast): string {
  const domains = foundDomains(forecast);
  if (domains.length === 0)
    return '<h2>Domains</h2><p>None serves: machines are taken to fail independently.</p>';
  const shown = domains.slice(0, shownDomains);
  return [
    '<h2>Domains</h2>',
    `<p>${domains.length} groups of machines that fail together${domains.length > shown.length ? `; the ${shown.length} largest` : ''}. Dark: found without any label; light: named by an attribute.</p>`,
    domainsPicture(shown),
    tableHtml(
      ['domain', 'from', 'machines', 'hours a year', 'share struck'],
      shown.map(({ name, origin, machineCount, hoursPerYear, strike }) => [
        name,
        origin,
        String(machineCount),
        hoursPerYear.toFixed(1),
        strike.toFixed(2),
      ]),
    ),
  ].join('\n');
}

/** The card of a version as one HTML page. */
export function cardHtml(stored: Omit<StoredModels, 'weights'>): string {
  const { version, trainedMs, machineCount, slotCount, fingerprint, seed, backend, cards, forecast } = stored;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Models ${escaped(version)}</title><style>${style}</style></head><body><main>
<h1>Models ${escaped(version)}</h1>
<p>Trained ${new Date(trainedMs).toISOString()} on ${machineCount} machines × ${slotCount} hours, history <code>${escaped(fingerprint.slice(0, 16))}</code>, seed ${escaped(seed)}, backend ${escaped(backend)}.</p>
<p>Every figure here is of the held-out end of that history, and comes again with the same history and backend by<br><code>${escaped(stored.command ?? 'drey models train')}</code><br>The forecast that serves: ${escaped(forecast.source)}.</p>
${cards.map(modelSection).join('\n')}
${domainsSection(forecast)}
</main></body></html>
`;
}
