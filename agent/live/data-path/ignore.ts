// Which files a drive leaves out, in gitignore's language. Decides by path only and never reads .gitignore files: what is
// backed up is the drive's own setting.

import { type IgnoreRule, ignoreRuleOf } from './ignore-rule.ts';
import { type BytePath, bytePathOf, parentOf } from './path-bytes.ts';

/** True where the entry, and everything below it, is left out. */
export type IgnoreCheck = (path: BytePath, type: 'folder' | 'other') => boolean;

/** Left out of a new drive unless asked otherwise: what systems throw away by themselves, where they keep it in a home folder or on a disk. */
export const defaultIgnores = [
  '/.cache/',
  '/.local/share/Trash/',
  '/.Trash-*/',
  '/.Trash/',
  '/Library/Caches/',
  '/AppData/Local/Temp/',
  '/AppData/Local/Microsoft/Windows/INetCache/',
  '/$RECYCLE.BIN/',
  '/System Volume Information/',
  '/lost+found/',
] as const;

/** What a system makes up while it is asked, or keeps until it is off; on a whole disk that is all that is in them. */
const systemIgnores = ['/proc/', '/sys/', '/dev/', '/run/', '/tmp/', '/var/tmp/'] as const;

/** What a new drive of a folder leaves out unless asked otherwise. */
export const defaultIgnoresOf = (folder: string): readonly string[] =>
  folder === '/' ? [...defaultIgnores, ...systemIgnores] : defaultIgnores;

/** Whether a pattern that is meant to leave something out fits nothing at all: with brackets that are not closed, or a backslash at its end. */
export const fitsNothing = (pattern: string): boolean =>
  /^[^#]/u.test(pattern.trim()) && ignoreRuleOf(bytePathOf(pattern)) === undefined;

/**
 * Patterns as in gitignore(5); capitals count. `?` and `[…]` stand for one byte of UTF-8. A folder that is left out is not looked
 * into, so nothing in it can be kept again.
 */
export function ignoreCheck(patterns: readonly string[]): IgnoreCheck {
  const rules = patterns
    .map((pattern) => ignoreRuleOf(bytePathOf(pattern)))
    .filter((rule) => rule !== undefined);
  if (rules.length === 0) return () => false;
  // A walk asks for what lies in one folder, one after another.
  let last = { folder: bytePathOf(''), isIgnored: false };
  const isFolderIgnored = (folder: BytePath): boolean => {
    if (folder === '') return false;
    if (folder !== last.folder) {
      const isIgnored = isFolderIgnored(parentOf(folder)) || isLeftOut(rules, folder, 'folder');
      last = { folder, isIgnored };
    }
    return last.isIgnored;
  };
  return (path, type) => path !== '' && (isFolderIgnored(parentOf(path)) || isLeftOut(rules, path, type));
}

/** The last rule that fits decides. */
function isLeftOut(rules: readonly IgnoreRule[], path: BytePath, type: 'folder' | 'other'): boolean {
  const rule = rules.findLast(
    ({ isForFolders, expression }) => (type === 'folder' || !isForFolders) && expression.test(path),
  );
  return rule !== undefined && !rule.keeps;
}
