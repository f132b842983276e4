// Demo, first part: a fleet, its agents, one stranger who is refused, and a protected folder.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InviteAnswer, ProtectAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import { bytesText } from '../print.ts';
import {
  askCommand,
  joinAgentProcess,
  runCommand,
  startAgentProcess,
  type RunningAgent,
} from './processes.ts';
import { adminOf, check, ownerOf, type DemoState } from './state.ts';
import { waitUntil } from './waiting.ts';

/** The product's default is 42 hours; nobody wants to wait for that in a demonstration. */
export const demoSilence = '5s';
const quota = '20GB';
/** Two cores at least, and each has to wait for the disk and for the others now and then. */
const joinsAtOnce = 4;

const machineName = (index: number): string => `pc-${String(index + 1).padStart(2, '0')}`;
const homeOf = (state: DemoState, name: string): string => join(state.options.root, name);

/** Joins a machine by an invite and starts its agent. */
export async function addMachine(state: DemoState, name: string, invite: string): Promise<RunningAgent> {
  const agent = await joinAgentProcess({ name, home: homeOf(state, name), invite, quota });
  state.agents.push(agent);
  return agent;
}

/** Step: a fleet with its first agent, and all others by one invite, a few at a time. */
export async function foundFleet(state: DemoState): Promise<string> {
  const { agentCount } = state.options;
  const first = machineName(0);
  const home = homeOf(state, first);
  await askCommand([
    'fleet',
    'create',
    '--home',
    home,
    '--name',
    'demo fleet',
    '--machine-name',
    first,
    '--holder-silence',
    demoSilence,
    '--quota',
    quota,
  ]);
  const admin = await startAgentProcess(first, home);
  state.agents.push(admin);
  const { invite } = await askCommand<InviteAnswer>([
    'fleet',
    'invite',
    '--home',
    admin.home,
    '--uses',
    String(agentCount - 1),
    '--expires',
    '1h',
  ]);
  state.invite = invite;
  const names = Array.from({ length: agentCount - 1 }, (_, index) => machineName(index + 1));
  // The owner comes first, so that it is always the second agent.
  await addMachine(state, names[0]!, invite);
  for (let at = 1; at < names.length; at += joinsAtOnce) {
    await Promise.all(names.slice(at, at + joinsAtOnce).map((name) => addMachine(state, name, invite)));
  }
  await waitUntil(
    { what: 'every agent meeting every other', agents: state.agents, secondsMax: 60 },
    (views) =>
      views.every((view) => view.machines.filter((machine) => machine.state === 'up').length === agentCount),
  );
  check(state, 'all agents found each other', {
    held: true,
    detail: `${agentCount} agents, each sees ${agentCount} up`,
  });
  return `${agentCount} agents, each a process with its own key and folder; all have met (pids ${state.agents.map(({ pid }) => pid).join(' ')})`;
}

/** Step: the invite is used up, and an agent without a certificate gets nothing but a refusal. */
export async function refuseStranger(state: DemoState): Promise<string> {
  const home = homeOf(state, 'stranger');
  mkdirSync(home, { recursive: true });
  const late = await runCommand(['join', '-', '--home', home, '--name', 'stranger', '--json'], {
    input: state.invite ?? '',
  });
  const isSpent = late.exitCode === 1 && late.errors.includes('[invite-spent]');
  check(state, 'the used-up invite is refused', {
    held: isSpent,
    detail: late.errors.trim().split('\n')[0] ?? '',
  });
  const dialled = await runCommand([
    'doctor',
    '--home',
    home,
    '--dial',
    adminOf(state).addresses[0] ?? '',
    '--json',
  ]);
  const isRefused = dialled.exitCode === 1 && dialled.output.includes('certificate');
  check(state, 'an agent without a certificate is refused', {
    held: isRefused,
    detail: dialled.output.replaceAll(/\s+/gu, ' ').slice(0, 200),
  });
  return isSpent && isRefused
    ? 'one more machine, without a certificate, was refused; so was the used-up invite'
    : 'a stranger was NOT refused';
}

/** Step: a real folder becomes a drive; done when every shard of its first snapshot has a receipt. */
export async function protectFolder(state: DemoState): Promise<string> {
  const { folder, ignore } = state.options;
  const owner = ownerOf(state);
  const ignored = ignore.flatMap((pattern) => ['--ignore', pattern]);
  await waitUntil({ what: 'a first plan', agents: state.agents, secondsMax: 60 }, (views) =>
    views.every((view) => view.plan !== undefined),
  );
  const answer = await askCommand<ProtectAnswer & SnapshotAnswer>([
    'protect',
    folder,
    '--home',
    owner.home,
    ...ignored,
  ]);
  state.protectedBytes = answer;
  if (answer.phrase !== undefined) {
    state.phrase = answer.phrase;
    writeFileSync(join(state.options.root, 'recovery-phrase.txt'), `${answer.phrase}\n`, { mode: 0o600 });
  }
  check(state, 'the snapshot is acknowledged', {
    held: answer.outcome === 'acknowledged' && answer.unreadable.length === 0,
    detail: `${answer.fileCount} files, ${answer.unreadable.length} unreadable`,
  });
  return `${answer.fileCount} files, ${bytesText(answer.byteCount)} → ${answer.packCount} packs, ${bytesText(answer.sealedBytes)} sealed; every shard has a signed receipt`;
}
