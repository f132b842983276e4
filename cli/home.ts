// Where this machine's agent keeps its things: --home, else DREY_HOME, else the system's folder for user data.

import { resolve } from 'node:path';
import envPaths from 'env-paths';

/** Absolute path of the agent's folder. */
export function resolveHome(option: string | undefined): string {
  const chosen = option ?? process.env['DREY_HOME'];
  return chosen === undefined || chosen === '' ? envPaths('drey', { suffix: '' }).data : resolve(chosen);
}
