// What people are told of a mass change. While nobody has said that it was meant, nothing of the drive is forgotten.

import type { MassChange } from './data-path/index.ts';
import type { RunningDrive } from './running-drive.ts';

export const heldText = 'nothing older is forgotten until somebody has looked';

/** In plain words, without names. */
export const massChangeText = ({ harmed, before, sinceMs }: MassChange): string =>
  `${harmed} of ${before} files of a drive were removed or turned into what looks encrypted, since ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Why nothing of a drive may be forgotten; undefined when nothing stands against it. */
export function reasonToKeepAll({ lastOutcome, stored }: RunningDrive): string | undefined {
  // Nothing comes to a drive that was left, and only a person asks for it.
  if (lastOutcome === undefined && stored.leftMs !== undefined) return undefined;
  if (lastOutcome === undefined) return 'its folder was not looked at since the agent started';
  return lastOutcome.massChange === undefined
    ? undefined
    : `${massChangeText(lastOutcome.massChange)}; "drey protect FOLDER --accept-change" says that it was your wish`;
}
