// Whether the line that the machine uses costs by the byte, where the system tells: NetworkManager on Linux. Windows and macOS know it and have
// no command that says so; there it is unknown, and unknown is not metered.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { seconds } from '../../../datasets/index.ts';
import { inTime } from '../system-answers.ts';

export type Metered = 'metered' | 'free' | 'unknown';

const run = promisify(execFile);
const answerMsMax = seconds(5);

/** `NMMetered` of NetworkManager: 1 yes, 2 no, 3 and 4 the same by a guess (a telephone, a hotspot), 0 unknown. */
const meteredNumbers: Readonly<Record<string, Metered>> = {
  1: 'metered',
  2: 'free',
  3: 'metered',
  4: 'free',
};

/** What `busctl get-property` prints: "u 4". */
export const meteredOfBus = (output: string): Metered =>
  meteredNumbers[/^u (\d)\s*$/u.exec(output)?.[1] ?? ''] ?? 'unknown';

/** What `nmcli -t -f GENERAL.STATE,GENERAL.METERED dev show` prints: of the devices that are connected, one that is metered counts. */
export function meteredOfNmcli(output: string): Metered {
  const found = new Set(
    output
      .split(/\n\s*\n/u)
      .filter((device) => /^GENERAL\.STATE:100\b/mu.test(device))
      .flatMap((device) => /^GENERAL\.METERED:(\w+)/mu.exec(device)?.[1] ?? []),
  );
  if (found.has('yes')) return 'metered';
  return found.has('no') ? 'free' : 'unknown';
}

/** NetworkManager makes it when it starts. */
const managerFolder = '/run/NetworkManager';
const bus = [
  'get-property',
  'org.freedesktop.NetworkManager',
  '/org/freedesktop/NetworkManager',
  'org.freedesktop.NetworkManager',
  'Metered',
];
const nmcli = ['-t', '-f', 'GENERAL.STATE,GENERAL.METERED', 'dev', 'show'];

/** Never rejects. */
export async function readMetered(platform: NodeJS.Platform = process.platform): Promise<Metered> {
  return platform === 'linux' ? askLinux().catch(() => 'unknown') : 'unknown';
}

const askLinux = inTime(async (): Promise<Metered> => {
  // Nothing is started for it on the many machines that do without.
  if (!existsSync(managerFolder)) return 'unknown';
  const options = { timeout: answerMsMax, env: { ...process.env, LC_ALL: 'C' } };
  try {
    const known = meteredOfBus((await run('busctl', ['--system', ...bus], options)).stdout);
    if (known !== 'unknown') return known;
  } catch {
    // No systemd, or no NetworkManager: the other way to ask may be there.
  }
  return meteredOfNmcli((await run('nmcli', nmcli, options)).stdout);
});
