// Agents do not outlive the program that started them, however it ends.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { askAgent } from '../../agent/control/index.ts';
import { askCommand } from '../../cli/demo/processes.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { takeTime } from '../helpers/waiting.ts';

const processes = new URL('../../cli/demo/processes.ts', import.meta.url).href;

/** Whether an agent answers; a process that ended may stay in the system's list until its parent looks. */
const isAnswering = (home: string): Promise<boolean> =>
  askAgent({ home, call: 'view', request: {} }).then(
    () => true,
    () => false,
  );

test('a thread that is ended in the middle takes its agents with it', async (t) => {
  takeTime(t);
  const home = join(temporaryFolder(t, 'will'), 'pc-01');
  await askCommand(['fleet', 'create', '--home', home, '--machine-name', 'pc-01', '--quota', '1GB']);
  const source = `
    const { leaveWill, startAgentProcess } = await import(${JSON.stringify(processes)});
    const { parentPort } = await import('node:worker_threads');
    leaveWill();
    const agent = await startAgentProcess('pc-01', ${JSON.stringify(home)});
    parentPort.postMessage(agent.pid);
    setInterval(() => {}, 1000);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  t.true(await isAnswering(home));
  await worker.terminate();
  while (await isAnswering(home)) await new Promise((resolve) => setTimeout(resolve, 50));
  t.true(existsSync(join(home, 'control.json')), 'it was ended by force, as a power cut would');
});
