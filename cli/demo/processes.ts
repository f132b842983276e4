// Starts the product's own commands as processes, as a person in a terminal would, and ends those that it started.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { DreyError } from '../../datasets/index.ts';

const entry = fileURLToPath(new URL('../drey.js', import.meta.url));

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Where a process runs: in another network namespace, or with other ideas of the time. */
export interface Surroundings {
  /** A program and its first arguments that start what follows: `ip netns exec NAME`. */
  readonly launcher?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where an agent listens; default: any free port on loopback. */
  readonly listen?: string;
  /** Where it is said to stand, from now on. */
  readonly site?: string;
}

export interface CommandOptions extends Surroundings {
  readonly input?: string;
  /** Hears every line of standard output as it comes. */
  readonly onText?: (text: string) => void;
}

/** How Node is started there. */
function startedIn({ launcher = [], environment = {} }: Surroundings): {
  readonly file: string;
  readonly before: readonly string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const [file, ...before] = [...launcher, process.execPath];
  return { file, before, env: { ...process.env, ...environment } };
}

/** Runs `drey ARGUMENTS` to its end. */
export async function runCommand(
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { file, before, env } = startedIn(options);
  const child = spawn(file, [...before, entry, ...commandArguments], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
  });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    options.onText?.(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.end(options.input ?? '');
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode: exitCode ?? 1, output, errors };
}

/** Runs `drey ARGUMENTS --json` and reads what it printed. Throws `demo-command-failed` with the command's own words. */
export async function askCommand<Answer>(
  commandArguments: readonly string[],
  input = '',
  surroundings: Surroundings = {},
): Promise<Answer> {
  const result = await runCommand([...commandArguments, '--json'], { ...surroundings, input });
  if (result.exitCode === 0) return JSON.parse(result.output) as Answer;
  throw new DreyError({
    code: 'demo-command-failed',
    message: `\`drey ${commandArguments.slice(0, 2).join(' ')}\` ended with ${result.exitCode}: ${result.errors.trim()}`,
    advice: 'Run the same command by hand to see more.',
  });
}

export interface RunningAgent {
  readonly name: string;
  readonly home: string;
  readonly peer: string;
  readonly pid: number;
  readonly addresses: readonly string[];
  readonly dashboard: string;
  readonly process: ChildProcess;
}

interface Started {
  readonly peer: string;
  readonly pid: number;
  readonly addresses: readonly string[];
  readonly dashboard: string;
}

function startFailed(name: string, log: string): DreyError {
  // Who gave up on all of them may have removed their folders.
  const said = existsSync(log) ? readFileSync(log, 'utf8').trim().slice(-500) : '';
  return new DreyError({
    code: 'demo-agent-failed',
    message: `the agent of ${name} ended before it was up: ${said}`,
    advice: `Read ${log}.`,
  });
}

const living = new Set<ChildProcess>();
const willEntry = fileURLToPath(new URL('last-will.ts', import.meta.url));
let will: Writable | undefined;

/** From now on, whatever ends this process or thread, even by force, ends the agents that it started (last-will.ts). */
export function leaveWill(): void {
  if (will !== undefined) return;
  const executor = spawn(process.execPath, [willEntry], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  executor.unref();
  // Neither it nor the line to it keeps this process going.
  if (executor.stdin instanceof Socket) executor.stdin.unref();
  executor.stdin.on('error', () => undefined);
  will = executor.stdin;
  for (const { pid } of living) will.write(`+${pid}\n`);
}

function noteLiving(child: ChildProcess): void {
  living.add(child);
  will?.write(`+${child.pid}\n`);
  child.once('exit', () => {
    living.delete(child);
    will?.write(`-${child.pid}\n`);
  });
}

/** The same in order where there is time for it; for programs that are nothing without their agents. */
export function endAgentsWithThis(): void {
  leaveWill();
  process.on('exit', () => {
    for (const child of living) child.kill('SIGKILL');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      // Somebody who listens too ends things in order.
      if (process.listenerCount(signal) === 0) process.exit(1);
    });
}

/** Starts `drey up` for a folder and waits until it says that it is up. Throws `demo-agent-failed`. */
export const startAgentProcess = (
  name: string,
  home: string,
  surroundings: Surroundings = {},
): Promise<RunningAgent> => startProcess({ name, home, words: ['up'] }, surroundings);

export interface JoiningMachine {
  readonly name: string;
  readonly home: string;
  readonly invite: string;
  /** Space that it gives, as people write it. */
  readonly quota: string;
  /** Where it is said to stand. */
  readonly site?: string | undefined;
}

/** The same of `drey join --up`: a new machine, and its agent at once. Throws `demo-agent-failed`. */
export function joinAgentProcess({ name, home, invite, quota, site }: JoiningMachine): Promise<RunningAgent> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const words = ['join', '-', '--up', '--name', name, '--quota', quota];
  return startProcess({ name, home, words, input: invite }, site === undefined ? {} : { site });
}

interface AgentProcess {
  readonly name: string;
  readonly home: string;
  readonly words: readonly string[];
  readonly input?: string;
}

async function startProcess(
  { name, home, words, input = '' }: AgentProcess,
  surroundings: Surroundings,
): Promise<RunningAgent> {
  const log = join(home, 'up.log');
  const listen = ['--listen', surroundings.listen ?? '/ip4/127.0.0.1/tcp/0', '--no-mdns'];
  const site = surroundings.site === undefined ? [] : ['--site', surroundings.site];
  const { file, before, env } = startedIn(surroundings);
  const child = spawn(file, [...before, entry, ...words, '--home', home, '--json', ...listen, ...site], {
    stdio: ['pipe', 'pipe', openSync(log, 'a')],
    env,
  });
  child.stdin?.end(input);
  noteLiving(child);
  const { promise, resolve, reject } = Promise.withResolvers<Started>();
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.trimEnd().endsWith('}')) resolve(JSON.parse(output) as Started);
  });
  child.once('exit', () => reject(startFailed(name, log)));
  const { peer, pid, addresses, dashboard } = await promise;
  return { name, home, peer, pid, addresses, dashboard, process: child };
}

/** As a power cut would: no word to anyone. */
export async function killAgent(agent: RunningAgent): Promise<void> {
  if (agent.process.exitCode !== null || agent.process.signalCode !== null) return;
  const ended = once(agent.process, 'exit');
  agent.process.kill('SIGKILL');
  await ended;
}

/** Asks politely, waits, then kills. */
export async function stopAgents(agents: readonly RunningAgent[], politeMs = 10_000): Promise<void> {
  const alive = agents.filter(({ process: child }) => child.exitCode === null && child.signalCode === null);
  const ended = alive.map(({ process: child }) => once(child, 'exit'));
  for (const { process: child } of alive) child.kill('SIGTERM');
  const late = setTimeout(() => {
    for (const { process: child } of alive) child.kill('SIGKILL');
  }, politeMs);
  await Promise.all(ended);
  clearTimeout(late);
}
