// Who reads and writes which files in a generated fleet: own files, files of the team, and a few hot ones per site.
// Popularity follows Zipf's law and fades with age; accesses happen only in hours in which the machine is up.

import { hourOfWeek } from '../calendar.ts';
import { slotUp } from '../history.ts';
import type { Random } from '../random.ts';
import type { AccessRow } from '../rows.ts';
import { dayMs, type FileId, fileId, hourMs, type MachineId, mebibyte, unixMs } from '../units.ts';
import { cumulate, hexDigits, logNormal, pickWeighted, poisson } from './sampling.ts';

interface GeneratedFile {
  readonly file: FileId;
  readonly byteCount: number;
  /** Before its birth a file is not touched. */
  readonly bornMs: number;
  readonly zipfWeight: number;
  readonly writeShare: number;
  /** Days of a hot file's short fame, as [fromMs, toMs); outside it is an ordinary one. */
  readonly fame?: readonly [fromMs: number, toMs: number];
}

const ownFileCount = 40;
const teamFileCount = 24;
const hotFileCount = 3;
/** Machines of one team stand side by side. */
const teamSize = 8;

export interface AccessSetting {
  readonly fromMs: number;
  readonly toMs: number;
  readonly siteOfMachine: Int32Array;
  readonly touchesPerDay: number;
}

export interface AccessPart {
  readonly machine: MachineId;
  readonly index: number;
  readonly utcOffsetMs: number;
  /** Hourly slots of the window, as in a history. */
  readonly upSlots: Uint8Array;
}

/** Draws the shared files once; the function that it returns yields one machine's rows, by hour and then file. */
export function createAccess(
  setting: AccessSetting,
  random: Random,
): (part: AccessPart) => readonly AccessRow[] {
  const shared = new Map<string, readonly GeneratedFile[]>();
  const filesOf = (name: string, count: number): readonly GeneratedFile[] => {
    const found = shared.get(name) ?? drawFiles(setting, { name, count }, random.fork(name));
    shared.set(name, found);
    return found;
  };
  return (part) => {
    if (setting.touchesPerDay === 0) return [];
    const site = setting.siteOfMachine[part.index]!;
    const files = [
      ...drawFiles(setting, { name: 'own', count: ownFileCount }, random.fork(`own ${part.index}`)),
      ...filesOf(`team ${site} ${Math.floor(part.index / teamSize)}`, teamFileCount),
      ...filesOf(`hot ${site}`, hotFileCount),
    ];
    return accessRows({ setting, part, files }, random.fork(`person ${part.index}`));
  };
}

function drawFiles(
  setting: AccessSetting,
  ask: { readonly name: string; readonly count: number },
  random: Random,
): readonly GeneratedFile[] {
  const lengthMs = setting.toMs - setting.fromMs;
  const isHot = ask.name.startsWith('hot');
  return Array.from({ length: ask.count }, (_, rank): GeneratedFile => {
    const isOld = random.fraction() < 0.6;
    const bornMs = setting.fromMs + (isOld ? -180 * dayMs : lengthMs) * random.fraction();
    const fameFromMs = setting.fromMs + lengthMs * random.fraction();
    return {
      file: fileId(hexDigits(random, 32)),
      byteCount: Math.max(1, Math.floor(logNormal(random, 0.2 * mebibyte, 2.2))),
      bornMs: isHot ? setting.fromMs - dayMs : bornMs,
      zipfWeight: (rank + 1) ** -0.85,
      writeShare: isHot ? 0.02 : 0.35 * random.fraction(),
      ...(isHot ? { fame: [fameFromMs, fameFromMs + (2 + random.below(4)) * dayMs] as const } : {}),
    };
  });
}

interface AccessWork {
  readonly setting: AccessSetting;
  readonly part: AccessPart;
  readonly files: readonly GeneratedFile[];
}

function accessRows(work: AccessWork, random: Random): readonly AccessRow[] {
  const { setting, part } = work;
  const rows: AccessRow[] = [];
  const diligence = logNormal(random, 1, 0.5);
  let sums: Float64Array = new Float64Array(0);
  for (let slot = 0; slot < part.upSlots.length; slot++) {
    const hourStartMs = setting.fromMs + slot * hourMs;
    if (slot % 24 === 0) sums = cumulate(work.files.map((file) => weightAt(file, hourStartMs)));
    if (part.upSlots[slot] !== slotUp) continue;
    const share = workShare(hourOfWeek(hourStartMs, part.utcOffsetMs));
    const touchCount = share === 0 ? 0 : poisson(random, setting.touchesPerDay * share * diligence);
    if (touchCount > 0) rows.push(...hourRows({ work, sums, hourStartMs, touchCount }, random));
  }
  return rows;
}

/** Share of a working day's touches in this hour of the week; machines left on at night are nearly idle. */
function workShare(hour: number): number {
  const hourOfDay = hour % 24;
  if (hour >= 5 * 24) return hourOfDay >= 9 && hourOfDay < 20 ? 0.004 : 0;
  if (hourOfDay === 12) return 0.05;
  if (hourOfDay >= 8 && hourOfDay < 18) return 0.105;
  return hourOfDay >= 19 && hourOfDay < 23 ? 0.01 : 0;
}

/** Interest fades as (1 + age in days)^−0.7; a file in its days of fame draws a crowd. */
function weightAt(file: GeneratedFile, atMs: number): number {
  const ageDays = (atMs - file.bornMs) / dayMs;
  if (ageDays < 0) return 0;
  const isFamous = file.fame !== undefined && atMs >= file.fame[0] && atMs < file.fame[1];
  return file.zipfWeight * (1 + ageDays) ** -0.7 * (isFamous ? 40 : 1);
}

interface HourWork {
  readonly work: AccessWork;
  readonly sums: Float64Array;
  readonly hourStartMs: number;
  readonly touchCount: number;
}

function hourRows(hour: HourWork, random: Random): readonly AccessRow[] {
  const touched = new Map<number, { reads: number; writes: number }>();
  for (let i = 0; i < hour.touchCount; i++) {
    const index = pickWeighted(random, hour.sums);
    const counts = touched.get(index) ?? { reads: 0, writes: 0 };
    if (random.fraction() < hour.work.files[index]!.writeShare) counts.writes++;
    else counts.reads++;
    touched.set(index, counts);
  }
  const machine = hour.work.part.machine;
  const rows = Array.from(touched, ([index, counts]): AccessRow => {
    const { file, byteCount } = hour.work.files[index]!;
    return { kind: 'access', machine, hourMs: unixMs(hour.hourStartMs), file, ...counts, byteCount };
  });
  return rows.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}
