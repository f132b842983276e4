// How the root's word about ended admin keys lies in an admin's certificate: a row for each log, and those of one key are one end. The root names
// no hashes: a certificate is short, and what it says cannot be taken back where a log has two histories.

import type { AdminEnd } from './statement.ts';

export type EndedRow = Pick<AdminEnd, 'admin' | 'log' | 'before'>;

/** Whether version 2 of the certificate, one row for each key, cannot say it. */
export const needsRows = (ended: readonly AdminEnd[]): boolean =>
  ended.some(({ more }) => more !== undefined);

export const rowsOfEnds = (ended: readonly AdminEnd[]): readonly EndedRow[] =>
  ended.flatMap(({ admin, more = [], ...first }) =>
    [first, ...more].map(({ log, before }) => ({ admin, log, before })),
  );

export function endsOfRows(rows: readonly EndedRow[]): readonly AdminEnd[] {
  const byAdmin = Map.groupBy(rows, ({ admin }) => admin);
  return [...byAdmin].map(([admin, own]) => {
    const [first, ...more] = own.map(({ log, before }) => ({ log, before }));
    return { admin, ...first!, ...(more.length === 0 ? {} : { more }) };
  });
}
