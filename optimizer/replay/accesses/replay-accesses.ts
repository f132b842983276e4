// The closed loop of accesses: hour by hour each policy serves the same reads from what it keeps on each site, and sees no row before
// it happened; only Belady's cache and the oracle are told the future. It counts what crossed the WAN, pushes included.

import type { AccessTrace, FileId } from '../../../datasets/index.ts';
import type { CopyCosts } from '../../popular-copies.ts';
import { ArcStore } from './arc.ts';
import { BeladyStore, LfuStore, LruStore, S3FifoStore, SieveStore } from './caches.ts';
import { type ExpectedDemand, PlannedSites } from './pushes.ts';
import { type AccessAccount, emptyAccount, type Read, readsOf, type SiteStore } from './reads.ts';

export interface AccessRules {
  /** Bytes that each site spares for copies. */
  readonly capacityBytes: number;
  /** Hours between two plans. */
  readonly stepHours: number;
  readonly horizonHours: number;
  readonly costs: CopyCosts;
  /** Reads count from here … */
  readonly fromHour: number;
  /** … to here, in hours since the trace's start; stores are filled by the reads before. */
  readonly toHour: number;
}

/** What is expected of files and sites at the start of an hour since the trace's start; it must know only the hours before. */
export interface DemandForecast {
  readonly name: string;
  /** Demand within the horizon that one more read stands for. */
  readonly echo: number;
  at(hour: number): readonly ExpectedDemand[];
}

export interface AccessResult extends AccessAccount {
  readonly policy: string;
}

export interface AccessScene {
  readonly trace: AccessTrace;
  readonly rules: AccessRules;
}

type CacheMaker = (capacityBytes: number, future: () => readonly Read[]) => SiteStore;

export const cacheNames = ['LRU', 'LFU', 'ARC', 'SIEVE', 'S3-FIFO', 'Belady'] as const;
export type CacheName = (typeof cacheNames)[number];

const makers: Readonly<Record<CacheName, CacheMaker>> = {
  LRU: (capacity) => new LruStore(capacity),
  LFU: (capacity) => new LfuStore(capacity),
  ARC: (capacity) => new ArcStore(capacity),
  SIEVE: (capacity) => new SieveStore(capacity),
  'S3-FIFO': (capacity) => new S3FifoStore(capacity),
  Belady: (capacity, future) => new BeladyStore(capacity, future()),
};

/** A cache on each site. */
export function replayCache({ trace, rules }: AccessScene, name: CacheName): AccessResult {
  const reads = readsOf(trace);
  const stores = trace.sites.map((_, site) =>
    makers[name](rules.capacityBytes, () => reads.filter((read) => read.site === site)),
  );
  const account = emptyAccount();
  for (const read of reads) {
    if (read.hour >= rules.toHour) break;
    serve(read, stores[read.site]!, { account, rules });
  }
  return { policy: name, ...account };
}

/** Copies that follow a forecast, planned anew at each step; before the first plan a site keeps what was read last. */
export function replayPushes({ trace, rules }: AccessScene, forecast: DemandForecast): AccessResult {
  const sites = new PlannedSites({ ...rules, siteCount: trace.sites.length, echo: forecast.echo });
  const account = emptyAccount();
  let planHour = rules.fromHour;
  for (const read of readsOf(trace)) {
    if (read.hour >= rules.toHour) break;
    for (; read.hour >= planHour; planHour += rules.stepHours) sites.plan(forecast.at(planHour), account);
    serve(read, sites.store(read.site), { account, rules });
  }
  sites.close(account);
  return { policy: forecast.name, ...account };
}

function serve(
  read: Read,
  store: SiteStore,
  { account, rules }: { readonly account: AccessAccount; readonly rules: AccessRules },
): void {
  const isHit = store.read(read);
  if (read.isBirth || read.hour < rules.fromHour) return;
  account.reads++;
  account.bytes += read.byteCount;
  if (isHit) {
    account.hits++;
    account.hitBytes += read.byteCount;
  } else account.wanBytes += read.byteCount;
}

/** So little that it never pays for a push, and enough to stay where there is room. */
const faintReads: number = 1e-6;

/** True counts of the horizon to come; files that are there but that nobody asked for yet included. What was read before stays where there is room. */
export function oracleForecast({ trace, rules }: AccessScene): DemandForecast {
  const reads = readsOf(trace).filter(({ hour }) => hour < rules.toHour);
  const known = new Map<string, Read>();
  let next = 0;
  return {
    name: 'oracle',
    echo: 0,
    at: (hour) => {
      for (; next < reads.length && reads[next]!.hour < hour; next++)
        known.set(keyOf(reads[next]!), reads[next]!);
      const found = new Map(Array.from(known, ([key, read]) => [key, { read, reads: faintReads }] as const));
      const unborn = new Set<FileId>();
      for (let at = next; at < reads.length && reads[at]!.hour < hour + rules.horizonHours; at++) {
        const read = reads[at]!;
        if (read.isBirth) unborn.add(read.file);
        if (unborn.has(read.file)) continue;
        found.set(keyOf(read), { read, reads: 1 + (found.get(keyOf(read))?.reads ?? faintReads) });
      }
      return Array.from(found.values(), (one) => expectedOf(one.read, one.reads));
    },
  };
}

const keyOf = ({ site, file }: Read): string => `${site} ${file}`;

const expectedOf = (
  { file, site, byteCount }: { readonly file: FileId; readonly site: number; readonly byteCount: number },
  reads: number,
): ExpectedDemand => ({ file, site, byteCount, reads });

/** Bytes of all different files that a mean site touched before an hour: what the spare room is a share of. */
export function touchedBytesPerSite(trace: AccessTrace, untilHour: number): number {
  const touched = new Map<string, number>();
  for (const { hour, site, file, byteCount } of readsOf(trace))
    if (hour < untilHour) touched.set(`${site} ${file}`, byteCount);
  return [...touched.values()].reduce((sum, bytes) => sum + bytes, 0) / trace.sites.length;
}
