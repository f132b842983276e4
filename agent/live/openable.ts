// Which drives can be opened on this machine: its own by itself, a person's with the 24 words; and which of a drive's
// snapshots a person means. It opens keys and names, nothing else.

import { setTimeout as pause } from 'node:timers/promises';
import { DreyError, localTimeText, minutes, seconds } from '../../datasets/index.ts';
import {
  type DriveKeys,
  type DriveRecord,
  type HeadRecord,
  keysFor,
  personFromPhrase,
  type Recipient,
} from '../codec/index.ts';
import type { KnownDrive } from '../core/index.ts';
import type { DriveId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import { driveName } from './fleet-view.ts';
import { wrong } from './wrong.ts';

/** A drive with at least one snapshot whose keys are known here. */
export interface OpenedDrive {
  readonly drive: DriveId;
  /** As far as these keys open it. */
  readonly known: KnownDrive;
  readonly keys: DriveKeys;
}

export interface DriveWish {
  /** First digits of its id. */
  readonly drive?: string;
  readonly phrase?: string;
}

/** The drive with its keys, by this machine or by the person; of one that was put out, as it was then. Undefined when neither may open it. */
export function openKnown(
  agent: LiveAgent,
  drive: DriveId,
  { known, person }: { readonly known: KnownDrive; readonly person: Recipient | undefined },
): Omit<OpenedDrive, 'drive'> | undefined {
  const own = agent.drives.keysOf(drive);
  if (own !== undefined) return { known, keys: own };
  if (person === undefined) return undefined;
  for (const record of [known.record, ...known.formerRecords.toReversed()]) {
    const keys = keysFor(person, record);
    if (keys.ok) return { known: asOf(known, record), keys: keys.value };
  }
  return undefined;
}

/** What there was of a drive while a key was its newest. */
function asOf(known: KnownDrive, record: DriveRecord): KnownDrive {
  if (record === known.record) return known;
  return {
    ...known,
    record,
    heads: known.heads.filter(({ keyEpoch }) => keyEpoch <= record.keyEpoch),
    forgotten: known.forgotten.filter(({ head }) => head.keyEpoch <= record.keyEpoch),
  };
}

/** All drives with a snapshot that can be opened. Throws `drive-not-openable` when there is none. */
export function openDrives(agent: LiveAgent, wish: DriveWish): readonly [OpenedDrive, ...OpenedDrive[]] {
  const person = wish.phrase === undefined ? undefined : personFromPhrase(wish.phrase);
  const [first, ...rest] = [...agent.core.catalogue.drives].flatMap(([drive, known]): OpenedDrive[] => {
    if (!drive.startsWith(wish.drive ?? '')) return [];
    const opened = openKnown(agent, drive, { known, person });
    return opened === undefined || opened.known.heads.length === 0 ? [] : [{ drive, ...opened }];
  });
  if (first !== undefined) return [first, ...rest];
  const { drive: wanted } = wish;
  if (wanted !== undefined && !agent.core.catalogue.drives.keys().some((drive) => drive.startsWith(wanted)))
    throw wrong(
      'drive-not-openable',
      `no drive is known here whose id begins with "${wanted}"`,
      'Take the first digits of one from `drey snapshots`, and wait a minute if this machine has just joined.',
    );
  throw wrong(
    'drive-not-openable',
    'no drive with a snapshot can be opened with what you gave',
    'Give the 24 words of the person whose drive it is (--phrase-file), and wait a minute if this machine has just joined.',
  );
}

const namedMax = 8;

/**
 * The one drive that is meant: by its id, by a snapshot that it alone has, or as the only one. Any member can make a drive that a person's
 * words open, under any name, so whose each is is said. Throws `drive-not-openable`, `drive-ambiguous`.
 */
export function openDrive(agent: LiveAgent, wish: DriveWish & { readonly snapshot?: string }): OpenedDrive {
  const opened = openDrives(agent, wish);
  const { snapshot } = wish;
  const having = snapshot === undefined ? [] : opened.filter(({ known }) => hasSnapshot(known, snapshot));
  if (having.length === 1) return having[0]!;
  const named = opened
    .slice(0, namedMax)
    .map(({ drive, known }) => `${drive.slice(0, 8)} of ${agent.core.membership.nameOf(known.owner)}`);
  if (opened.length > 1)
    throw wrong(
      'drive-ambiguous',
      `${opened.length} drives can be opened: ${named.join(', ')}${opened.length > namedMax ? ' …' : ''}`,
      'Name one with --drive: see `drey snapshots`. Take none of a machine that is not yours.',
    );
  return opened[0];
}

const hasSnapshot = ({ heads, forgotten }: KnownDrive, digits: string): boolean =>
  [...heads, ...forgotten.map(({ head }) => head)].some(({ snapshot }) => snapshot.startsWith(digits));

/** So long after its start an agent may not have heard yet which drives there are. */
const learningMs = minutes(1);
const lookAgainMs = 500;

/** Logs that come in come without such pauses, and a person waits. */
const quietMs = seconds(3);
/** One machine alone may keep back what others have. */
const tellersMin = 2;

interface Heard {
  /** Batches of facts here. */
  readonly batchCount: number;
  readonly upCount: number;
  readonly machineCount: number;
  /** By any clock that only goes forward. */
  readonly nowMs: number;
}

/** Whether a machine that has just joined has heard what there is: nothing new came for a while, from enough others. */
export class Learning {
  #batchCount = -1;
  #sinceMs = 0;

  isOver({ batchCount, upCount, machineCount, nowMs }: Heard): boolean {
    if (batchCount !== this.#batchCount) [this.#batchCount, this.#sinceMs] = [batchCount, nowMs];
    return upCount >= Math.min(tellersMin, machineCount - 1) && nowMs - this.#sinceMs >= quietMs;
  }
}

function heardBy({ core }: LiveAgent): Heard {
  const { replication, membership } = core;
  const batchCount = replication.knownFacts.values().reduce((sum, { signed }) => sum + signed, 0);
  const [upCount, machineCount] = [membership.up.size, membership.machines.length];
  return { batchCount, upCount, machineCount, nowMs: performance.now() };
}

/**
 * The same on a machine that has just joined or started: what is not known yet is waited for, a minute after the start at most. The first drive
 * that words open may be one that another member made for them, so it is not taken before the others are known; one of this machine, or one
 * that was named, is.
 */
export async function openDriveSoon(
  agent: LiveAgent,
  wish: DriveWish & { readonly snapshot?: string; readonly signal: AbortSignal },
): Promise<OpenedDrive> {
  for (const learning = new Learning(); ; await pause(lookAgainMs)) {
    const isLearning = performance.now() - agent.startedAt < learningMs && !wish.signal.aborted;
    const hasHeard = learning.isOver(heardBy(agent));
    try {
      const opened = openDrive(agent, wish);
      const isMeant = wish.drive !== undefined || agent.drives.keysOf(opened.drive) !== undefined;
      if (isMeant || hasHeard || !isLearning) return opened;
    } catch (error) {
      const isUnknown = error instanceof DreyError && error.code === 'drive-not-openable';
      if (!isUnknown || !isLearning) throw error;
    }
  }
}

/** A path as people type it, taken as one inside a drive, where it is given from the root of the disk on. */
export function insideDrive(
  opened: readonly OpenedDrive[],
  path: string,
): { readonly drives: readonly OpenedDrive[]; readonly path: string } {
  for (const drive of opened) {
    const folder = driveName(drive.keys.driveKey, drive.known.record.sealedName);
    if (folder !== undefined && (path === folder || path.startsWith(`${folder}/`)))
      return { drives: [drive], path: trimmed(path.slice(folder.length)) };
  }
  return { drives: opened, path: trimmed(path) };
}

const trimmed = (path: string): string => path.replace(/^(?:\.?\/)+|\/+$/gu, '');

/** Ten digits of an id are what lists show. */
const ambiguous = (heads: readonly HeadRecord[]): DreyError => {
  const named = heads
    .slice(0, namedMax)
    .map(({ snapshot, atMs }) => `${snapshot.slice(0, 10)} of ${localTimeText(atMs)}`);
  return wrong(
    'snapshot-ambiguous',
    `the ids of ${heads.length} snapshots begin so: ${named.join(', ')}${heads.length > namedMax ? ' …' : ''}`,
    'Give more digits of the one that you mean.',
  );
};

/**
 * The one snapshot whose id starts so, or the newest that was there at a time; the newest of all when nothing is said. One that was
 * forgotten is found by its id. Throws `snapshot-unknown`, `snapshot-ambiguous`, `no-snapshot-then`.
 */
export function chooseHead(
  { heads, forgotten }: KnownDrive,
  { snapshot, atMs }: { readonly snapshot?: string; readonly atMs?: number },
): HeadRecord {
  const then = atMs === undefined ? heads : heads.filter((head) => head.atMs <= atMs);
  const [oldest] = heads;
  if (then.length === 0 && oldest !== undefined)
    throw wrong(
      'no-snapshot-then',
      `there was no snapshot at that time yet: the oldest is of ${localTimeText(oldest.atMs)}`,
      'Give a later time, or take a snapshot from `drey snapshots`.',
    );
  if (snapshot === undefined && then.length > 0) return then.at(-1)!;
  const begin = [...then, ...forgotten.map(({ head }) => head)].filter(
    (head) => snapshot !== undefined && head.snapshot.startsWith(snapshot),
  );
  if (begin.length > 1) throw ambiguous(begin);
  const [head] = begin;
  if (head !== undefined) return head;
  throw wrong('snapshot-unknown', 'the drive has no such snapshot', 'Take an id from `drey snapshots`.');
}
