// Where folders lie by whatever links: one is known by the path that somebody gave, and by its real one.

import { realpathSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';

/** A folder's path as it was given, and its real one where that is another; both absolute. What is not there has no other. */
export function waysTo(folder: string): readonly string[] {
  try {
    // The system's own call also knows capitals as the disk has them.
    return [...new Set([folder, realpathSync.native(folder)])];
  } catch {
    return [folder];
  }
}

/** Whether a folder lies somewhere below another one; both absolute. */
export function isWithin(folder: string, around: string): boolean {
  const way = relative(around, folder);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Drive paths of those folders that lie inside the protected one, by either path of either. */
export function insidePaths(folder: string, others: readonly string[]): readonly string[] {
  const places = others.flatMap(waysTo);
  const paths = waysTo(folder).flatMap((around) =>
    places.filter((place) => isWithin(place, around)).map((place) => relative(around, place)),
  );
  return [...new Set(paths.map((path) => path.split(sep).join('/')))];
}
