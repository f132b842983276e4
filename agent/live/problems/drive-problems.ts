// Problems with the folders that this machine protects. Without names: what they say may leave the machine as an alert.

import { countText, unixMs } from '../../../datasets/index.ts';
import { sentence } from '../../problem.ts';
import { type DriveId, driveId } from '../../units.ts';
import type { Drives } from '../drives.ts';
import type { RunningDrive } from '../running-drive.ts';
import { massChangeText } from '../mass-changes.ts';
import { lostElsewhereText } from '../lost-packs.ts';
import { lostText } from '../outbox.ts';
import type { FoundProblem } from './find-problems.ts';

export const findDriveProblems = (drives: Drives): readonly FoundProblem[] =>
  [...drives.running].flatMap(([drive, running]) => [
    ...massChangeOf(drive, running),
    ...backupOf(drive, running),
    ...unreadOf(drive, running),
    ...lostOf(drive, running),
    ...watchingOf(drive, running),
    ...(drives.hasPerson(running) ? [] : [wordless(drive)]),
  ]);

/** Drives of which the problems cannot be told yet: nobody has looked at their folders since the agent started. */
export const unseenDrives = (drives: Drives): ReadonlySet<string> =>
  new Set(
    [...drives.running.values()]
      .filter(({ lastOutcome, failure }) => lastOutcome === undefined && failure === undefined)
      .map(({ stored }) => driveId(stored.drive)),
  );

/** Its person was put out. */
const wordless = (about: DriveId): FoundProblem => ({
  kind: 'no-words',
  about,
  level: 'problem',
  risk: "What is saved of a drive from now on is lost with this machine: it opens with nobody's words.",
  why: 'The person whose words opened it was put out.',
  action: 'Snapshots go on, and open on this machine.',
  advice:
    'Give the folder to somebody: `drey protect FOLDER`, with `--phrase-file` for the words that a person has already.',
});

function massChangeOf(about: DriveId, { lastOutcome }: RunningDrive): readonly FoundProblem[] {
  const massChange = lastOutcome?.massChange;
  if (massChange === undefined) return [];
  return [
    {
      kind: 'mass-change',
      about,
      level: 'problem',
      risk: 'The files of a drive may be destroyed or encrypted by somebody.',
      why: `${massChangeText(massChange)}.`,
      action: 'Snapshots go on, and nothing older is forgotten until somebody has looked.',
      advice:
        'Is a disk missing that was mounted in the folder? Then connect it. Was it you? Then `drey protect FOLDER --accept-change`. If not: take the machine off the network, and bring the files back with `drey restore --at`.',
      sinceMs: unixMs(massChange.sinceMs),
    },
  ];
}

function backupOf(about: DriveId, { failure, wait }: RunningDrive): readonly FoundProblem[] {
  const risk = 'What changed since the newest snapshot is not safe yet.';
  const found: FoundProblem[] = [];
  if (failure !== undefined)
    found.push({
      kind: 'backup-failed',
      about,
      level: 'problem',
      risk,
      why: `A snapshot failed: ${failure}.`,
      action: 'It is tried again by itself.',
    });
  if (wait !== undefined)
    found.push({
      kind: 'backup-waits',
      about,
      level: 'warning',
      risk,
      why: `The snapshot waits: ${wait}.`,
      action: 'It is taken as soon as that is over.',
    });
  return found;
}

function unreadOf(about: DriveId, { unread }: RunningDrive): readonly FoundProblem[] {
  if (unread.length === 0) return [];
  const byReason = Map.groupBy(unread, ({ reason }) => reason);
  const reasons = [...byReason].map(([reason, { length }]) =>
    byReason.size === 1 ? reason : `${reason} (${length})`,
  );
  return [
    {
      kind: 'files-unread',
      about,
      level: 'warning',
      risk: `The newest snapshot of a drive leaves out ${countText(unread.length, 'file')}, or has them as they were while they changed.`,
      why: sentence(reasons.join('; ')),
      action: 'Each snapshot tries again.',
      advice: '`drey protect FOLDER` names them.',
    },
  ];
}

/** For the lost packs of a folder that is not protected any more. */
const protectAgain = 'To save the folder as it is now: `drey protect FOLDER`.';

function lostOf(about: DriveId, { stored: { lost, leftMs } }: RunningDrive): readonly FoundProblem[] {
  if (lost === undefined) return [];
  const found: FoundProblem[] = [];
  const elsewhereCount = lost.elsewhereCount ?? 0;
  const hereCount = lost.packCount - elsewhereCount;
  const since = { about, level: 'problem', sinceMs: unixMs(lost.sinceMs) } as const;
  if (hereCount > 0)
    found.push({
      ...since,
      kind: 'outbox-lost',
      risk: 'What changed since the newest acknowledged snapshot is not safe yet.',
      why: `${lostText(hereCount)}.`,
      action:
        leftMs === undefined
          ? 'Their files are read and stored anew; what was acknowledged is not concerned.'
          : 'The folder is not protected any more, so nothing is read anew; what was acknowledged is not concerned.',
      advice: leftMs === undefined ? 'Look at the disk of this machine: it may be failing.' : protectAgain,
    });
  if (elsewhereCount > 0)
    found.push({
      ...since,
      kind: 'packs-lost',
      risk: 'Files of a drive are on this machine only, and older versions of some are lost.',
      why: `${lostElsewhereText(elsewhereCount)}.`,
      action:
        leftMs === undefined
          ? 'What was in them and is still in the folder is read and stored anew.'
          : 'The folder is not protected any more, so nothing is stored anew.',
      advice:
        leftMs === undefined
          ? '`drey verify` names what cannot be restored. If a machine that had some of it can be brought back, start it.'
          : protectAgain,
    });
  return found;
}

function watchingOf(about: DriveId, { watcher }: RunningDrive): readonly FoundProblem[] {
  if (watcher?.health.state === 'scanning only')
    return [
      {
        kind: 'scanning-only',
        about,
        level: 'warning',
        risk: 'Changes in a drive are saved minutes later than they could be.',
        why: `They are found by scans only: ${watcher.health.reason}.`,
        action: 'The folder is looked through every ten minutes, and the watcher is started anew.',
      },
    ];
  if (watcher?.health.state === 'stopped')
    return [
      {
        kind: 'not-watched',
        about,
        level: 'problem',
        risk: 'New changes in a drive are not saved.',
        why: `The folder is not watched: ${watcher.health.reason}.`,
        action: 'Watching begins again when the agent starts.',
        advice: 'Stop the agent and start it again.',
      },
    ];
  return [];
}
