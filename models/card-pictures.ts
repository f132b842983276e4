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

/** Where odds stand on an axis, 0..1, and which are written there. */
interface Scale {
  readonly label: string;
  readonly placeOf: (odds: number) => number;
  readonly ticks: readonly number[];
}

const evenScale: Scale = {
  label: 'Calibration: forecast odds beside what came',
  placeOf: (odds) => odds,
  ticks: [0, 0.25, 0.5, 0.75, 1],
};

/** Odds of 0.5 % and 99.5 % are the ends. */
const logitEnd = Math.log(0.995 / 0.005);
const logitScale: Scale = {
  label: 'The same with both ends stretched',
  placeOf: (odds) => {
    const inside = Math.min(0.995, Math.max(0.005, odds));
    return 0.5 + Math.log(inside / (1 - inside)) / (2 * logitEnd);
  },
  ticks: [0.01, 0.1, 0.5, 0.9, 0.99],
};

/** The shares that fit a count of outcomes, 19 times of 20 (Wilson, 1927). */
export function shareInterval({ share, count }: ReliabilityBin): readonly [number, number] {
  const z = 1.96;
  const spread = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  const middle = share + z ** 2 / (2 * count);
  const whole = 1 + z ** 2 / count;
  return [Math.max(0, (middle - spread) / whole), Math.min(1, (middle + spread) / whole)];
}

/** What was forecast (across) beside what came (up), evenly and with both ends stretched; on the diagonal the two agree. Lines are 95 %. */
export const calibrationPictures = (bins: readonly ReliabilityBin[], what: string): string =>
  `<div class="pair">${[evenScale, logitScale].map((scale) => calibrationPicture(bins, { scale, what })).join('')}</div>`;

function calibrationPicture(
  bins: readonly ReliabilityBin[],
  { scale, what }: { readonly scale: Scale; readonly what: string },
): string {
  const { side, edge } = frame;
  const across = (p: number): string => place(edge + scale.placeOf(p) * (side - edge - 12));
  const upwards = (p: number): string => place(side - edge - scale.placeOf(p) * (side - edge - 12));
  const ticks = scale.ticks.map(
    (p) =>
      `<text x="${across(p)}" y="${side - edge + 16}" text-anchor="middle">${p}</text><text x="${edge - 6}" y="${upwards(p)}" text-anchor="end" dominant-baseline="middle">${p}</text>`,
  );
  const marks = bins.map((bin) => {
    const { odds, share, count } = bin;
    const [low, high] = shareInterval(bin);
    return `<line x1="${across(odds)}" x2="${across(odds)}" y1="${upwards(low)}" y2="${upwards(high)}" class="spread"/><circle cx="${across(odds)}" cy="${upwards(share)}" r="4" class="model"><title>forecast ${odds.toFixed(3)}, came ${share.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}), ${count} forecasts</title></circle>`;
  });
  const inside = [
    `<line x1="${across(0)}" y1="${upwards(0)}" x2="${across(1)}" y2="${upwards(1)}" class="line"/>`,
    `<path d="M${across(0)} ${upwards(1)}V${upwards(0)}H${across(1)}" class="axis"/>`,
    ...ticks,
    ...marks,
    `<text x="${place((side + edge) / 2)}" y="${side - 6}" text-anchor="middle">forecast odds of ${escaped(what)}</text>`,
    `<text transform="translate(12 ${place((side - edge) / 2)}) rotate(-90)" text-anchor="middle">share that came</text>`,
  ];
  return svg({ width: side, height: side }, scale.label, inside.join(''));
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
  ]
    .filter(({ value }) => Number.isFinite(value))
    .toSorted((a, b) => (score.better === 'lower' ? a.value - b.value : b.value - a.value));
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

/** Of the hash of a network, whose digits are wide, no more fit beside a bar. */
const nameLettersMax = 26;

/** Sizes of the domains; learned ones and those of an attribute in two colours. */
export const domainsPicture = (domains: readonly FoundDomain[]): string =>
  bars(
    'Domains that fail together, by the number of their machines',
    domains.map(({ name, origin, machineCount, hoursPerYear }) => ({
      name: name.length > nameLettersMax ? `${name.slice(0, nameLettersMax - 1)}…` : name,
      value: machineCount,
      text: `${machineCount} machines, ${hoursPerYear.toFixed(0)} h a year`,
      kind: origin === 'learned' ? 'model' : 'baseline',
    })),
  );
