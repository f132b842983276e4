// One hunt, in a thread of its own: plants a bug into the source text as it is loaded, then runs a swarm until a check notices.

import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { cpuUsage } from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import type { PlantedBug } from './bugs.ts';

export interface HuntTask {
  readonly bug: PlantedBug;
  readonly seed: string;
  readonly cpuMsMax: number;
}

export interface HuntEnd {
  readonly runs: number;
  readonly cpuMs: number;
  /** Undefined when nothing was noticed in time. */
  readonly found: { readonly seed: string; readonly check: string; readonly text: string } | undefined;
}

function plant({ file, find, replace }: PlantedBug): void {
  const url = new URL(`../../../agent/${file}`, import.meta.url).href;
  registerHooks({
    load(loaded, context, next) {
      const module = next(loaded, context);
      if (loaded !== url) return module;
      const text = Buffer.from(module.source as Uint8Array).toString('utf8');
      assert.equal(text.split(find).length, 2, `the place for the bug stands once in ${file}`);
      return { ...module, source: text.replace(find, replace) };
    },
  });
}

async function hunt({ bug, seed, cpuMsMax }: HuntTask): Promise<HuntEnd> {
  plant(bug);
  const { drawOptions, faultNames, simulate } = await import('../../../agent/simulation/index.ts');
  const before = cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = cpuUsage(before);
    return (user + system) / 1000;
  };
  for (let runs = 1; ; runs++) {
    const options = drawOptions(`${seed}-${runs}`, faultNames);
    const [violation] = simulate(options).violations;
    const found = violation === undefined ? undefined : { seed: String(options.seed), ...violation };
    if (found !== undefined || cpuMs() > cpuMsMax) return { runs, cpuMs: cpuMs(), found };
  }
}

parentPort?.postMessage(await hunt(workerData as HuntTask));
