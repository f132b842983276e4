// What a person says of a folder of theirs that is protected: that a mass change in it was meant, or that it is to be protected no more.

import { existsSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { unixMs } from '../../datasets/index.ts';
import type { UnprotectAnswer } from '../control/index.ts';
import { driveId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import type { RunningDrive } from './running-drive.ts';
import { wrong } from './wrong.ts';

type FolderKeeper = Pick<LiveAgent, 'drives' | 'now'>;

/** A person says that what happened until now was their wish. Throws `drive-unknown`. */
export function acceptChange(
  agent: FolderKeeper,
  path: string,
): { readonly drive: string; readonly accepted?: { readonly before: number; readonly harmed: number } } {
  const drive = protectedFolder(agent, path, 'also left');
  const massChange = drive.lastOutcome?.massChange;
  agent.drives.note(drive, { acceptedMs: unixMs(agent.now()) });
  drive.lastOutcome &&= {};
  return {
    drive: driveId(drive.stored.drive),
    ...(massChange === undefined
      ? {}
      : { accepted: { before: massChange.before, harmed: massChange.harmed } }),
  };
}

/**
 * The drive of a folder that is protected here, by the folder, a link to it, or the first digits of its id; `also left`: or that was.
 * Throws `drive-unknown`.
 */
function protectedFolder(
  agent: FolderKeeper,
  wanted: string,
  scope: 'protected' | 'also left',
): RunningDrive {
  const place = existsSync(wanted) ? realpathSync(wanted) : wanted;
  const here = [...agent.drives.running.values()]
    .filter(({ stored }) => stored.leftMs === undefined || scope === 'also left')
    .toSorted((a, b) => (a.stored.leftMs ?? -1) - (b.stored.leftMs ?? -1));
  const byId = here.filter(({ stored }) => isIdOf(stored.drive, basename(wanted)));
  const drive =
    here.find(({ stored }) => stored.folder === place) ?? (byId.length === 1 ? byId[0] : undefined);
  if (drive !== undefined) return drive;
  throw wrong(
    'drive-unknown',
    'that folder is not protected here',
    'Name a protected folder of this machine: see `drey status`.',
  );
}

const isIdOf = (drive: string, digits: string): boolean => digits.length >= 4 && drive.startsWith(digits);

/** Takes no more snapshots of a folder; what was saved stays. Throws `drive-unknown`. */
export async function unprotect(agent: LiveAgent, wanted: string): Promise<UnprotectAnswer> {
  const running = protectedFolder(agent, wanted, 'protected');
  await agent.drives.unprotect(running);
  const drive = driveId(running.stored.drive);
  const snapshotCount = agent.core.catalogue.drives.get(drive)?.heads.length ?? 0;
  return { drive, folder: running.stored.folder, snapshotCount };
}
