// One hunt, in a thread of its own: plants a bug into the source text as it is loaded, then runs a swarm until a check notices.

import { cpuUsage } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { plantInSource } from '../../helpers/planted-source.ts';
import type { SimulationOptions } from '../../../agent/simulation/index.ts';
import type { PlantedBug } from './planted-bug.ts';

export interface HuntTask {
  /** Undefined: the product as it is. */
  readonly bug: PlantedBug | undefined;
  /** Of all runs; or one run's options as JSON, and only that is run. */
  readonly seed: string;
  readonly cpuMsMax: number;
  /** Whether runs are as swarms draw them, or short ones of a few machines: three that are not fully connected, then one that is, and so on. */
  readonly shape: 'any' | 'short';
}

export interface HuntEnd {
  readonly runs: number;
  readonly cpuMs: number;
  /** Undefined when nothing was noticed in time. */
  readonly found: { readonly seed: string; readonly check: string; readonly text: string } | undefined;
  /** Run by run, what came of the course of it. */
  readonly traceHashes: readonly string[];
}

const shortAgentsMax = 10;
const shortDaysMax = 3;

async function hunt({ bug, seed, cpuMsMax, shape }: HuntTask): Promise<HuntEnd> {
  if (bug !== undefined) plantInSource(bug);
  const { drawOptions, drawShaped, faultNames, simulate } =
    await import('../../../agent/simulation/index.ts');
  const before = cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = cpuUsage(before);
    return (user + system) / 1000;
  };
  const draw = (run: number): SimulationOptions => {
    const name = `${seed}-${run}`;
    if (shape === 'short' && run % 4 !== 0) return drawShaped(name, { allowed: faultNames, shape: 'sparse' });
    const drawn = drawOptions(name, faultNames);
    if (shape === 'any') return drawn;
    const agentCount = Math.min(shortAgentsMax, drawn.agentCount);
    return { ...drawn, agentCount, days: Math.min(shortDaysMax, drawn.days) };
  };
  const isOneRun = seed.startsWith('{');
  const traceHashes: string[] = [];
  for (let run = 1; ; run++) {
    const options = { ...(isOneRun ? (JSON.parse(seed) as SimulationOptions) : draw(run)), endsEarly: true };
    const { violations, traceHash } = simulate(options);
    traceHashes.push(traceHash);
    const found = violations[0] === undefined ? undefined : { seed: String(options.seed), ...violations[0] };
    if (found !== undefined || isOneRun || cpuMs() > cpuMsMax)
      return { runs: run, cpuMs: cpuMs(), found, traceHashes };
  }
}

parentPort?.postMessage(await hunt(workerData as HuntTask));
