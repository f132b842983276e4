// One hunt, in a thread of its own: plants a bug into the source text as it is loaded, then runs a swarm until a check notices.

import { cpuUsage } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { plantInSource } from '../../helpers/planted-source.ts';
import type { SimulationOptions } from '../../../agent/simulation/index.ts';
import type { PlantedBug } from './bugs.ts';

export interface HuntTask {
  readonly bug: PlantedBug;
  /** Of all runs; or one run's options as JSON, and only that is run. */
  readonly seed: string;
  readonly cpuMsMax: number;
}

export interface HuntEnd {
  readonly runs: number;
  readonly cpuMs: number;
  /** Undefined when nothing was noticed in time. */
  readonly found: { readonly seed: string; readonly check: string; readonly text: string } | undefined;
}

async function hunt({ bug, seed, cpuMsMax }: HuntTask): Promise<HuntEnd> {
  plantInSource(bug);
  const { drawOptions, faultNames, simulate } = await import('../../../agent/simulation/index.ts');
  const before = cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = cpuUsage(before);
    return (user + system) / 1000;
  };
  const isOneRun = seed.startsWith('{');
  for (let runs = 1; ; runs++) {
    const options = {
      ...(isOneRun ? (JSON.parse(seed) as SimulationOptions) : drawOptions(`${seed}-${runs}`, faultNames)),
      endsEarly: true,
    };
    const [violation] = simulate(options).violations;
    const found = violation === undefined ? undefined : { seed: String(options.seed), ...violation };
    if (found !== undefined || isOneRun || cpuMs() > cpuMsMax) return { runs, cpuMs: cpuMs(), found };
  }
}

parentPort?.postMessage(await hunt(workerData as HuntTask));
