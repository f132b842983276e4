// A few worker threads that do all reading, chunking, compressing, sealing and writing, so that the main thread only
// ever talks to the network. Decides which thread runs a task, and when; refuses new tasks once it is closed.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DreyError, secondMs } from '../../../datasets/index.ts';
import { nameProgramError } from '../program-gone.ts';
import type { TaskName, Tasks } from './tasks.ts';
import {
  carryError,
  errorCarried,
  type FromWorker,
  tasksPerThreadMax,
  type ToWorker,
} from './worker-protocol.ts';

/** What a task's question is answered with; `transfer` moves buffers instead of copying them. */
export interface Answer<Body> {
  readonly body: Body;
  readonly transfer?: readonly ArrayBuffer[];
}

export interface TaskRun<Name extends TaskName> {
  readonly task: Name;
  readonly request: Tasks[Name]['request'];
  /** Called in the main thread whenever the task asks; a rejection is thrown inside the task. */
  readonly answer: (
    question: Tasks[Name]['question'],
  ) => Promise<Answer<Tasks[Name]['answer']>> | Answer<Tasks[Name]['answer']>;
  /** Ends it: nothing that it asks is answered any more, and a thread that hangs in the system is given up. */
  readonly signal?: AbortSignal | undefined;
}

/** Tasks that hand their work to other tasks: while they wait for these, their thread is free. Whoever waits for a pack is about to go on. */
const conductors: ReadonlySet<TaskName> = new Set(['snapshot', 'restore', 'verify']);

interface PoolTask {
  readonly task: TaskName;
  readonly request: unknown;
  /** Questions that are not answered yet. */
  waitCount: number;
  readonly answer: (question: never) => Promise<Answer<unknown>> | Answer<unknown>;
  readonly signal?: AbortSignal | undefined;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly running: Map<number, PoolTask>;
  /** Resolves when it has loaded everything, or has ended. */
  readonly loaded: PromiseWithResolvers<void>;
  /** Ends it, while it has nothing to do. */
  rest?: NodeJS.Timeout;
}

/** A thread starts in a fraction of a second, and holds buffers and a heap that nobody needs between two snapshots. */
const idleMsMax = 10 * secondMs;

/** What a thread allots and soon drops, in MB: with V8's own measure threads hold much more, and do more work, as it does not fit into caches. */
const youngMegabytesMax = 16;

/** A task that works asks something sooner than that; one that does not hangs on a disk or a mount that answers slowly, or never. */
const cancelPatienceMs = 2 * secondMs;
/** Tasks of others in the same thread may be at work, and are done again where they are lost. */
const othersPatienceShare = 15;

export interface WorkerPoolOptions {
  /** How long a cancelled task may go on before its thread is given up; default: two seconds. */
  readonly cancelPatienceMs?: number;
  /** Threads at most; default: one a core. */
  readonly threadCountMax?: number;
}

/**
 * Threads start when first needed and end when long idle. Tasks begin in the order in which they came, as soon as a thread has nothing to
 * do: also one whose tasks all wait for answers, so that tasks take turns, two in a thread.
 */
export class WorkerPool {
  readonly threadCountMax: number;
  readonly #cancelPatienceMs: number;
  /** Threads that get work at this time, where that is less; at least one does. */
  threadLimit: number | undefined;
  readonly #threads = new Set<Thread>();
  /** Given up, and not ended yet. */
  readonly #leaving = new Set<Thread>();
  /** Tasks that no thread has begun, in their order. */
  readonly #queue: PoolTask[] = [];
  #nextId = 1;
  #closed = false;

  constructor(options: WorkerPoolOptions = {}) {
    this.threadCountMax = Math.max(1, options.threadCountMax ?? availableParallelism());
    this.#cancelPatienceMs = options.cancelPatienceMs ?? cancelPatienceMs;
  }

  /**
   * Runs one task. Throws what the task throws, the reason of its signal, or `worker-lost` when its thread ended before it was done; not
   * before nothing of it runs any more.
   */
  run<Name extends TaskName>(run: TaskRun<Name>): Promise<Tasks[Name]['result']> {
    const { signal } = run;
    if (this.#closed) return Promise.reject(lostError('the worker pool is closed'));
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    const { promise, resolve, reject } = Promise.withResolvers<Tasks[Name]['result']>();
    const fail = (error: Error): void => reject(signal?.aborted === true ? reasonOf(signal) : error);
    // Whoever cancelled it is told so, also when it was done at that very moment.
    const end = (result: Tasks[Name]['result']): void =>
      signal?.aborted === true ? reject(reasonOf(signal)) : resolve(result);
    const task: PoolTask = { ...run, waitCount: 0, resolve: end, reject: fail };
    const cancel = (): void => this.#cancel(task);
    this.#queue.push(task);
    signal?.addEventListener('abort', cancel, { once: true });
    this.#dispatch();
    // A signal may live as long as its drive, and would keep all that the task was asked and has answered.
    return promise.finally(() => signal?.removeEventListener('abort', cancel));
  }

  #cancel(task: PoolTask): void {
    const at = this.#queue.indexOf(task);
    if (at < 0) setTimeout(() => this.#giveUp(task), this.#cancelPatienceMs).unref();
    else this.#queue.splice(at, 1)[0]!.reject(lostError('it was cancelled'));
  }

  /** Others get another thread at once. What else this one has begun may still be done, if it does not hang; it ends when the system lets it. */
  #giveUp(task: PoolTask): void {
    const thread = [...this.#threads].find(({ running }) => [...running.values()].includes(task));
    if (thread === undefined) return;
    this.#threads.delete(thread);
    this.#leaving.add(thread);
    const isAlone = [...thread.running.values()].every(({ signal }) => signal?.aborted === true);
    const waitMs = isAlone ? 0 : othersPatienceShare * this.#cancelPatienceMs;
    setTimeout(() => void endThread(thread), waitMs).unref();
    this.#dispatch();
  }

  /** Threads that live, busy or not. */
  get threadCount(): number {
    return this.#threads.size;
  }

  /** Starts threads for so many tasks that are about to come, so that these need not wait for it. */
  foresee(taskCount: number): void {
    if (this.#closed) return;
    const free = [...this.#threads].filter((thread) => busyCount(thread) === 0).length;
    const missing = Math.min(taskCount - free, this.#countMax - this.#threads.size);
    for (let count = 0; count < missing; count++) this.#rest(this.#startThread());
  }

  /** Ends all threads, as soon as they have loaded; running tasks fail with `worker-lost`, what they had staged stays staged. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(lostError('the worker pool is closed'));
    for (const thread of this.#leaving) void endThread(thread);
    await Promise.all([...this.#threads].map(endThread));
  }

  get #countMax(): number {
    return Math.max(1, Math.min(this.threadCountMax, this.threadLimit ?? this.threadCountMax));
  }

  #dispatch(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const thread = this.#freeThread();
      if (thread === undefined) return;
      this.#queue.shift();
      const id = this.#nextId++;
      thread.worker.ref();
      clearTimeout(thread.rest);
      thread.running.set(id, next);
      post(thread, { kind: 'run', id, task: next.task, request: next.request });
    }
  }

  /** One without work, else a new one, else one whose work waits for answers. */
  #freeThread(): Thread | undefined {
    const countMax = this.#countMax;
    const threads = [...this.#threads].slice(0, countMax);
    const [idlest] = threads.toSorted(
      (a, b) => busyCount(a) - busyCount(b) || a.running.size - b.running.size,
    );
    if (idlest !== undefined && busyCount(idlest) === 0) return idlest;
    if (threads.length < countMax) return this.#startThread();
    return threads.find((thread) => busyCount(thread) < tasksPerThreadMax && isWaiting(thread));
  }

  #startThread(): Thread {
    const worker = new Worker(new URL('worker-entry.ts', import.meta.url), {
      name: 'drey data path',
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytesMax },
    });
    const thread: Thread = { worker, running: new Map(), loaded: Promise.withResolvers() };
    this.#threads.add(thread);
    worker.on('message', (message: FromWorker) => this.#heard(thread, message));
    worker.on('error', (error) => this.#lost(thread, error));
    worker.on('exit', () => this.#lost(thread, undefined));
    worker.unref();
    return thread;
  }

  #heard(thread: Thread, message: FromWorker): void {
    if (message.kind === 'loaded') {
      thread.loaded.resolve();
      return;
    }
    const task = thread.running.get(message.id);
    if (task === undefined) return;
    if (message.kind === 'ask') {
      void answerQuestion(thread, task, message);
      this.#dispatch();
      return;
    }
    thread.running.delete(message.id);
    if (thread.running.size === 0) this.#rest(thread);
    this.#dispatch();
    if (message.kind === 'done') task.resolve(message.result as never);
    else task.reject(errorCarried(message.error));
  }

  #rest(thread: Thread): void {
    // It is waited for until it has ended.
    if (this.#closed) return;
    thread.worker.unref();
    thread.rest = setTimeout(() => {
      this.#threads.delete(thread);
      void endThread(thread);
    }, idleMsMax).unref();
  }

  #lost(thread: Thread, cause: unknown): void {
    this.#threads.delete(thread);
    this.#leaving.delete(thread);
    clearTimeout(thread.rest);
    thread.loaded.resolve();
    const error = lossOf(cause);
    for (const { reject } of thread.running.values()) reject(error);
    thread.running.clear();
    this.#dispatch();
  }
}

/** One that is ended while it loads a native module takes the whole process with it: those throw into a thread that hears nothing any more. */
async function endThread({ worker, loaded }: Thread): Promise<void> {
  await loaded.promise;
  await worker.terminate();
}

async function answerQuestion(
  thread: Thread,
  task: PoolTask,
  { id, question, body }: Extract<FromWorker, { kind: 'ask' }>,
): Promise<void> {
  task.waitCount++;
  try {
    if (task.signal?.aborted === true) throw reasonOf(task.signal);
    const answer = await task.answer(body as never);
    post(thread, { kind: 'answer', id, question, body: answer.body }, answer.transfer);
  } catch (error) {
    post(thread, { kind: 'noAnswer', id, question, error: carryError(error) });
  } finally {
    task.waitCount--;
  }
}

const isWaiting = ({ running }: Thread): boolean =>
  [...running.values()].every(({ waitCount }) => waitCount > 0);

/** Tasks that need their thread. */
const busyCount = ({ running }: Thread): number =>
  [...running.values()].filter(({ task, waitCount }) => waitCount === 0 || !conductors.has(task)).length;

const post = (thread: Thread, message: ToWorker, transfer: readonly ArrayBuffer[] = []): void =>
  thread.worker.postMessage(message, [...transfer]);

const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof Error ? reason : new Error(String(reason));

function lossOf(cause: unknown): Error {
  const named = nameProgramError(cause);
  if (named instanceof DreyError) return named;
  return lostError(cause instanceof Error ? cause.message : 'its thread ended', cause);
}

const lostError = (reason: string, cause?: unknown): DreyError =>
  new DreyError({
    code: 'worker-lost',
    message: `A worker thread did not finish its task: ${reason}`,
    advice: 'Try again: whatever was already staged is kept and is not done twice.',
    retry: 'retryable',
    cause,
  });
