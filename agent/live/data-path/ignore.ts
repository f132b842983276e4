// Which files a drive leaves out: a short list of names and globs, a small and documented part of gitignore's
// language. Decides by path only and never reads .gitignore files: what is backed up is the drive's own setting.

import type { BytePath } from './path-bytes.ts';

/** True where the entry, and everything below it, is left out. */
export type IgnoreCheck = (path: BytePath, type: 'folder' | 'other') => boolean;

/** What most people would leave out, and can be made again: a suggestion; nothing is left out unless asked. */
export const suggestedIgnores = ['node_modules', '.git', '.cache', '*.tmp'] as const;

interface Rule {
  readonly expression: RegExp;
  readonly foldersOnly: boolean;
  readonly keeps: boolean;
}

/**
 * Patterns: `name` matches at any depth; one with a '/' before its end matches from the drive's folder on; a trailing
 * '/' means folders only; `*`, `?` stay within a part, `**` crosses parts; a leading '!' keeps again what an earlier
 * pattern left out (but not inside a folder that is left out). The last matching pattern wins. Empty lines and
 * lines that start with '#' count for nothing.
 */
export function ignoreCheck(patterns: readonly string[]): IgnoreCheck {
  const rules = patterns.filter((pattern) => pattern.trim() !== '' && !pattern.startsWith('#')).map(ruleOf);
  if (rules.length === 0) return () => false;
  return (path, type) => {
    const last = rules.findLast(
      ({ expression, foldersOnly }) => (!foldersOnly || type === 'folder') && expression.test(path),
    );
    return last !== undefined && !last.keeps;
  };
}

function ruleOf(pattern: string): Rule {
  const keeps = pattern.startsWith('!');
  const bare = keeps ? pattern.slice(1) : pattern;
  const foldersOnly = bare.endsWith('/');
  const body = foldersOnly ? bare.slice(0, -1) : bare;
  const fromTop = body.includes('/');
  const bytes = Buffer.from(body.startsWith('/') ? body.slice(1) : body, 'utf8').toString('latin1');
  const source = globSource(bytes);
  return { expression: new RegExp(fromTop ? `^${source}$` : `(?:^|/)${source}$`, 's'), foldersOnly, keeps };
}

/** A glob as the source of a regular expression, without anchors. */
export function globSource(glob: string): string {
  const pieces = glob.match(/\*\*\/|\*\*|\*|\?|[^*?]+/gu) ?? [];
  return pieces.map(pieceSource).join('');
}

function pieceSource(piece: string): string {
  if (piece === '**/') return '(?:.*/)?';
  if (piece === '**') return '.*';
  if (piece === '*') return '[^/]*';
  return piece === '?' ? '[^/]' : piece.replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`);
}
