// `drey demo`: the main job on one machine, made of nothing but the product's own commands.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { DreyError } from '../../datasets/index.ts';
import { killAndRepair, restoreElsewhere } from '../demo/disaster.ts';
import { foundFleet, protectFolder, refuseStranger } from '../demo/founding.ts';
import { carryOut, giveHistory, learnAndPlan, showPlan } from '../demo/learning.ts';
import { endAgentsWithThis, askCommand, stopAgents } from '../demo/processes.ts';
import { adminOf, livingAgents, type DemoState } from '../demo/state.ts';
import { checkOutFile, writeOutFile } from '../out-files.ts';
import { errorText, say } from '../print.ts';

interface DemoCommandOptions {
  readonly folder?: string;
  readonly restoreTo?: string;
  readonly agents: string;
  readonly kill: string;
  readonly seed: string;
  readonly once?: boolean;
  readonly json?: string;
}

const steps: readonly {
  readonly name: string;
  readonly run: (state: DemoState) => Promise<string> | string;
}[] = [
  { name: 'found', run: foundFleet },
  { name: 'stranger', run: refuseStranger },
  { name: 'protect', run: protectFolder },
  { name: 'history', run: giveHistory },
  { name: 'learn', run: learnAndPlan },
  { name: 'carry out', run: carryOut },
  { name: 'result', run: showPlan },
  { name: 'repair', run: killAndRepair },
  { name: 'restore', run: restoreElsewhere },
];

function checkedCount(
  text: string,
  bounds: { readonly name: string; readonly min: number; readonly max: number },
): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= bounds.min && count <= bounds.max) return count;
  throw new DreyError({
    code: 'demo-count-out-of-range',
    message: `${bounds.name} ${text} is not a whole number from ${bounds.min} to ${bounds.max}`,
    advice: 'Nine agents and two killed holders are the default; more agents need more memory.',
  });
}

function createState(options: DemoCommandOptions): DemoState {
  const agentCount = checkedCount(options.agents, { name: '--agents', min: 6, max: 40 });
  const killCount = checkedCount(options.kill, { name: '--kill', min: 0, max: Math.min(2, agentCount - 5) });
  const root = mkdtempSync(join(tmpdir(), 'drey-demo-'));
  const isCheckout = options.folder === undefined;
  return {
    options: {
      agentCount,
      killCount,
      seed: options.seed,
      folder: resolve(options.folder ?? fileURLToPath(new URL('../../', import.meta.url))),
      ignore: isCheckout ? ['node_modules', '.git'] : [],
      restoreTo: resolve(options.restoreTo ?? join(root, 'restored')),
      root,
    },
    agents: [],
    killed: new Set(),
    checks: [],
    times: [],
  };
}

async function runSteps(state: DemoState): Promise<void> {
  for (const { name, run } of steps) {
    const startedMs = performance.now();
    const text = await run(state);
    const seconds = (performance.now() - startedMs) / 1000;
    state.times.push({ step: name, seconds: Number(seconds.toFixed(2)) });
    say(`${seconds.toFixed(1).padStart(5)} s  ${text}`);
  }
}

function writeSummary(file: string, state: DemoState, failure: unknown): void {
  const { plan, view, times, checks, restored, protectedBytes, domainMatch } = state;
  const summary = {
    held: failure === undefined && checks.every(({ held }) => held),
    ...(failure === undefined ? {} : { failure: errorText(failure) }),
    options: state.options,
    agents: state.agents.map(({ name, peer, pid, home }) => ({
      name,
      peer,
      pid,
      home,
      killed: state.killed.has(peer),
    })),
    seconds: times,
    protected: protectedBytes,
    plan,
    models: view?.models,
    domainMatch,
    restored,
    checks,
  };
  writeOutFile(file, JSON.stringify(summary, undefined, 2), '--json');
}

async function leaveUp(state: DemoState): Promise<void> {
  const { url } = await askCommand<{ readonly url: string }>(['dashboard', '--home', adminOf(state).home]);
  say(
    `\nThe fleet is still up. Its dashboard: ${url}\n(The address works once; \`npm run drey -- dashboard --home ${adminOf(state).home}\` prints another.) Ctrl-C ends every process.`,
  );
  const { promise, resolve: ended } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended());
  await promise;
}

async function demo(options: DemoCommandOptions): Promise<void> {
  endAgentsWithThis();
  if (options.json !== undefined) checkOutFile(options.json, '--json');
  if (options.folder !== undefined) {
    // The agents are founded in half a minute: they would say the same, later.
    const { assertProtectable } = await import('../../agent/live/index.ts');
    assertProtectable(resolve(options.folder));
  }
  const state = createState(options);
  say(
    `A whole fleet on this machine, made of drey's own commands. Protected folder: ${state.options.folder}`,
  );
  let failure: unknown;
  try {
    await runSteps(state);
    if (options.json !== undefined) writeSummary(options.json, state, failure);
    if (options.once !== true) await leaveUp(state);
  } catch (error) {
    failure = error;
    if (options.json !== undefined) writeSummary(options.json, state, failure);
  } finally {
    await stopAgents(livingAgents(state));
    say(`\nEvery process has ended. The agents' folders are in ${state.options.root}`);
  }
  if (failure !== undefined) throw failure;
  const broken = state.checks.filter(({ held }) => !held);
  for (const { name, detail } of broken) say(`NOT HELD: ${name}: ${detail}`);
  if (broken.length > 0) process.exitCode = 1;
}

/** Adds `demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'a whole fleet on this machine: real agents, a learned plan, machines killed, files restored',
    )
    .option(
      '--folder <path>',
      'real folder to protect (default: this checkout without node_modules and .git)',
    )
    .option('--restore-to <path>', 'where to restore it (default: a new folder beside the agents)')
    .option('--agents <count>', 'how many agents, from 6', '9')
    .option('--kill <count>', 'how many holders to kill besides the owner, 0 to 2', '2')
    .option('--seed <seed>', 'of the generated history', '1')
    .option('--once', 'end by itself; exit code 0 only if every step held')
    .option('--json <file>', 'write a summary of everything')
    .addHelpText('after', '\nExample:\n  drey demo --once --seed 7 --json summary.json\n')
    .action(demo);
}
