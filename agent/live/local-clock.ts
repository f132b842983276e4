// Local time of this machine: days of people begin at its midnight.

import { minutes } from '../../datasets/index.ts';
import type { RetentionClock } from '../core/index.ts';

export const localClock: RetentionClock = {
  offsetMsAt: (atMs) => minutes(-new Date(atMs).getTimezoneOffset()),
};

const two = (number: number): string => String(number).padStart(2, '0');

/** "2026-03-01 14:30", as lists of commands on this machine show it. */
export function localTimeText(atMs: number): string {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
