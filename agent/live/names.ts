// What a fleet or a machine may be called, so that every other machine takes the name and every screen can show it.

import { wrong } from './wrong.ts';

const charactersMax = 64;

// A blank at an end, an order to a terminal, or a mark that turns a line around makes a name that is read as another one.
const unusable = /^\s|\s$|[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u;

export const isUsableName = (name: string): boolean =>
  name !== '' && name.length <= charactersMax && !unusable.test(name);

/** The name without blanks around it. Throws `name-unusable`. */
export function settledName(name: string, of: 'fleet' | 'machine'): string {
  const settled = name.trim();
  if (isUsableName(settled)) return settled;
  throw wrong(
    'name-unusable',
    `that cannot be the name of a ${of}`,
    `Name it with 1 to ${charactersMax} characters on one line.`,
  );
}
