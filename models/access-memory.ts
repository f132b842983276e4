// What is known of files and sites at a moment: fading counts of each file on each site, ages, sizes, sharing. It is told rows in
// the order of their hours and never looks ahead; it decides which pairs of file and site are worth a forecast.

import {
  type AccessRow,
  type AccessTrace,
  demandOf,
  type FileId,
  hourMs,
  hourOfWeek,
  type MachineId,
} from '../datasets/index.ts';

/** Half-lives of the fading counts, in hours: 1 h, 6 h, 1 d, 7 d, 30 d, 1 year. */
export const halfLives = [1, 6, 24, 168, 720, 8766] as const;
const weekLife = 3;
/** Counts on the site, then on the others. */
export const rateCount = 2 * halfLives.length;
export const pairFeatureCount = rateCount + 12;
/** A site where a file was never asked for is a candidate only while the others ask for it about so often a week. */
const sharedCountMin = 1;

/** A file on a site, as known at one moment. */
export interface Pair {
  readonly file: FileId;
  readonly site: number;
  /** 0 once it is deleted. */
  readonly byteCount: number;
}

/** Counts that fade by half in each half-life; lazily brought up to date. */
class FadingCounts {
  readonly #values = new Float64Array(halfLives.length);
  lastHour: number;

  constructor(hour: number) {
    this.lastHour = hour;
  }

  add(hour: number, count: number): void {
    for (const [index, life] of halfLives.entries())
      this.#values[index] = this.#values[index]! * 0.5 ** ((hour - this.lastHour) / life) + count;
    this.lastHour = hour;
  }

  at(hour: number, index: number): number {
    return this.#values[index]! * 0.5 ** ((hour - this.lastHour) / halfLives[index]!);
  }
}

interface FileStory {
  readonly file: FileId;
  readonly bornHour: number;
  byteCount: number;
  readonly all: FadingCounts;
  readonly others: FadingCounts;
  readonly onSite: (FadingCounts | undefined)[];
  readonly totals: Float64Array;
  readonly machines: Set<MachineId>;
}

const calendarHoursMin = 336;

/** Sharing is counted up to this; beyond it a file is everybody's. */
const sharersMax = 256;

export class AccessMemory {
  readonly #trace: Pick<AccessTrace, 'demand' | 'sites' | 'siteOf'>;
  readonly #stories = new Map<FileId, FileStory>();

  #firstHour = Number.POSITIVE_INFINITY;

  constructor(trace: Pick<AccessTrace, 'demand' | 'sites' | 'siteOf'>) {
    this.#trace = trace;
  }

  /** Rows of an hour that is over; hours never go back. */
  add(row: AccessRow): void {
    const { demand, sites, siteOf } = this.#trace;
    const hour = row.hourMs / hourMs;
    this.#firstHour = Math.min(this.#firstHour, hour);
    const story = this.#stories.get(row.file) ?? {
      file: row.file,
      bornHour: hour,
      byteCount: row.byteCount,
      all: new FadingCounts(hour),
      others: new FadingCounts(hour),
      onSite: Array.from({ length: sites.length }, () => undefined),
      totals: new Float64Array(sites.length),
      machines: new Set<MachineId>(),
    };
    this.#stories.set(row.file, story);
    const site = siteOf.get(row.machine)!;
    const count = demandOf(row, demand);
    story.byteCount = row.byteCount;
    story.others.add(hour, row.reads + row.writes - count);
    if (story.machines.size < sharersMax) story.machines.add(row.machine);
    if (count === 0) return;
    story.all.add(hour, count);
    (story.onSite[site] ??= new FadingCounts(hour)).add(hour, count);
    story.totals[site]! += count;
  }

  /** Pairs worth a forecast at the start of `hour` (since the unix epoch): files that are there, where they are or may be asked for. */
  pairs(hour: number): readonly Pair[] {
    const pairs: Pair[] = [];
    for (const { file, byteCount, onSite, all } of this.#stories.values()) {
      if (byteCount === 0) continue;
      const isShared = all.at(hour, weekLife) >= sharedCountMin;
      for (const [site, counts] of onSite.entries())
        if (isShared || counts !== undefined) pairs.push({ file, site, byteCount });
    }
    return pairs;
  }

  /** Writes the fading counts of a pair: on its site, then elsewhere. */
  writeCounts({ file, site }: Pair, hour: number, into: Float32Array): void {
    const { onSite, all } = this.#stories.get(file)!;
    for (const index of halfLives.keys()) {
      const here = onSite[site]?.at(hour, index) ?? 0;
      into[index] = here;
      into[halfLives.length + index] = Math.max(0, all.at(hour, index) - here);
    }
  }

  /** Demand of the pair since the memory began: what LFU goes by. */
  total({ file, site }: Pair): number {
    return this.#stories.get(file)!.totals[site]!;
  }

  /** Hours since the pair was last asked for, or since the file was born if never: what LRU goes by. */
  idleHours({ file, site }: Pair, hour: number): number {
    const { onSite, bornHour } = this.#stories.get(file)!;
    const counts = onSite[site];
    return counts === undefined ? 1e6 + hour - bornHour : hour - counts.lastHour;
  }

  /** The `pairFeatureCount` features of a pair. */
  writeFeatures(pair: Pair, hour: number, into: Float32Array): void {
    const story = this.#stories.get(pair.file)!;
    this.writeCounts(pair, hour, into);
    for (let index = 0; index < rateCount; index++) into[index] = Math.log1p(into[index]!);
    const isKnownHere = story.onSite[pair.site] !== undefined;
    // Before two weeks are over, an hour of the week is only a date.
    const calendar = hour - this.#firstHour >= calendarHoursMin ? 1 : 0;
    const weekAngle = (2 * Math.PI * hourOfWeek(hour * hourMs)) / 168;
    const known = story.onSite.reduce((sum, counts) => sum + (counts === undefined ? 0 : 1), 0);
    const rest = [
      isKnownHere ? 1 : 0,
      Math.log1p(isKnownHere ? this.idleHours(pair, hour) : hour - story.bornHour) / 8,
      Math.log1p(hour - story.all.lastHour) / 8,
      Math.log1p(hour - story.bornHour) / 8,
      Math.log1p(pair.byteCount) / 20,
      Math.log1p(story.machines.size) / 3,
      Math.log1p(story.others.at(hour, weekLife)),
      known / this.#trace.sites.length,
      calendar * Math.sin(7 * weekAngle),
      calendar * Math.cos(7 * weekAngle),
      calendar * Math.sin(weekAngle),
      calendar * Math.cos(weekAngle),
    ];
    for (const [index, value] of rest.entries()) into[rateCount + index] = value;
  }
}
