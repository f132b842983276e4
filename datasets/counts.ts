// How a count is told to people, the same on every surface. Knows words that only take an s.

/** 1 → "1 machine", 40 → "40 machines". */
export const countText = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? '' : 's'}`;
