// Starts the product's own commands as processes, as a person in a terminal would, and ends those that it started.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DreyError } from '../../datasets/index.ts';

const entry = fileURLToPath(new URL('../drey.ts', import.meta.url));

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** Hears every line of standard output as it comes. */
  readonly onText?: (text: string) => void;
}

/** Runs `drey ARGUMENTS` to its end. */
export async function runCommand(
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [entry, ...commandArguments], { stdio: ['pipe', 'pipe', 'pipe'] });
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
export async function askCommand<Answer>(commandArguments: readonly string[], input = ''): Promise<Answer> {
  const result = await runCommand([...commandArguments, '--json'], { input });
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

const startFailed = (name: string, log: string): DreyError =>
  new DreyError({
    code: 'demo-agent-failed',
    message: `the agent of ${name} ended before it was up: ${readFileSync(log, 'utf8').trim().slice(-500)}`,
    advice: `Read ${log}.`,
  });

/** Starts `drey up` for a folder and waits until it says that it is up. Throws `demo-agent-failed`. */
export async function startAgentProcess(name: string, home: string): Promise<RunningAgent> {
  const log = join(home, 'up.log');
  const listen = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns'];
  const child = spawn(process.execPath, [entry, 'up', '--home', home, '--json', ...listen], {
    stdio: ['ignore', 'pipe', openSync(log, 'a')],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Started>();
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.trimEnd().endsWith('}')) resolve(JSON.parse(output) as Started);
  });
  child.once('exit', () => reject(startFailed(name, log)));
  const started = await promise;
  return { name, home, ...started, process: child };
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
