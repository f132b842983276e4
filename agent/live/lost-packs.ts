// What the other machines have lost of this machine's drives, beyond what a code can bear: a house burnt down with most holders of a group. The
// files themselves may still be here: they are read and stored anew, and the index of that snapshot brings back what older ones share with it.

import { minutes } from '../../datasets/index.ts';
import { lostLookEveryMs } from '../limits.ts';
import { driveId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import { countLost } from './outbox.ts';
import type { RunningDrive } from './running-drive.ts';
import { Turns } from './turns.ts';

type Report = (level: 'info' | 'warning' | 'problem', text: string) => void;

export class LostPacks {
  readonly #agent: LiveAgent;
  readonly #report: Report;
  readonly #turns = new Turns();
  #lookedMs: number | undefined;

  constructor(agent: LiveAgent, report: Report) {
    this.#agent = agent;
    this.#report = report;
  }

  /** Once a day, and not right after a start: others are still being found then. */
  async lookIfDue(): Promise<void> {
    const now = this.#agent.now();
    this.#lookedMs ??= now - lostLookEveryMs + firstLookMs;
    if (now - this.#lookedMs < lostLookEveryMs) return;
    this.#lookedMs = now;
    for (const drive of this.#agent.drives.running.values()) await this.look(drive);
  }

  /** Asks where the drive's packs are, and answers how many were newly found lost; what was in them is stored anew from now on. */
  look(drive: RunningDrive): Promise<number> {
    return this.#turns.take(() => this.#look(drive));
  }

  async #look(drive: RunningDrive): Promise<number> {
    const { core, drives, fetcher } = this.#agent;
    const isKept = (): boolean =>
      drive.stored.leftMs === undefined && !core.shelf.wiped.has(driveId(drive.stored.drive));
    if (!isKept()) return 0;
    const packs = drive.snapshotter
      .stagedPacks()
      .filter(({ pack }) => core.shelf.get(pack)?.isInOutbox !== true);
    const counts = await fetcher.count(packs);
    const known = new Set(drive.stored.lost?.counted);
    const lost = packs
      .filter(({ redundancy }, at) => counts[at]!.hoped < redundancy.k)
      .map(({ pack }) => pack)
      .filter((pack) => !known.has(pack));
    if (lost.length === 0 || !isKept()) return 0;
    drives.note(drive, {
      lost: countLost(drive.stored.lost, lost, { where: 'elsewhere', now: this.#agent.now() }),
    });
    this.#report(
      'problem',
      `${lostElsewhereText(lost.length)}; files of them that are still here are stored anew`,
    );
    drives.takeSoon(drive);
    return lost.length;
  }
}

const firstLookMs = minutes(30);

/** For people, as the beginning of a sentence. */
export const lostElsewhereText = (packCount: number): string =>
  packCount === 1
    ? '1 pack is on no other machine any more that may come back'
    : `${packCount} packs are on no other machine any more that may come back`;
