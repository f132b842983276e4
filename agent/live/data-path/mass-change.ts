// Whether so much of a drive went away or turned into noise within a day that a person should look before anything older is
// forgotten. Pure arithmetic over counts; it cannot tell an attack from a clean-up.

import { massChangeFilesMin, massChangeShare } from '../../limits.ts';

export interface ChangeCounts {
  /** Files that were there before the day began. */
  readonly before: number;
  /** Of them: removed, and not moved; or changed into what looks like noise. */
  readonly harmed: number;
}

/** A small drive changes as a whole all the time; a large one does not. */
export const isMassChange = ({ before, harmed }: ChangeCounts): boolean =>
  before >= massChangeFilesMin && harmed > massChangeShare * before;
