// A trace of accesses as the reads that the replay serves one by one, and what each policy is judged by.
// It decides what counts as a read: the birth of a file is none.

import { type AccessTrace, demandOf, DreyError, type FileId, hourMs } from '../../../datasets/index.ts';

export interface Read {
  /** Since the trace's start. */
  readonly hour: number;
  readonly site: number;
  readonly file: FileId;
  /** > 0. */
  readonly byteCount: number;
  /** The file is made here: its bytes are on the site, and nobody waited for them. */
  readonly isBirth: boolean;
}

/** Each is served one by one, some 60 bytes and up to 2 µs for every policy. */
const readsMax = 1e7;

/** All reads in order. In a history of changes each change stands for a read of the file before it. Throws `accesses-too-many`. */
export function readsOf(trace: AccessTrace): readonly Read[] {
  const count = trace.rows.reduce((sum, row) => sum + demandOf(row, trace.demand), 0);
  if (count > readsMax) {
    throw new DreyError({
      code: 'accesses-too-many',
      message: `the log has ${count} ${trace.demand}, more than ${readsMax} are not replayed`,
      advice: 'Give a part of it: fewer days, or fewer of its clients.',
    });
  }
  const born = new Set<FileId>();
  return trace.rows.flatMap((row): readonly Read[] => {
    const isBirth = trace.demand === 'writes' && !born.has(row.file);
    born.add(row.file);
    if (row.byteCount === 0) return [];
    const hour = (row.hourMs - trace.startMs) / hourMs;
    const read = { hour, site: trace.siteOf.get(row.machine)!, file: row.file, byteCount: row.byteCount };
    return Array.from({ length: demandOf(row, trace.demand) }, (_, at) => ({
      ...read,
      isBirth: isBirth && at === 0,
    }));
  });
}

/** What one site keeps near its readers. */
export interface SiteStore {
  /** Serves a read: true when the file was there. What happens to the bytes afterwards is the store's decision. */
  read(read: Read): boolean;
}

export interface AccessAccount {
  reads: number;
  hits: number;
  bytes: number;
  hitBytes: number;
  /** Missed and pushed. */
  wanBytes: number;
  pushedBytes: number;
  /** Pushed, and dropped or left at the end without a read. */
  wastedBytes: number;
}

export const emptyAccount = (): AccessAccount => ({
  reads: 0,
  hits: 0,
  bytes: 0,
  hitBytes: 0,
  wanBytes: 0,
  pushedBytes: 0,
  wastedBytes: 0,
});
