// Random runs side by side, one thread each, until the time is over, somebody stops it or a promise breaks; then the shortest run
// that breaks it, and its command. What was counted so far is never lost: a run that is still going is ended, the sums are said.

import { writeFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import { Worker } from 'node:worker_threads';
import { minutes as minutesMs, seconds, secondMs } from '../datasets/index.ts';
import { drawShaped, type FaultName, type SwarmShape } from '../agent/simulation/index.ts';
import { say, spanText } from './print.ts';
import { SwarmTally, type SwarmTook } from './swarm-tally.ts';
import type { SwarmTask, SwarmWord } from './swarm-worker.ts';

export interface SwarmParts {
  readonly minutes: number;
  /** What is counted: `clock` ends in time for whoever waits; `processor` does as much on a busy machine as on an idle one. */
  readonly timeOf: 'clock' | 'processor';
  readonly jobs: number;
  readonly seed: string;
  readonly faults: readonly FaultName[];
  readonly shape: SwarmShape;
  readonly json: string | undefined;
  /** After a broken promise: make it smaller and stop, or go on and tell of all at the end. */
  readonly afterFailure: 'stop' | 'goOn';
}

/** A failure is made smaller for at most this long, in the processor's time: a busy machine gives it no less. */
const shrinkMs = seconds(90);
/** No drawn run takes a tenth of this: one that does never ends. In the processor's time, too. */
const runMsMax = minutesMs(10);
/** How it goes is said this often. */
const lineEveryMs = seconds(30);
/** When the time is over is looked at this often. */
const lookEveryMs = seconds(0.2);

/** A thread and the task that it is at. Times are the processor's, a fraction of a second old. */
interface Thread {
  readonly worker: Worker;
  readonly seed: string;
  /** What the thread had used when this task was first looked at; undefined before. */
  startedMs: number | undefined;
  usedMs: number;
  shrinksSinceMs: number | undefined;
}

/** The processor's time of this whole process so far, in milliseconds. */
const processorMs = (): number => {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
};

/** Whether every run kept every promise. Seeds are `<seed>-0`, `<seed>-1` …: the same swarm seed tries the same runs. */
export function swarm(parts: SwarmParts): Promise<boolean> {
  return new Swarm(parts).run();
}

class Swarm {
  readonly #parts: SwarmParts;
  readonly #tally = new SwarmTally();
  readonly #threads = new Set<Thread>();
  readonly #idle: Worker[] = [];
  readonly #startedMs = performance.now();
  #next = 0;
  #isStopped = false;
  #lineMs = 0;
  #broken: unknown;

  constructor(parts: SwarmParts) {
    this.#parts = parts;
  }

  async run(): Promise<boolean> {
    const stop = (signal: NodeJS.Signals): void => {
      say(`stopped by ${signal}`);
      this.#isStopped = true;
    };
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.on(signal, stop);
    const { minutes, jobs, seed, timeOf } = this.#parts;
    const ofWhat = timeOf === 'processor' ? " of the processor's time" : '';
    say(`seeds ${seed}-0, ${seed}-1 … for ${spanText(minutesMs(minutes))}${ofWhat}, ${jobs} at once`);
    await this.#untilOver();
    const took = this.#took;
    // Before anything else ends: a second signal, or a thread that does not, must not lose it.
    this.#write(took);
    this.#tally.say(took);
    for (const { worker } of this.#threads) await worker.terminate();
    for (const worker of this.#idle) await worker.terminate();
    for (const signal of signals) process.off(signal, stop);
    if (this.#broken !== undefined) throw this.#broken;
    return this.#tally.isWell;
  }

  #untilOver(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        this.#endLateThreads();
        while (this.#mayStart()) this.#start();
        this.#sayLine();
        if (!this.#isOver()) return;
        clearInterval(timer);
        resolve();
      };
      const timer = setInterval(look, lookEveryMs);
      look();
    });
  }

  get #took(): SwarmTook {
    return { clockMs: performance.now() - this.#startedMs, processorMs: processorMs() };
  }

  #isTimeOver(): boolean {
    const { clockMs, processorMs: usedMs } = this.#took;
    const tookMs = this.#parts.timeOf === 'processor' ? usedMs : clockMs;
    return this.#isStopped || this.#broken !== undefined || tookMs >= minutesMs(this.#parts.minutes);
  }

  #isDone(): boolean {
    return !this.#tally.isWell && this.#parts.afterFailure === 'stop';
  }

  #isOver(): boolean {
    return this.#isTimeOver() || (this.#isDone() && this.#threads.size === 0);
  }

  #mayStart(): boolean {
    return this.#threads.size < this.#parts.jobs && !this.#isTimeOver() && !this.#isDone();
  }

  #start(): void {
    const worker = this.#idle.pop() ?? new Worker(new URL('swarm-worker.ts', import.meta.url));
    const seed = `${this.#parts.seed}-${this.#next++}`;
    const thread: Thread = { worker, seed, startedMs: undefined, usedMs: 0, shrinksSinceMs: undefined };
    this.#threads.add(thread);
    worker.removeAllListeners();
    worker.on('message', (word: SwarmWord) => this.#hear(thread, word));
    worker.on('error', (error) => {
      this.#broken = error;
    });
    const { faults, shape } = this.#parts;
    const task: SwarmTask = { seed, faults, shape };
    worker.postMessage(task);
  }

  #hear(thread: Thread, word: SwarmWord): void {
    // Of a thread that was ended words may still come.
    if (!this.#threads.has(thread)) return;
    switch (word.kind) {
      case 'ran':
        this.#tally.count(word);
        if (word.report.violations.length === 0) return;
        thread.shrinksSinceMs = thread.usedMs;
        say(
          `seed ${word.seed} broke a promise (${word.report.violations[0]?.check}); looking for a smaller run`,
        );
        return;
      case 'smaller': {
        const failure = this.#tally.failures.find(({ seed }) => seed === thread.seed);
        if (failure !== undefined) failure.smallest = word.failed;
        return;
      }
      case 'done':
        this.#threads.delete(thread);
        this.#idle.push(thread.worker);
        if (this.#mayStart()) this.#start();
    }
  }

  /** Threads that made a failure smaller for long enough, and runs that seem never to end. */
  #endLateThreads(): void {
    for (const thread of this.#threads) {
      this.#measure(thread);
      const { shrinksSinceMs, usedMs, seed } = thread;
      const isShrunk = shrinksSinceMs !== undefined && usedMs - shrinksSinceMs >= shrinkMs;
      const isEndless = shrinksSinceMs === undefined && usedMs >= runMsMax;
      if (!isShrunk && !isEndless) continue;
      this.#threads.delete(thread);
      void thread.worker.terminate();
      if (isEndless)
        this.#tally.endless.push({
          seed,
          options: drawShaped(seed, { allowed: this.#parts.faults, shape: this.#parts.shape }),
          tookMs: usedMs,
        });
    }
  }

  /** Asks a thread, however busy it is, how much it has used for its task. */
  #measure(thread: Thread): void {
    const note = ({ user, system }: { readonly user: number; readonly system: number }): void => {
      const totalMs = (user + system) / 1000;
      thread.startedMs ??= totalMs;
      thread.usedMs = totalMs - thread.startedMs;
    };
    // One that has just ended answers no more.
    thread.worker.cpuUsage().then(note, () => {});
  }

  #sayLine(): void {
    const took = this.#took;
    if (took.clockMs - this.#lineMs < lineEveryMs) return;
    this.#lineMs = took.clockMs;
    const running = [...this.#threads].map(
      ({ seed, usedMs, shrinksSinceMs }) =>
        `${seed}${shrinksSinceMs === undefined ? '' : ' (made smaller)'} for ${spanText(usedMs)}`,
    );
    say(this.#tally.lineOf(took, running));
    // Whoever is killed without a word leaves what was counted up to here.
    this.#write(took);
  }

  #write({ clockMs, processorMs: usedMs }: SwarmTook): void {
    const { json } = this.#parts;
    if (json === undefined) return;
    const { sums, faults, checks, failures, endless } = this.#tally;
    const took = { tookSeconds: clockMs / secondMs, processorSeconds: usedMs / secondMs };
    const report = { ...took, ...sums, faults, checks, failures, endless };
    writeFileSync(json, `${JSON.stringify(report, undefined, 1)}\n`);
  }
}
