// How numbers, times and names read on the page. Mirrors what the command line prints.

export const kibibyte = 1024;

export function bytesText(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [count, 0];
  while (value >= kibibyte && unit < units.length - 1) {
    value /= kibibyte;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** "99.963 %": as many nines as there are. */
export function survivalText(unavailability: number): string {
  const digits =
    unavailability <= 0 ? 6 : Math.min(9, Math.max(1, Math.ceil(-Math.log10(unavailability)) - 1));
  return `${(100 * (1 - unavailability)).toFixed(digits)} %`;
}

/** Nines of survival: 0.001 → 3. Bounded, so that a certainty has a bar too. */
export const nines = (unavailability: number): number =>
  Math.min(9, -Math.log10(Math.max(1e-9, unavailability)));

export const timeText = (ms: number): string =>
  new Date(ms).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });

/** "Europe/Berlin (GMT+1)", the reader's own; all times of the page are in it. */
export function zoneText(atMs: number): string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'shortOffset' });
  const offset = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
  const { timeZone } = format.resolvedOptions();
  return timeZone === 'UTC' ? timeZone : `${timeZone} (${offset})`;
}

export function agoText(ms: number): string {
  if (ms < 10_000) return 'now';
  if (ms < 120_000) return `${Math.round(ms / 1000)} s ago`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min ago`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h ago`;
  return `${Math.round(ms / 86_400_000)} days ago`;
}

/** Series of the charts; each stands out on light and on dark ground, and differs in lightness too. */
export const colours = { main: '#23916c', pale: '#94a39c', night: '#4a6bd0', day: '#d08f1e' } as const;

/** Ten colours that carry white text; machines without a domain are grey. Beyond ten they repeat: the mark tells. */
const palette = [
  '#1f6f54',
  '#b54e14',
  '#3c5bb8',
  '#7d6400',
  '#8b3a8f',
  '#127384',
  '#b03052',
  '#55721a',
  '#6a4fb3',
  '#7a5230',
] as const;
export const aloneColour = '#66736d';
export const domainColour = (domains: readonly string[], domain: string | undefined): string =>
  (domain === undefined ? undefined : palette[domains.indexOf(domain) % palette.length]) ?? aloneColour;

/** "learned domain 3" → "3"; a dash where a machine stands alone. */
export const domainMark = (domain: string | undefined): string =>
  domain?.replace(/^learned domain /u, '') ?? '–';
