// Which small changes of the core a swarm does not notice:
//   npx node test/benchmarks/mutants.ts [SEED] [COUNT] [SECONDS]
// COUNT places of agent/core are drawn by SEED; each is changed by itself and hunted for SECONDS of the processor. What is not noticed changes nothing
// that matters, or shows where a check is missing; a row says when not even the course of the runs was another one.

import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { say } from '../../cli/print.ts';
import { createRandom, seconds } from '../../datasets/index.ts';
import type { HuntEnd, HuntTask } from './planted-bugs/hunter.ts';
import { mutantsOf } from './planted-bugs/mutants.ts';
import type { PlantedBug } from './planted-bugs/planted-bug.ts';

const [, , seed = 'mutants', countText = '40', secondsText = '20'] = process.argv;
const core = new URL('../../agent/core/', import.meta.url);
/** One that never ends is ended: beside other work the clock runs faster than the processor's time. */
const wallMsMax = 20 * seconds(Number(secondsText));

function hunt(bug: PlantedBug | undefined): Promise<HuntEnd | 'breaks' | 'does not end'> {
  const task: HuntTask = { bug, seed, cpuMsMax: seconds(Number(secondsText)), shape: 'short' };
  return new Promise((resolve) => {
    const worker = new Worker(new URL('planted-bugs/hunter.ts', import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: 2000 },
      stderr: true,
    });
    const timer = setTimeout(() => {
      resolve('does not end');
      void worker.terminate();
    }, wallMsMax);
    worker.once('message', (end: HuntEnd) => resolve(end));
    worker.once('error', () => resolve('breaks'));
    worker.once('exit', () => clearTimeout(timer));
  });
}

const files = readdirSync(core).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
const all = files.flatMap((name) => mutantsOf(`core/${name}`, readFileSync(new URL(name, core), 'utf8')));
const random = createRandom(seed);
const drawn = all
  .map((bug) => ({ bug, at: random.fraction() }))
  .toSorted((a, b) => a.at - b.at)
  .slice(0, Number(countText))
  .map(({ bug }) => bug);

const unchanged = await hunt(undefined);
if (typeof unchanged === 'string' || unchanged.found !== undefined)
  throw new Error(`the runs of the seed ${seed} fail without any change: take another seed`);

let noticed = 0;
say(`${all.length} places, ${drawn.length} of them drawn\n`);
say('| place | change | noticed by |\n|---|---|---|');
for (const bug of drawn) {
  const end = await hunt(bug);
  const by =
    typeof end === 'string'
      ? end
      : end.found === undefined
        ? end.traceHashes.every((hash, run) => hash === unchanged.traceHashes[run])
          ? '— (the same runs)'
          : '—'
        : `${end.found.check}, after ${(end.cpuMs / 1000).toFixed(1)} s`;
  if (!by.startsWith('—')) noticed++;
  say(`| ${bug.name} | ${bug.about.replaceAll('|', '\\|').slice(0, 160)} | ${by} |`);
}
say(`\n${noticed} of ${drawn.length} were noticed`);
