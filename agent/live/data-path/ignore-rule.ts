// One line of gitignore's language as a regular expression over the bytes of paths. As gitignore(5) and git's own wildmatch.c have it; tried
// against `git check-ignore`. A line that git would never let fit anything fits nothing here, so that it leaves nothing out.

export interface IgnoreRule {
  /** Begins with `!`: what fits is kept. */
  readonly keeps: boolean;
  /** Ends with `/`. */
  readonly isForFolders: boolean;
  readonly expression: RegExp;
}

/** Undefined for empty lines, remarks and lines that fit nothing. One character is one byte. */
export function ignoreRuleOf(line: string): IgnoreRule | undefined {
  const trimmed = trimmedEnd(line.endsWith('\r') ? line.slice(0, -1) : line);
  if (trimmed.startsWith('#')) return undefined;
  const keeps = trimmed.startsWith('!');
  const isForFolders = trimmed.endsWith('/');
  const pattern = trimmed.slice(keeps ? 1 : 0, isForFolders ? -1 : undefined);
  // A line with a slash is about the whole path, one without about names anywhere.
  const start = pattern.includes('/') ? '' : '(?:.*/)?';
  const source = sourceOf(pattern.startsWith('/') ? pattern.slice(1) : pattern);
  if (source === undefined || source === '') return undefined;
  return { keeps, isForFolders, expression: new RegExp(`^${start}${source}$`, 's') };
}

/** Spaces at the end do not count, but for one behind a backslash. */
function trimmedEnd(line: string): string {
  const bare = line.replace(/ +$/u, '');
  const isQuoted = bare.length < line.length && /(?:^|[^\\])(?:\\\\)*\\$/u.test(bare);
  return isQuoted ? `${bare} ` : bare;
}

/** A backslash and what it quotes; stars with the slashes around them; a class in brackets; any other character. */
const pieces = /\\.|((?:^|(?<=\/))\*{2,}(?:\/|$))|\*+|\[[!^]?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|./gsu;

function sourceOf(pattern: string): string | undefined {
  let source = '';
  for (const [piece, manyFolders] of pattern.matchAll(pieces)) {
    const part = manyFolders === undefined ? partOf(piece) : acrossFolders(manyFolders);
    if (part === undefined) return undefined;
    source += part;
  }
  return source;
}

/** Two stars with nothing but slashes around them. */
const acrossFolders = (piece: string): string => (piece.endsWith('/') ? '(?:.*/)?' : '.*');

/** Undefined where nothing can fit: a backslash at the end, brackets that are not closed. */
function partOf(piece: string): string | undefined {
  if (piece === '?') return '[^/]';
  if (piece.startsWith('*')) return '[^/]*';
  if (piece.length > 1 && piece.startsWith('[')) return classOf(piece);
  if (piece === '\\' || piece === '[') return undefined;
  return quoted(piece.length > 1 ? piece.slice(1) : piece);
}

const quoted = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/-]/u, String.raw`\$&`);

/** Classes of POSIX, for bytes of ASCII. */
const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: String.raw` \t`,
  cntrl: String.raw`\x00-\x1f\x7f`,
  digit: '0-9',
  graph: String.raw`\x21-\x7e`,
  lower: 'a-z',
  print: String.raw`\x20-\x7e`,
  punct: String.raw`\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e`,
  space: String.raw`\s`,
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** Never a slash. Undefined for a class that POSIX does not know. */
function classOf(piece: string): string | undefined {
  const isNegated = /^\[[!^]/u.test(piece);
  let inside = '';
  for (const [part, posix] of piece.slice(isNegated ? 2 : 1, -1).matchAll(/\[:(\w+):\]|\\.|./gsu)) {
    if (posix !== undefined && posixClasses[posix] === undefined) return undefined;
    const isRange = part === '-' && inside !== '';
    inside += posix === undefined ? (isRange ? '-' : quoted(part.at(-1)!)) : posixClasses[posix]!;
  }
  return `(?!/)[${isNegated ? '^' : ''}${inside}]`;
}
