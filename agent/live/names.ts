// What a fleet or a machine may be called, so that every other machine takes the name and every screen can show it.

import { wrong } from './wrong.ts';

const charactersMax = 64;

/** The name without blanks around it. Throws `name-unusable`. */
export function settledName(name: string, of: 'fleet' | 'machine'): string {
  const settled = name.trim();
  if (settled !== '' && settled.length <= charactersMax && !/\p{Cc}/u.test(settled)) return settled;
  throw wrong(
    'name-unusable',
    `that cannot be the name of a ${of}`,
    `Name it with 1 to ${charactersMax} characters on one line.`,
  );
}
