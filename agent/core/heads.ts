// How far each log goes here, as others are told: in pages, where one message would be too long. It decides nothing about who is told.

import type { LogWant, WireMessage } from '../codec/index.ts';
import { headsPerPageMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { KnownLog } from './known-log.ts';

export type Heads = Extract<WireMessage, { kind: 'heads' }>;
type HeadsPage = Pick<Heads, 'next' | 'authors'>;
/** Whose logs a page is about; all where it does not say. */
export type Authors = Heads['authors'];

/** Whether a page is about an author: its sender has nothing of whom it does not name then. */
export const isAmong = (authors: Authors, author: PeerId): boolean =>
  (authors?.from === undefined || author >= authors.from) &&
  (authors?.until === undefined || author < authors.until);

/** Thousands of logs, of which a few moved on since the last comparison. */
export const headsOf = (logs: readonly KnownLog[]): readonly LogWant[] =>
  logs.map((log) => (log.told ??= { author: log.author, stream: log.stream, sequence: log.next }));

/** All of these authors, nearly always on one page. */
export function pagesOf(heads: readonly LogWant[], authors: Authors): readonly HeadsPage[] {
  const named = authors === undefined ? heads : heads.filter(({ author }) => isAmong(authors, author));
  if (named.length <= headsPerPageMax)
    return [{ next: named, ...(authors === undefined ? {} : { authors }) }];
  const sorted = named.toSorted((a, b) => (a.author < b.author ? -1 : Number(a.author > b.author)));
  const pages: HeadsPage[] = [];
  let from = authors?.from;
  for (let at = 0; at < sorted.length;) {
    let end = Math.min(at + headsPerPageMax, sorted.length);
    // Both logs of a machine are on one page.
    if (sorted[end]?.author === sorted[end - 1]!.author) end--;
    const until = sorted[end]?.author ?? authors?.until;
    pages.push({
      next: sorted.slice(at, end),
      authors: { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) },
    });
    [at, from] = [end, until];
  }
  return pages;
}
