// What people are told of a mass change, and how they say that it was their wish. While nobody has, nothing of the drive is
// forgotten.

import { DreyError, unixMs } from '../../datasets/index.ts';
import { driveId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import type { MassChange } from './data-path/index.ts';
import type { RunningDrive } from './drives.ts';

export const heldText = 'nothing older is forgotten until somebody has looked';

/** In plain words, without names. */
export const massChangeText = ({ harmed, before, sinceMs }: MassChange): string =>
  `${harmed} of ${before} files of a drive were removed or turned into what looks encrypted, since ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Why nothing of a drive may be forgotten; undefined when nothing stands against it. */
export function reasonToKeepAll({ lastOutcome }: RunningDrive): string | undefined {
  if (lastOutcome === undefined) return 'its folder was not looked at since the agent started';
  return lastOutcome.massChange === undefined
    ? undefined
    : `${massChangeText(lastOutcome.massChange)}; "drey protect FOLDER --accept-change" says that it was your wish`;
}

/** A person says that what happened until now was their wish. Throws `drive-unknown`. */
export function acceptChange(
  agent: LiveAgent,
  path: string,
): { readonly drive: string; readonly accepted?: { readonly before: number; readonly harmed: number } } {
  const drive = [...agent.drives.running.values()].find(({ stored }) => stored.folder === path);
  if (drive === undefined)
    throw new DreyError({
      code: 'drive-unknown',
      message: 'that folder is not protected here',
      advice: 'Name a protected folder of this machine: see `drey status`.',
    });
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
