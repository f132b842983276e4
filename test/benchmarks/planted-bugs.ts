// How long a swarm takes to find each planted bug:
//   npx node test/benchmarks/planted-bugs.ts [SEED] [MINUTES] [NAME …]
// SEED may be the options of one run, as a failed one prints them: then only that run hunts.
// One hunt at a time, so that the CPU time is that of one core. Ends with 1 where a bug was not found.

import { Worker } from 'node:worker_threads';
import { minutes } from '../../datasets/index.ts';
import { say } from '../../cli/print.ts';
import { plantedBugs } from './planted-bugs/bugs.ts';
import type { HuntEnd, HuntTask } from './planted-bugs/hunter.ts';
import type { PlantedBug } from './planted-bugs/planted-bug.ts';

const [, , seed = 'hunt', minutesText = '5', ...names] = process.argv;

function hunt(bug: PlantedBug): Promise<HuntEnd> {
  const task: HuntTask = { bug, seed, cpuMsMax: minutes(Number(minutesText)), shape: 'any' };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('planted-bugs/hunter.ts', import.meta.url), { workerData: task });
    worker.once('message', (end: HuntEnd) => resolve(end));
    worker.once('error', reject);
  });
}

say('| planted bug | found after | runs | by the check | with the seed |\n|---|---|---|---|---|');
for (const bug of plantedBugs.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const { runs, cpuMs, found } = await hunt(bug);
  const after = `${(cpuMs / 1000).toFixed(1)} s`;
  if (found === undefined) process.exitCode = 1;
  say(
    `| ${bug.name}: ${bug.about} | ${found === undefined ? `not in ${after}` : after} | ${runs} | ${found?.check ?? '—'} | ${found?.seed ?? '—'} |`,
  );
}
