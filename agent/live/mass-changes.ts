// What people are told of a mass change. While nobody has said that it was meant, nothing of the drive is forgotten, also when its folder
// is protected no more.

import type { MassChange } from './data-path/index.ts';
import type { RunningDrive } from './running-drive.ts';
import type { StoredDrive } from './stored-drives.ts';

export const heldText = 'nothing older is forgotten until somebody has looked';

/** In plain words, without names. */
export const massChangeText = ({ harmed, before, sinceMs }: MassChange): string =>
  `${harmed} of ${before} files of a drive were removed or turned into what looks encrypted, since ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

type Outcome = NonNullable<RunningDrive['lastOutcome']>;

/** What a snapshot told, as far as nobody has accepted it: that may have been done while it was taken. */
export const heldOutcome = (massChange: MassChange | undefined, { acceptedMs }: StoredDrive): Outcome =>
  massChange !== undefined && massChange.atMs > (acceptedMs ?? 0) ? { massChange } : {};

/** Of a folder that nobody looks at any more: what was found when somebody did. */
export function outcomeWhenLeft(stored: StoredDrive): Outcome | undefined {
  const held = heldOutcome(stored.heldChange, stored);
  return held.massChange === undefined ? undefined : held;
}

/** Why nothing of a drive may be forgotten; undefined when nothing stands against it. */
export function reasonToKeepAll({ lastOutcome, stored }: RunningDrive): string | undefined {
  // Nothing comes to a drive that was left, and only a person asks for it.
  if (lastOutcome === undefined && stored.leftMs !== undefined) return undefined;
  if (lastOutcome === undefined) return 'its folder was not looked at since the agent started';
  return lastOutcome.massChange === undefined
    ? undefined
    : `${massChangeText(lastOutcome.massChange)}; "drey protect FOLDER --accept-change" says that it was your wish`;
}
