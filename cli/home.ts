// Where this machine's agent keeps its things: --home, else DREY_HOME, else the system's folder for user data.

import { userInfo } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import envPaths from 'env-paths';

/** Absolute path of the agent's folder. */
export function resolveHome(option: string | undefined): string {
  const chosen = option ?? process.env['DREY_HOME'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  const { data } = envPaths('drey', { suffix: '' });
  // Where HOME is set to nothing, as some schedulers do, this has no beginning: it would be wherever the command was typed.
  return isAbsolute(data) ? data : resolve(userInfo().homedir, data);
}
