// Where a worker thread of the pool starts: takes tasks, runs each as an async function, carries its questions and
// its end to the main thread. Decides nothing.

import { parentPort } from 'node:worker_threads';
import { nameDiskError } from '../disk-full.ts';
import { nameProgramError } from '../program-gone.ts';
import { usingLongPlaces } from './long-places.ts';
import { packTask } from './pack-task.ts';
import { snapshotTask } from './snapshot-task.ts';
import type { Ask, TaskName, Tasks } from './tasks.ts';
import { carryError, errorCarried, type FromWorker, type ToWorker } from './worker-protocol.ts';

interface Waiting {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

type TaskFunction = (request: never, ask: Ask<never, unknown>) => Promise<{ readonly result: unknown }>;

type TaskOf<Name extends TaskName> = (
  request: Tasks[Name]['request'],
  ask: Ask<Tasks[Name]['question'], Tasks[Name]['answer']>,
) => Promise<{ readonly result: Tasks[Name]['result'] }>;

/** What reads snapshots is loaded when it is first asked for: with the checks of all that it reads, it takes as long as all the rest. */
const taskFunctions: {
  readonly [Name in TaskName]: () => TaskOf<Name> | Promise<TaskOf<Name>>;
} = {
  snapshot: () => snapshotTask,
  pack: () => packTask,
  restore: async () => (await import('./restore-task.ts')).restoreTask,
  place: async () => (await import('./place-task.ts')).placeTask,
  compare: async () => (await import('./compare-trees.ts')).compareTask,
  history: async () => (await import('./history-task.ts')).historyTask,
  difference: async () => (await import('./history-task.ts')).differenceTask,
  verify: async () => (await import('./verify-task.ts')).verifyTask,
  check: async () => (await import('./check-task.ts')).checkTask,
  prove: async () => (await import('./prove-task.ts')).proveTask,
  prune: async () => (await import('./prune-task.ts')).pruneTask,
  drop: async () => (await import('./prune-task.ts')).dropTask,
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
    const run = (await taskFunctions[task as TaskName]()) as unknown as TaskFunction;
    const { result } = await usingLongPlaces(() => run(request as never, askFor(id)));
    say({ kind: 'done', id, result });
  } catch (error) {
    say({ kind: 'failed', id, error: carryError(nameProgramError(nameDiskError(error))) });
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

say({ kind: 'loaded' });
