// One machine of a chaos run: a folder, and a process of `drey up` that is started, killed, frozen and started again, maybe with
// another idea of the time.

import { existsSync } from 'node:fs';
import type { FleetView } from '../../agent/index.ts';
import {
  askCommand,
  killAgent,
  type RunningAgent,
  startAgentProcess,
  type Surroundings,
} from '../../cli/demo/processes.ts';
import type { Host } from './hosts.ts';

const fakeTimeLibraries = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
];

/** The library that lies about the time to a process; undefined where it is not installed. */
export const fakeTimeLibrary = fakeTimeLibraries.find((file) => existsSync(file));

export class Machine {
  readonly name: string;
  readonly host: Host;
  home: string;
  #agent: RunningAgent | undefined;
  #listen: string | undefined;
  #isFrozen = false;
  #isEndExpected = false;
  #starting: Promise<void> = Promise.resolve();
  #skewHours = 0;
  /** Its agent said that its database cannot be read, and what to do: another folder, and an invite. */
  isDamaged = false;
  /** Ends that nobody ordered, in words. */
  readonly crashes: string[] = [];

  constructor(name: string, home: string, host: Host) {
    this.name = name;
    this.home = home;
    this.host = host;
  }

  get isRunning(): boolean {
    return this.#agent !== undefined && !this.#isFrozen;
  }

  get addresses(): readonly string[] {
    return this.#agent?.addresses ?? [];
  }

  /** Runs `drey ARGUMENTS --json` for this machine, where its agent is. */
  ask<Answer>(words: readonly string[], input = ''): Promise<Answer> {
    return askCommand<Answer>([...words, '--home', this.home], input, this.host.surroundings);
  }

  view(): Promise<FleetView> {
    return this.ask<FleetView>(['status']);
  }

  /** Starts it after its bytes were tampered with: it may only refuse with the words that it was damaged. */
  async startDamaged(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      if (!String(error).includes('[store-damaged]')) throw error;
      this.isDamaged = true;
    }
  }

  /** Starts the agent, `skewHours` off; on loopback on the port that it had. One start at a time. */
  start(skewHours = 0): Promise<void> {
    const before = this.#starting;
    this.#starting = (async () => {
      await before.catch(() => undefined);
      if (this.#agent === undefined) await this.#startNow(skewHours);
    })();
    return this.#starting;
  }

  async #startNow(skewHours: number): Promise<void> {
    this.#skewHours = skewHours;
    const agent = await startAgentProcess(this.name, this.home, this.#surroundings());
    this.#listen ??= agent.addresses[0]?.replace(/\/p2p\/.*$/u, '');
    this.#agent = agent;
    this.#isEndExpected = false;
    agent.process.once('exit', (code, signal) => {
      if (!this.#isEndExpected) this.crashes.push(`${this.name} ended by itself (${code ?? signal})`);
      if (this.#agent === agent) this.#agent = undefined;
    });
  }

  #surroundings(): Surroundings {
    const { surroundings } = this.host;
    const listen = surroundings.listen ?? this.#listen;
    const skewed =
      this.#skewHours === 0 || fakeTimeLibrary === undefined
        ? {}
        : {
            environment: {
              LD_PRELOAD: fakeTimeLibrary,
              FAKETIME: `${this.#skewHours > 0 ? '+' : ''}${this.#skewHours}h`,
              FAKETIME_DONT_FAKE_MONOTONIC: '1',
            },
          };
    return { ...surroundings, ...skewed, ...(listen === undefined ? {} : { listen }) };
  }

  get isSkewed(): boolean {
    return this.#agent !== undefined && this.#skewHours !== 0;
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await this.#starting.catch(() => undefined);
    if (this.#agent === undefined) return;
    this.#isEndExpected = true;
    this.#isFrozen = false;
    const agent = this.#agent;
    await killAgent(agent);
    this.#agent = undefined;
  }

  freeze(): void {
    this.#isFrozen = this.#agent?.process.kill('SIGSTOP') ?? false;
  }

  thaw(): void {
    this.#agent?.process.kill('SIGCONT');
    this.#isFrozen = false;
  }
}
