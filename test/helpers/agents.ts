// Real agents for tests: processes of the command itself on loopback, each in a temporary folder, ended by their pid.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { InviteAnswer } from '../../agent/control/index.ts';
import type { MeshShape } from '../../agent/core/index.ts';
import {
  askCommand,
  joinAgentProcess,
  killAgent,
  leaveWill,
  runCommand,
  startAgentProcess,
  type RunningAgent,
} from '../../cli/demo/processes.ts';

export interface TestFleet {
  readonly root: string;
  readonly agents: RunningAgent[];
  /** Of the first agent's recovery kit. */
  readonly kit: { readonly file: string; readonly passphrase: string };
  /** Joins and starts one more machine, and says where it stands. */
  add(name: string, site?: string): Promise<RunningAgent>;
}

/** A temporary folder that goes with the test. */
export function temporaryFolder(t: ExecutionContext, purpose: string): string {
  const folder = mkdtempSync(join(tmpdir(), `drey-${purpose}-`));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** What `drey status` says: for no terminal each paragraph is one line. */
export const statusOf = async (home: string): Promise<string> =>
  (await runCommand(['status', '--home', home])).output;

export interface FleetSetting {
  readonly holderSilence: string;
  /** Of each machine; "1GB" when absent. */
  readonly quota?: string;
  /** More options of `drey fleet create`. */
  readonly create?: readonly string[];
  /** What each machine's settings say about who is connected to whom; absent: nothing. */
  readonly mesh?: MeshShape;
}

/** Settings that no command writes, before a machine's first start. */
function settle(home: string, { mesh }: FleetSetting): void {
  if (mesh === undefined) return;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'settings.json'), JSON.stringify({ version: 1, quotaBytes: 0, mesh }));
}

/** Where a machine does so much else that a minute is not enough for a join, a person tries again too. */
async function joinPatiently(machine: Parameters<typeof joinAgentProcess>[0]): Promise<RunningAgent> {
  for (let tries = 1; ; tries++)
    try {
      return await joinAgentProcess(machine);
    } catch (error) {
      if (tries === 10 || !String(error).includes('[fleet-unreachable]')) throw error;
    }
}

/** What an agent reported last, for whoever asks why a test failed: its folder goes with the test. */
function lastWordsOf({ name, home }: RunningAgent): string {
  const file = join(home, 'agent.log');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-20) : ['no log'];
  return [name, ...lines].join('\n  ');
}

/** A fleet with its first agent up; every process ends with the test. */
export async function startFleet(t: ExecutionContext, setting: FleetSetting): Promise<TestFleet> {
  // A test that takes too long is ended without its teardown.
  leaveWill();
  const root = temporaryFolder(t, 'fleet');
  const agents: RunningAgent[] = [];
  t.teardown(async () => {
    if (!t.passed) for (const agent of agents) t.log(lastWordsOf(agent));
    await Promise.all(agents.map(killAgent));
  });
  const { quota = '1GB' } = setting;
  const home = join(root, 'pc-01');
  settle(home, setting);
  const { kitFile, passphrase } = await askCommand<{ kitFile: string; passphrase: string }>([
    'fleet',
    'create',
    '--home',
    home,
    '--name',
    'test fleet',
    '--machine-name',
    'pc-01',
    '--holder-silence',
    setting.holderSilence,
    ...(setting.create ?? []),
    '--quota',
    quota,
  ]);
  const admin = await startAgentProcess('pc-01', home);
  agents.push(admin);
  const { invite } = await askCommand<InviteAnswer>(['fleet', 'invite', '--home', home, '--uses', '20']);
  const add = async (name: string, site?: string): Promise<RunningAgent> => {
    settle(join(root, name), setting);
    const agent = await joinPatiently({ name, home: join(root, name), invite, quota, site });
    agents.push(agent);
    return agent;
  };
  return { root, agents, add, kit: { file: kitFile, passphrase } };
}

/** The error code at the end of what a failed command printed; undefined when it did not fail. */
export async function failureOf(
  commandArguments: readonly string[],
  input = '',
): Promise<string | undefined> {
  const result = await runCommand(commandArguments, { input });
  return result.exitCode === 0
    ? undefined
    : (/\[([a-z0-9-]+)\]\s*$/u.exec(result.errors)?.[1] ?? result.errors);
}
