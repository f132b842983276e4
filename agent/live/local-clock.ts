// Local time of this machine: days of people begin at its midnight.

import { minutes } from '../../datasets/index.ts';
import type { RetentionClock } from '../core/index.ts';

export const localClock: RetentionClock = {
  offsetMsAt: (atMs) => minutes(-new Date(atMs).getTimezoneOffset()),
};
