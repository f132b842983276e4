// Where the training thread starts: runs one task, posts its progress and its result. Ended from outside to cancel it.

import { parentPort, workerData } from 'node:worker_threads';
import { runTraining, type TrainingTask } from '../training.ts';

const result = await runTraining(workerData as TrainingTask, async (progress) => {
  parentPort?.postMessage({ kind: 'progress', progress });
  // Lets messages out between long stretches of arithmetic.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
});
parentPort?.postMessage({ kind: 'result', result });
