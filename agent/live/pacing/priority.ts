// The agent's place behind everything that people wait for. Threads that are there already keep theirs, so it is settled before anything else starts.

import { constants, getPriority, setPriority } from 'node:os';
import type { Home } from '../home.ts';
import { readLimitSettings } from './limit-settings.ts';

/** Unless this machine's person wants it otherwise. Never ahead of where the process stands; where the system refuses, it goes on as it is. */
export function settlePriority(home: Home): void {
  if (readLimitSettings(home).priority === 'normal') return;
  try {
    if (getPriority() < constants.priority.PRIORITY_BELOW_NORMAL)
      setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Some containers forbid it.
  }
}
