// Which entries of a tree somebody wants: those at or below the given paths, and the folders above them. Knows which paths had any.

import { DreyError } from '../../../datasets/words.ts';
import { type BytePath, bytePath, bytePathOf, parentOf, pathText, waysToName } from './path-bytes.ts';

/** The drive's own folder: everything is below it. */
const top = bytePath('');

export class WantedPaths {
  readonly #wanted: ReadonlySet<BytePath>;
  /** Of wanted paths, shortest first, each once. */
  readonly #lengths: readonly number[];
  readonly #waysToName: (path: BytePath) => readonly BytePath[];
  readonly #above = new Set<BytePath>();
  /** Wanted paths at or below which nothing was seen yet. */
  readonly #unseen: Set<BytePath>;

  /** Paths as people write them, inside the drive; none means everything. */
  constructor(paths: readonly string[]) {
    this.#waysToName = waysToName(paths);
    const asked = paths.map((path) => bytePathOf(path.replace(/^\.?(?:\/+|$)|\/+$/gu, '')));
    this.#wanted = new Set(asked.length === 0 ? [top] : asked);
    this.#lengths = [...new Set([...this.#wanted].map(({ length }) => length))].toSorted((a, b) => a - b);
    // An empty tree is everything, too.
    this.#unseen = new Set(asked);
    for (const path of this.#wanted)
      for (const folder of upFrom(parentOf(path))) if (folder !== top) this.#above.add(folder);
  }

  /** Whether an entry is wanted, or stands above one that is. Looks at as many folders above it as wanted paths have lengths, however deep it lies. */
  readonly needs = (path: BytePath): boolean => {
    // Each of them is looked at, so that all that was asked for counts as seen.
    return this.#waysToName(path)
      .map((way) => this.#needs(way))
      .includes(true);
  };

  #needs(path: BytePath): boolean {
    let isWithin = false;
    for (const length of this.#lengths) {
      if (length > path.length) break;
      const isWhole = length === 0 || length === path.length || path[length] === '/';
      const at = bytePath(path.slice(0, length));
      if (!isWhole || !this.#wanted.has(at)) continue;
      isWithin = true;
      this.#unseen.delete(at);
    }
    return isWithin || this.#above.has(path);
  }

  /** Throws `path-not-in-snapshot` unless each wanted path had an entry at or below it. */
  assertAllSeen(): void {
    if (this.#unseen.size > 0) throw notInSnapshot([...this.#unseen]);
  }
}

/** The path, the folder that it lies in, and so on to the top. */
function* upFrom(path: BytePath): Generator<BytePath> {
  for (let at = path; at !== top; at = parentOf(at)) yield at;
  yield top;
}

const namedMax = 3;

function notInSnapshot(paths: readonly BytePath[]): DreyError {
  const named = paths.slice(0, namedMax).map((path) => `"${pathText(path)}"`);
  const rest = paths.length > namedMax ? [`${paths.length - namedMax} more`] : [];
  return new DreyError({
    code: 'path-not-in-snapshot',
    message: `The snapshot has nothing at ${[...named, ...rest].join(', ')}`,
    advice:
      'Give paths as they are inside the drive, without the folder that was protected; capitals count. `drey find NAME` tells where a file is.',
  });
}
