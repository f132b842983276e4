// Which entries of a tree somebody wants: those at or below the given paths, and the folders above them.

import { DreyError } from '../../../datasets/index.ts';
import { type BytePath, bytePathOf, parentOf } from './path-bytes.ts';

export class WantedPaths {
  readonly #paths: readonly BytePath[];
  readonly #above = new Set<string>();

  /** Paths as people write them, inside the drive; none means everything. */
  constructor(paths: readonly string[]) {
    this.#paths = paths.map((path) => bytePathOf(path.replace(/^\.?\/+|\/+$/gu, '')));
    for (const path of this.#paths)
      for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) this.#above.add(folder);
  }

  /** Whether it is wanted itself, or stands above something that is. */
  readonly isNeeded = (path: string): boolean =>
    this.#paths.length === 0 || this.#above.has(path) || this.#paths.some((wanted) => isWithin(path, wanted));

  /** Throws `path-not-in-snapshot` unless each wanted path has an entry at or below it. */
  assertFound(found: readonly string[]): void {
    if (!this.#paths.every((wanted) => found.some((path) => isWithin(path, wanted))))
      throw notInSnapshot(this.#paths.length);
  }
}

const isWithin = (path: string, wanted: BytePath): boolean =>
  wanted === '' || path === wanted || path.startsWith(`${wanted}/`);

const notInSnapshot = (pathCount: number): DreyError =>
  new DreyError({
    code: 'path-not-in-snapshot',
    message: `At least one of the ${pathCount} paths asked for is not in this snapshot`,
    advice: 'Give paths as they are inside the drive, without the folder that was protected; capitals count.',
  });
