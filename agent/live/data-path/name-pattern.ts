// What a person types to find a file: a part of a name, or a glob. Capitals do not matter, nor how accents are written.

import type { BytePath } from './path-bytes.ts';

/** An accent is one character or two, as the system likes it that made the name. */
const lower = (text: string): string => text.normalize('NFC').toLowerCase();

/**
 * With `*` or `?` a glob, of the whole name or, when it has a '/', of the whole path; without them a part of the name, or of
 * the path when it has a '/'.
 */
export function nameCheck(pattern: string): (path: BytePath) => boolean {
  const wanted = lower(pattern.replace(/^\.?\/+/u, ''));
  const isOfPath = wanted.includes('/');
  const isGlob = /[*?]/u.test(wanted);
  const expression = isGlob ? new RegExp(`^${globSource(wanted)}$`, 'su') : undefined;
  return (path) => {
    // Back from bytes to text, so that capitals of all alphabets are known.
    const text = lower(Buffer.from(path, 'latin1').toString('utf8'));
    const subject = isOfPath ? text : text.slice(text.lastIndexOf('/') + 1);
    return expression === undefined ? subject.includes(wanted) : expression.test(subject);
  };
}

/** A glob as the source of a regular expression, without anchors: `*` and `?` stay within a part, `**` crosses parts. */
function globSource(glob: string): string {
  const pieces = glob.match(/\*\*\/|\*\*|\*|\?|[^*?]+/gu) ?? [];
  return pieces.map(pieceSource).join('');
}

function pieceSource(piece: string): string {
  if (piece === '**/') return '(?:.*/)?';
  if (piece === '**') return '.*';
  if (piece === '*') return '[^/]*';
  return piece === '?' ? '[^/]' : piece.replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`);
}
