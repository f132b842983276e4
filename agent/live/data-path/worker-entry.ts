// Where a worker thread of the pool starts: takes tasks, runs each as an async function, carries its questions and
// its end to the main thread. Decides nothing.

import { parentPort } from 'node:worker_threads';
import { checkTask } from './check-task.ts';
import { compareTask } from './compare-trees.ts';
import { nameDiskError } from '../disk-full.ts';
import { differenceTask, historyTask } from './history-task.ts';
import { packTask } from './pack-task.ts';
import { placeTask } from './place-task.ts';
import { proveTask } from './prove-task.ts';
import { dropTask, pruneTask } from './prune-task.ts';
import { restoreTask } from './restore-task.ts';
import { snapshotTask } from './snapshot-task.ts';
import type { Ask, TaskName, Tasks } from './tasks.ts';
import { verifyTask } from './verify-task.ts';
import { carryError, errorCarried, type FromWorker, type ToWorker } from './worker-protocol.ts';

interface Waiting {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

type TaskFunction = (request: never, ask: Ask<never, unknown>) => Promise<{ readonly result: unknown }>;

const taskFunctions: {
  readonly [Name in TaskName]: (
    request: Tasks[Name]['request'],
    ask: Ask<Tasks[Name]['question'], Tasks[Name]['answer']>,
  ) => Promise<{ readonly result: Tasks[Name]['result'] }>;
} = {
  snapshot: snapshotTask,
  pack: packTask,
  restore: restoreTask,
  place: placeTask,
  compare: compareTask,
  history: historyTask,
  difference: differenceTask,
  verify: verifyTask,
  check: checkTask,
  prove: proveTask,
  prune: pruneTask,
  drop: dropTask,
};

const waiting = new Map<number, Waiting>();
let nextQuestion = 1;

const say = (message: FromWorker, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, [...transfer]);

const askFor =
  (id: number): Ask<never, unknown> =>
  (body, transfer) =>
    new Promise((resolve, reject) => {
      const question = nextQuestion++;
      waiting.set(question, { resolve, reject });
      say({ kind: 'ask', id, question, body }, transfer);
    });

async function runTask({ id, task, request }: Extract<ToWorker, { kind: 'run' }>): Promise<void> {
  try {
    const run = taskFunctions[task as TaskName] as unknown as TaskFunction;
    const { result } = await run(request as never, askFor(id));
    say({ kind: 'done', id, result });
  } catch (error) {
    say({ kind: 'failed', id, error: carryError(nameDiskError(error)) });
  }
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'run') {
    void runTask(message);
    return;
  }
  const asker = waiting.get(message.question);
  waiting.delete(message.question);
  if (message.kind === 'answer') asker?.resolve(message.body);
  else asker?.reject(errorCarried(message.error));
});
