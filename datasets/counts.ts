// How counts and long lists are told to people, the same on every surface. Knows words that only take an s.

/** 1 → "1 machine", 40 → "40 machines". */
export const countText = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? '' : 's'}`;

/** "a, b and 3 more" where there are more than are shown. */
export function listText(names: readonly string[], shownMax: number): string {
  const shown = names.slice(0, shownMax).join(', ');
  return names.length > shownMax ? `${shown} and ${names.length - shownMax} more` : shown;
}
