// One agent that is killed over and over, in the middle of a backup, a prune or a restore, at a moment by chance. After each start every
// snapshot that it keeps must be whole, read back from its holders; what was acknowledged may only go by the rules of retention.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  InviteAnswer,
  RetentionAnswer,
  SnapshotListAnswer,
  VerifyAnswer,
} from '../../agent/control/index.ts';
import { createRandom, type Random } from '../../datasets/index.ts';
import { makeHosts } from './hosts.ts';
import { Machine } from './machine.ts';
import { Person } from './person.ts';
import { restoreOne, settledAfter } from './verdict.ts';

export interface KillLoopOptions {
  readonly rounds: number;
  readonly seed: string;
  /** Plain bytes of the folder at the start, about. */
  readonly folderBytes: number;
  readonly say: (line: string) => void;
}

const acts = ['backup', 'prune', 'restore'] as const;
type Act = (typeof acts)[number];

export interface KillLoopReport {
  /** Kills in the middle of each act; acts that had ended before are counted apart. */
  readonly killed: Readonly<Record<Act, number>>;
  readonly tooLate: number;
  readonly acknowledged: number;
  /** Snapshots read back to the last byte, over all rounds. */
  readonly verified: number;
  readonly problems: readonly string[];
}

const agentCount = 5;
/** Until an act was seen to its end. */
const tookMsFirst = 4000;
/** Some kills come after an act, and hit what goes on in the background. */
const afterwardsShare = 1.25;
const keptSnapshots = 3;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs it all on loopback; throws only when the fleet cannot even be set up. */
export async function killLoop(options: KillLoopOptions): Promise<KillLoopReport> {
  const root = mkdtempSync(join(tmpdir(), 'drey-kills-'));
  const loop = new KillLoop(options, root);
  try {
    return await loop.live();
  } finally {
    await loop.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

class KillLoop {
  readonly #options: KillLoopOptions;
  readonly #root: string;
  readonly #random: Random;
  readonly #hosts = makeHosts(`dreykill${process.pid}`);
  readonly #machines: Machine[] = [];
  readonly #killed: Record<Act, number> = { backup: 0, prune: 0, restore: 0 };
  readonly #problems: string[] = [];
  /** How long each act took when it was last seen to its end. */
  readonly #tookMs: Record<Act, number> = { backup: tookMsFirst, prune: tookMsFirst, restore: tookMsFirst };
  #tooLate = 0;
  #verified = 0;

  constructor(options: KillLoopOptions, root: string) {
    this.#options = options;
    this.#root = root;
    this.#random = createRandom(`kill loop ${options.seed}`);
  }

  async live(): Promise<KillLoopReport> {
    const person = await this.#found();
    for (let round = 1; round <= this.#options.rounds; round++) {
      const act = acts[(round - 1) % acts.length]!;
      const isKilled = await this.#killDuring(act, person);
      await person.machine.start();
      const before = this.#problems.length;
      await this.#judge(person);
      const state = this.#problems.length === before ? 'whole' : 'BROKEN';
      this.#options.say(
        `${round}: ${act} ${isKilled ? 'killed' : 'had ended'}, ${state}, ${person.acknowledged.length} acknowledged`,
      );
    }
    await this.#finish(person);
    return {
      killed: this.#killed,
      tooLate: this.#tooLate,
      acknowledged: person.acknowledged.length,
      verified: this.#verified,
      problems: [...this.#problems, ...this.#machines.flatMap(({ crashes }) => crashes)],
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine.kill()));
    this.#hosts.close();
  }

  async #found(): Promise<Person> {
    const admin = this.#addMachine();
    await admin.ask(['fleet', 'create', '--name', 'kills', '--machine-name', admin.name]);
    await admin.start();
    const { invite } = await admin.ask<InviteAnswer>(['fleet', 'invite', '--uses', '20', '--expires', '1d']);
    for (let count = 1; count < agentCount; count++) {
      const machine = this.#addMachine();
      await machine.ask(['join', '-', '--name', machine.name], invite);
      await machine.start();
    }
    if ((await settledAfter(this.#machines, 600)) === undefined)
      throw new Error('the fleet did not come together before any kill');
    const person = new Person(this.#machines[1]!, this.#root, this.#random.fork('person'));
    person.fill(this.#options.folderBytes);
    if (!(await person.work())) throw new Error('the first snapshot was not acknowledged before any kill');
    return person;
  }

  #addMachine(): Machine {
    const index = this.#machines.length;
    const name = `pc-${index + 1}`;
    const machine = new Machine(name, join(this.#root, name), this.#hosts.add(index));
    mkdirSync(machine.home, { recursive: true });
    this.#machines.push(machine);
    return machine;
  }

  /** Whether the act was still under way when its agent was killed. */
  async #killDuring(act: Act, person: Person): Promise<boolean> {
    let isUnderWay = true;
    const beganMs = performance.now();
    const ended = this.#begin(act, person).finally(() => {
      if (isUnderWay) this.#tookMs[act] = performance.now() - beganMs;
      isUnderWay = false;
    });
    const afterMs = this.#random.below(Math.ceil(afterwardsShare * this.#tookMs[act]));
    await wait(afterMs);
    const isKilled = isUnderWay;
    isUnderWay = false;
    // Whoever was killed so late may take longer than it did.
    if (isKilled) this.#tookMs[act] = Math.max(this.#tookMs[act], afterwardsShare * afterMs);
    await person.machine.kill();
    await ended.catch(() => undefined);
    if (isKilled) this.#killed[act]++;
    else this.#tooLate++;
    return isKilled;
  }

  async #begin(act: Act, person: Person): Promise<void> {
    if (act === 'backup') {
      person.fill(this.#options.folderBytes / 8);
      await person.work();
    } else if (act === 'prune') {
      const { drive } = person.acknowledged.at(-1)!;
      await person.machine.ask<RetentionAnswer>(['retention', drive, '--keep-last', String(keptSnapshots)]);
    } else {
      const promise = person.acknowledged.at(-1)!;
      const to = join(this.#root, 'back');
      const wrong = await restoreOne({ machine: person.machine, promise, words: undefined, to });
      this.#problems.push(...wrong.filter((text) => text.includes('has other bytes')));
    }
  }

  /** After all kills it goes on as if nothing had been: what is saved now comes back as it is now. */
  async #finish(person: Person): Promise<void> {
    if (!(await person.work())) this.#problems.push('the last snapshot was not acknowledged');
    const to = join(this.#root, 'back');
    const promise = person.acknowledged.at(-1)!;
    this.#problems.push(...(await restoreOne({ machine: person.machine, promise, words: undefined, to })));
  }

  /** Every snapshot that is listed reads back whole; the newest that was acknowledged is listed. */
  async #judge(person: Person): Promise<void> {
    const { machine, acknowledged } = person;
    try {
      const list = await machine.ask<SnapshotListAnswer>(['snapshots']);
      const listed = new Set(
        list.drives.flatMap(({ snapshots }) => snapshots.map(({ snapshot }) => snapshot as string)),
      );
      const newest = acknowledged.at(-1)!.snapshot;
      // Those whose acknowledgement nobody heard, as the agent was killed, count among the last that rules keep.
      const unheard = listed.difference(new Set(acknowledged.map(({ snapshot }) => snapshot)));
      if (!listed.has(newest) && unheard.size < keptSnapshots)
        this.#problems.push(`snapshot ${newest.slice(0, 8)} was acknowledged and is gone`);
      const answer = await machine.ask<VerifyAnswer>(['verify', '--read-data']);
      for (const { snapshotCount, problemCount, problems } of answer.drives) {
        if (problemCount === 0) this.#verified += snapshotCount;
        else this.#problems.push(`verify: ${problemCount} problems, first ${JSON.stringify(problems[0])}`);
      }
    } catch (error) {
      this.#problems.push(`after a kill: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
