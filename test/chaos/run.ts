// A whole chaos run: a real fleet, people who work on it, faults that come and go, and the verdict at the end.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InviteAnswer } from '../../agent/control/index.ts';
import { createRandom, type Random } from '../../datasets/index.ts';
import { type FaultUnderWay, faults, type Scene } from './faults.ts';
import { type Hosts, makeHosts } from './hosts.ts';
import { clearLeftovers, folderPrefix, mountSource, namespacePrefix } from './leftovers.ts';
import { Machine } from './machine.ts';
import { Person } from './person.ts';
import { lastWords, restoreAll, restoreOne, settledAfter, type Verdict, whyNotSettled } from './verdict.ts';

export interface ChaosOptions {
  readonly agentCount: number;
  readonly minutes: number;
  readonly seed: string;
  /** Names of faults; all when absent. */
  readonly faultNames?: readonly string[];
  readonly peopleCount: number;
  readonly say: (line: string) => void;
}

export interface ChaosReport extends Verdict {
  readonly network: Hosts['kind'];
  readonly seed: string;
  readonly faultCounts: Readonly<Record<string, number>>;
  /** Faults that could not be done here, by name. */
  readonly skipped: readonly string[];
  readonly acknowledged: number;
  /** Snapshots that were asked for and not acknowledged, as an agent or its lines were down. */
  readonly unacknowledged: number;
  readonly restoredMeanwhile: number;
}

/** Faults at once, at most. */
const faultsAtOnce = 2;
const crampedBytes = 256 * 2 ** 20;
const settleSecondsMax = 600;
/** A machine that is silent for so long is replaced: minutes, as a run has no days. */
const holderSilence = '30s';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs it all; throws only when the fleet cannot even be set up. */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const leftCount = clearLeftovers();
  if (leftCount > 0) options.say(`${leftCount} things that a killed run had left were taken away`);
  const root = mkdtempSync(join(tmpdir(), folderPrefix(process.pid)));
  const hosts = makeHosts(namespacePrefix(process.pid));
  const run = new ChaosRun(options, root, hosts);
  try {
    return await run.live();
  } finally {
    await run.close();
    hosts.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

class ChaosRun {
  readonly #options: ChaosOptions;
  readonly #root: string;
  readonly #hosts: Hosts;
  readonly #random: Random;
  readonly #machines: Machine[] = [];
  readonly #mounted: string[] = [];
  readonly #people: Person[] = [];
  readonly #problems: string[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #skipped = new Set<string>();
  #unacknowledged = 0;
  #restoredMeanwhile = 0;

  constructor(options: ChaosOptions, root: string, hosts: Hosts) {
    this.#options = options;
    this.#root = root;
    this.#hosts = hosts;
    this.#random = createRandom(`chaos ${options.seed}`);
  }

  async live(): Promise<ChaosReport> {
    const { say, minutes } = this.#options;
    await this.#found();
    say(`${this.#machines.length} agents on ${this.#hosts.kind}, ${this.#people.length} people at work`);
    const untilMs = performance.now() + minutes * 60_000;
    await Promise.all([
      this.#trouble(untilMs),
      ...this.#people.map((person) => this.#work(person, untilMs)),
      this.#restoreNowAndThen(untilMs),
    ]);
    const verdict = await this.#judge();
    return {
      ...verdict,
      network: this.#hosts.kind,
      seed: this.#options.seed,
      faultCounts: this.#counts,
      skipped: [...this.#skipped],
      acknowledged: this.#people.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
      unacknowledged: this.#unacknowledged,
      restoredMeanwhile: this.#restoredMeanwhile,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine.kill()));
    // Lazily: a command that was killed may still have a file open there.
    for (const folder of this.#mounted) execFileSync('umount', ['--lazy', folder]);
  }

  /** The first machine makes the fleet, the others join; people protect their folders. */
  async #found(): Promise<void> {
    const { agentCount, peopleCount } = this.#options;
    const admin = this.#makeMachine(0);
    await admin.ask([
      'fleet',
      'create',
      '--name',
      'chaos',
      '--machine-name',
      admin.name,
      '--holder-silence',
      holderSilence,
      '--quota',
      '1GB',
    ]);
    await admin.start();
    const invite = await this.#invite(agentCount + 1);
    for (let index = 1; index < agentCount; index++) await this.#join(index, invite);
    const isReady = await settledAfter(this.#machines, settleSecondsMax);
    if (isReady === undefined) throw new Error('the fleet did not come together before any fault');
    for (const machine of this.#machines.slice(1, 1 + peopleCount)) {
      const person = new Person(machine, this.#root, this.#random.fork(machine.name));
      this.#people.push(person);
      if (!(await person.work())) throw new Error('the first snapshot was not acknowledged before any fault');
    }
  }

  async #invite(uses: number): Promise<string> {
    const { invite } = await this.#machines[0]!.ask<InviteAnswer>([
      'fleet',
      'invite',
      '--uses',
      String(uses),
      '--expires',
      '1d',
    ]);
    return invite;
  }

  async #join(index: number, invite: string): Promise<Machine> {
    const machine = this.#makeMachine(index);
    await machine.ask(['join', '-', '--name', machine.name, '--quota', '1GB'], invite);
    await machine.start();
    return machine;
  }

  #makeMachine(index: number): Machine {
    const name = `pc-${String(index + 1).padStart(2, '0')}`;
    const machine = new Machine(name, join(this.#root, name), this.#hosts.add(index));
    mkdirSync(machine.home, { recursive: true });
    if (this.#isCramped(index)) this.#mountSmall(machine.home);
    this.#machines.push(machine);
    return machine;
  }

  /** The last two of the first machines have a small disk of their own, where such can be made. */
  #isCramped(index: number): boolean {
    const { agentCount } = this.#options;
    return this.#hosts.kind === 'namespaces' && index < agentCount && index >= agentCount - 2;
  }

  #mountSmall(folder: string): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${crampedBytes}`, mountSource, folder]);
    this.#mounted.push(folder);
  }

  #scene(): Scene {
    const { agentCount, peopleCount } = this.#options;
    return {
      random: this.#random,
      machines: this.#machines,
      frail: this.#machines.slice(1 + peopleCount, 3 + peopleCount),
      cramped: this.#machines.filter((_, index) => this.#isCramped(index) && index < agentCount),
    };
  }

  /** Faults come and go until it is time; then all of them end. */
  async #trouble(untilMs: number): Promise<void> {
    const names = this.#options.faultNames ?? Object.keys(faults);
    const scene = this.#scene();
    const underWay: { readonly name: string; readonly fault: FaultUnderWay; readonly endMs: number }[] = [];
    while (performance.now() < untilMs) {
      for (const one of underWay.splice(0)) {
        if (performance.now() < one.endMs) underWay.push(one);
        else await this.#endFault(one);
      }
      const name = names[this.#random.below(names.length)]!;
      const isFree = underWay.length < faultsAtOnce && !underWay.some((one) => one.name === name);
      const fault = isFree ? await this.#beginFault(name, scene) : undefined;
      if (fault !== undefined)
        underWay.push({ name, fault, endMs: performance.now() + 2000 + this.#random.below(25_000) });
      await wait(500 + this.#random.below(4000));
    }
    for (const one of underWay) await this.#endFault(one);
  }

  async #beginFault(name: string, scene: Scene): Promise<FaultUnderWay | undefined> {
    try {
      const fault = await faults[name]!.begin(scene);
      if (fault === undefined) this.#skipped.add(name);
      else {
        this.#skipped.delete(name);
        this.#counts[name] = (this.#counts[name] ?? 0) + 1;
        this.#options.say(`+ ${name}: ${fault.text}`);
      }
      return fault;
    } catch (error) {
      this.#problems.push(`${name}: ${String(error)}`);
      return undefined;
    }
  }

  async #endFault({ name, fault }: { readonly name: string; readonly fault: FaultUnderWay }): Promise<void> {
    try {
      await fault.end();
      this.#options.say(`- ${name}: ${fault.text}`);
    } catch (error) {
      this.#problems.push(`after ${name} (${fault.text}): ${String(error)}`);
    }
  }

  async #work(person: Person, untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      if (!(await person.work())) this.#unacknowledged++;
      await wait(500);
    }
  }

  /** Restores under trouble may fail and say so; they may never bring other bytes. */
  async #restoreNowAndThen(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      await wait(3000);
      const person = this.#people[this.#random.below(this.#people.length)]!;
      const promise = person.acknowledged.at(-1);
      if (promise === undefined) continue;
      const wrong = await restoreOne({
        machine: person.machine,
        promise,
        words: undefined,
        to: join(this.#root, 'restored-meanwhile'),
      });
      if (wrong.length === 0) this.#restoredMeanwhile++;
      this.#problems.push(...wrong.filter((text) => text.includes('has other bytes')));
    }
  }

  /** What an agent with a damaged database says that its person should do: another folder, and an invite. */
  async #followAdvice(): Promise<void> {
    for (const machine of this.#machines.filter(({ isDamaged }) => isDamaged)) {
      this.#options.say(`${machine.name} joins again, as its agent said`);
      machine.home = `${machine.home}-again`;
      mkdirSync(machine.home, { recursive: true });
      const words = ['join', '-', '--name', `${machine.name}-again`, '--quota', '1GB'];
      await machine.ask(words, await this.#invite(1));
      await machine.start();
    }
  }

  /** All that was promised, on a machine that joins now. */
  async #restoreElsewhere(): Promise<Pick<Verdict, 'restored' | 'problems'>> {
    try {
      const fresh = await this.#join(this.#options.agentCount, await this.#invite(1));
      return await restoreAll(fresh, this.#people, this.#root);
    } catch (error) {
      return { restored: 0, problems: [`no new machine could join: ${String(error)}`] };
    }
  }

  async #judge(): Promise<Verdict> {
    const { say } = this.#options;
    for (const machine of this.#machines) {
      machine.host.network?.heal();
      machine.thaw();
      if (machine.isSkewed) await machine.kill();
      await machine.startDamaged().catch((error: unknown) => this.#problems.push(String(error)));
    }
    await this.#followAdvice();
    say('all faults are over; waiting for the fleet to come to rest');
    const settledSeconds = await settledAfter(this.#machines, settleSecondsMax);
    if (settledSeconds === undefined)
      this.#problems.push(
        `not at rest after ${settleSecondsMax} s`,
        ...(await whyNotSettled(this.#machines)),
      );
    const { restored, problems } = await this.#restoreElsewhere();
    const crashes = this.#machines.flatMap((machine) =>
      machine.crashes.map((text) => `${text}\n${lastWords(machine)}`),
    );
    return {
      ...(settledSeconds === undefined ? {} : { settledSeconds }),
      restored,
      problems: [...this.#problems, ...problems, ...crashes],
    };
  }
}
