// Agents of two versions in one fleet on loopback, each with a folder of its own that it protects. Every step throws when it does not hold.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InviteAnswer, ProtectAnswer, SnapshotAnswer, VerifyAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import * as thisVersion from '../../cli/demo/processes.ts';
import { waitUntil } from '../../cli/demo/waiting.ts';

/** How a version's commands and agents are started. */
export type Processes = typeof thisVersion;
export type Version = 'older' | 'this';

export interface FleetParts {
  readonly root: string;
  readonly older: Processes;
  readonly say: (line: string) => void;
}

interface Machine {
  readonly version: Version;
  readonly agent: thisVersion.RunningAgent;
}

const fileCount = 60;
const fileBytesMax = 90_000;

export class UpgradedFleet {
  readonly #parts: FleetParts;
  readonly #machines = new Map<number, Machine>();
  readonly #drives = new Map<number, string>();
  #saveCount = 0;
  #restoreCount = 0;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  /** Machine 1 makes a fleet of the older version, and the others join it. */
  async found(count: number): Promise<void> {
    const own = ['--home', this.#home(1), '--machine-name', 'pc-1', '--quota', '5GB'];
    await this.#parts.older.askCommand(['fleet', 'create', '--name', 'upgraded', ...own]);
    await this.#start(1, 'older');
    for (let at = 2; at <= count; at++) await this.join(at, 'older');
    await this.allUp();
  }

  /** By an invite of machine 1, whatever its version. */
  async join(at: number, version: Version): Promise<void> {
    const { invite } = await this.#ask<InviteAnswer>(1, ['fleet', 'invite']);
    const words = ['join', '-', '--home', this.#home(at), '--name', `pc-${at}`, '--quota', '5GB'];
    await this.#processes(version).askCommand(words, invite);
    await this.#start(at, version);
    this.#parts.say(`pc-${at} joined, ${version} version, invited by ${this.#machines.get(1)!.version}`);
  }

  /** Stops it, where it runs, and starts this or that version on what is in its home. */
  async restart(at: number, version: Version): Promise<void> {
    const before = this.#machines.get(at)!;
    await this.#processes(before.version).stopAgents([before.agent]);
    await this.#start(at, version);
    this.#parts.say(`pc-${at} runs ${version} version`);
  }

  async kill(at: number): Promise<void> {
    const { version, agent } = this.#machines.get(at)!;
    await this.#processes(version).killAgent(agent);
    this.#parts.say(`pc-${at} was killed`);
  }

  async allUp(): Promise<void> {
    const agents = [...this.#machines.values()].map(({ agent }) => agent);
    await waitUntil({ what: 'that all see all', agents, secondsMax: 300 }, (views) =>
      views.every(
        ({ plan, machines }) =>
          plan !== undefined && machines.filter(({ state }) => state === 'up').length === agents.length,
      ),
    );
    this.#parts.say(`${agents.length} machines are up and have a plan`);
  }

  /** Adds files to the machine's own folder, and saves it. */
  async protect(at: number): Promise<void> {
    const folder = this.#folder(at);
    mkdirSync(folder, { recursive: true });
    this.#saveCount++;
    for (let file = 0; file < fileCount; file++)
      writeFileSync(
        join(folder, `${this.#saveCount}-${file}`),
        randomBytes(1 + ((file * 7919) % fileBytesMax)),
      );
    const { drive, outcome } = await this.#ask<ProtectAnswer & SnapshotAnswer>(at, ['protect', folder]);
    // The agent may have noticed, and saved it, by itself.
    if (outcome !== 'acknowledged' && outcome !== 'unchanged')
      throw new Error(`the backup of pc-${at} ended as ${String(outcome)}`);
    this.#drives.set(at, drive);
    this.#parts.say(`pc-${at} saved its folder`);
  }

  async restoreAndVerify(at: number): Promise<void> {
    const to = join(this.#parts.root, `restored-${++this.#restoreCount}`);
    await this.#ask(at, ['restore', '--drive', this.#drives.get(at)!, '--to', to]);
    const { status, stdout } = spawnSync('diff', ['-r', this.#folder(at), to], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`pc-${at} got something else back: ${stdout.slice(0, 500)}`);
    const { drives } = await this.#ask<VerifyAnswer>(at, ['verify', '--read-data']);
    if (drives.some(({ problemCount }) => problemCount > 0)) throw new Error(`pc-${at} finds problems`);
    this.#parts.say(`pc-${at} got its folder back, byte for byte, and read all of its snapshots`);
  }

  async nothingWrong(): Promise<void> {
    for (const at of this.#machines.keys()) {
      const { problems } = await this.#ask<Pick<FleetView, 'problems'>>(at, ['status']);
      if (problems.length > 0) throw new Error(`pc-${at} says: ${JSON.stringify(problems)}`);
    }
    this.#parts.say('no machine has anything to tell');
  }

  async end(): Promise<void> {
    await Promise.all([...this.#machines.values()].map(({ agent }) => thisVersion.killAgent(agent)));
  }

  #home(at: number): string {
    return join(this.#parts.root, `pc-${at}`);
  }

  #folder(at: number): string {
    return join(this.#parts.root, `folder-${at}`);
  }

  #processes(version: Version): Processes {
    return version === 'this' ? thisVersion : this.#parts.older;
  }

  async #start(at: number, version: Version): Promise<void> {
    const agent = await this.#processes(version).startAgentProcess(`pc-${at}`, this.#home(at));
    this.#machines.set(at, { version, agent });
  }

  /** By a command of the machine's own version. */
  #ask<Answer>(at: number, words: readonly string[]): Promise<Answer> {
    const { version } = this.#machines.get(at)!;
    return this.#processes(version).askCommand<Answer>([...words, '--home', this.#home(at)]);
  }
}
