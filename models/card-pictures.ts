// The pictures of a card as SVG text: calibration, scores beside the baselines, domains found. Plain shapes, no script, nothing
// fetched; every number in them also stands in the card's text or tables.

import type { ReliabilityBin, Score } from './card.ts';

/** Text that may stand inside HTML or SVG. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const svg = (
  size: { readonly width: number; readonly height: number },
  label: string,
  inside: string,
): string =>
  `<svg viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" aria-label="${escaped(label)}">${inside}</svg>`;

const place = (value: number): string => value.toFixed(1);

const frame = { side: 330, edge: 56 } as const;

/** What was forecast (across) beside what came (up); on the diagonal the two agree. Areas of circles are counts. */
export function calibrationPicture(bins: readonly ReliabilityBin[]): string {
  const { side, edge } = frame;
  const across = (p: number): string => place(edge + p * (side - edge - 12));
  const upwards = (p: number): string => place(side - edge - p * (side - edge - 12));
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (p) =>
      `<text x="${across(p)}" y="${side - edge + 16}" text-anchor="middle">${p}</text><text x="${edge - 6}" y="${upwards(p)}" text-anchor="end" dominant-baseline="middle">${p}</text>`,
  );
  const circles = bins.map(
    ({ odds, share, count }) =>
      `<circle cx="${across(odds)}" cy="${upwards(share)}" r="${place(3 + 5 * Math.sqrt(count / most))}" class="model"><title>forecast ${odds.toFixed(3)}, came ${share.toFixed(3)}, ${count} forecasts</title></circle>`,
  );
  const inside = [
    `<line x1="${across(0)}" y1="${upwards(0)}" x2="${across(1)}" y2="${upwards(1)}" class="line"/>`,
    `<path d="M${across(0)} ${upwards(1)}V${upwards(0)}H${across(1)}" class="axis"/>`,
    ...ticks,
    ...circles,
    `<text x="${place((side + edge) / 2)}" y="${side - 6}" text-anchor="middle">forecast odds of being up</text>`,
    `<text transform="translate(12 ${place((side - edge) / 2)}) rotate(-90)" text-anchor="middle">share that was up</text>`,
  ];
  return svg({ width: side, height: side }, 'Calibration: forecast odds beside what came', inside.join(''));
}

interface Bar {
  readonly name: string;
  /** Length, ≥ 0, in any unit. */
  readonly value: number;
  readonly text: string;
  readonly kind: 'model' | 'baseline';
}

function bars(label: string, rows: readonly Bar[]): string {
  const [left, width, step] = [230, 680, 24];
  const most = Math.max(1e-12, ...rows.map(({ value }) => value));
  const inside = rows.map(({ name, value, text, kind }, index) => {
    const y = index * step;
    const length = Math.max(1, (value / most) * (width - left - 190));
    return `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${escaped(name)}</text><rect x="${left}" y="${y + 4}" width="${place(length)}" height="${step - 8}" class="${kind}"/><text x="${place(left + length + 6)}" y="${y + 15}">${escaped(text)}</text>`;
  });
  return svg({ width, height: rows.length * step + 4 }, label, inside.join(''));
}

/** How far each is from the best of all: the shortest bar is the best, whichever way the score counts. */
export function scorePicture(model: string, score: Score): string {
  const all = [
    { name: model, value: score.value, kind: 'model' as const },
    ...score.baselines.map(({ name, value }) => ({ name, value, kind: 'baseline' as const })),
  ].filter(({ value }) => Number.isFinite(value));
  const best =
    score.better === 'lower'
      ? 0
      : all.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return bars(
    `${model}: ${score.metric}, shorter is better`,
    all.map(({ name, value, kind }) => ({
      name,
      kind,
      value: Math.abs(value - best),
      text: value.toPrecision(4),
    })),
  );
}

export interface FoundDomain {
  readonly name: string;
  readonly origin: string;
  readonly machineCount: number;
  readonly hoursPerYear: number;
  /** Mean over its machines, 0..1. */
  readonly strike: number;
}

/** Sizes of the domains; learned ones and those of an attribute in two colours. */
export const domainsPicture = (domains: readonly FoundDomain[]): string =>
  bars(
    'Domains that fail together, by the number of their machines',
    domains.map(({ name, origin, machineCount, hoursPerYear }) => ({
      name: name.length > 30 ? `${name.slice(0, 29)}…` : name,
      value: machineCount,
      text: `${machineCount} machines, ${hoursPerYear.toFixed(0)} h a year`,
      kind: origin === 'learned' ? 'model' : 'baseline',
    })),
  );
