// What an agent says for good or to its person, right after it found out: that a trial restore failed, a snapshot's head, what it holds against another.
// Each is held against what it was told before.

import { type CoreEffect, type CoreEvent, type DriveProof } from '../core/index.ts';
import type { AgentRecord, DoubtRecord } from '../codec/index.ts';
import { minutes } from '../../datasets/index.ts';
import { evidenceEveryMs } from '../limits.ts';
import type { DriveId, SnapshotId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';

type Verdict = DriveProof['last']['verdict'];

/** What waited for the own log to be whole may be older. */
const justNowMs = minutes(1);

/** Of one life of an agent. */
export class TellingWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #verdicts = new Map<DriveId, Verdict>();
  /** What its person is to hear of a trial restore before the next event. */
  #untold: Verdict | undefined;
  /** Snapshots that rest on packs which were lost from the outbox. */
  readonly #lost = new Set<SnapshotId>();

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    if (this.#untold !== undefined)
      this.#world.violate(
        'proofs',
        this.#machine,
        `does not tell its person of a trial restore that was ${this.#untold}`,
      );
    this.#untold = undefined;
    switch (event.kind) {
      case 'started':
        for (const { drive, last } of event.proofs ?? []) this.#verdicts.set(drive, last.verdict);
        return;
      case 'driveProved':
        this.#proved(event.proof);
        return;
      case 'outboxLost':
        this.#loses(event);
        return;
      default:
    }
  }

  /** Before it is done. */
  ordered(effect: CoreEffect, now: number): void {
    if (effect.kind === 'report' && effect.text.startsWith('a proof')) this.#untold = undefined;
    if (effect.kind === 'appendRecords') for (const record of effect.records) this.#writes(record, now);
  }

  /** Each failure that is another one than the last is news. */
  #proved({ drive, last: { verdict } }: DriveProof): void {
    this.#world.count('proofs');
    if (verdict !== 'proven' && verdict !== this.#verdicts.get(drive)) this.#untold = verdict;
    this.#verdicts.set(drive, verdict);
  }

  /** Later snapshots may need the same packs; the journal is as it was. */
  #loses({ drive, packs }: Extract<CoreEvent, { kind: 'outboxLost' }>): void {
    const ofDrive = this.#machine.journal.filter((staged) => staged.drive === drive);
    const first = ofDrive.findIndex((staged) => staged.packs.some((pack) => packs.includes(pack)));
    for (const { snapshot } of first < 0 ? [] : ofDrive.slice(first)) this.#lost.add(snapshot);
  }

  #writes(record: AgentRecord, now: number): void {
    if (record.kind === 'head') {
      this.#world.count('acknowledged');
      if (this.#lost.has(record.snapshot))
        this.#world.violate(
          'acknowledged',
          this.#machine,
          'publishes a snapshot that rests on packs which were lost from its outbox',
        );
    }
    if (record.kind === 'doubt' && Math.abs(now - record.atMs) < justNowMs) this.#doubts(record);
  }

  /** What an admin has pardoned counts no more, also beside what was seen later. */
  #doubts({ machine, evidence, atMs }: DoubtRecord): void {
    const membership = this.#machine.shell?.core.membership;
    const pardonedMs = membership?.pardonedMs(machine);
    if (membership === undefined || pardonedMs === undefined) return;
    this.#world.count('framed');
    const isPardoned = evidence.some(
      ({ lastMs, dayCount }) =>
        // The clock of whoever pardoned may be ahead: what was found just now was found later.
        (lastMs <= pardonedMs && lastMs !== atMs) ||
        (dayCount > 1 && lastMs - pardonedMs < (dayCount - 1) * evidenceEveryMs),
    );
    if (isPardoned)
      this.#world.violate(
        'framed',
        this.#machine,
        `holds against ${membership.nameOf(machine)} what an admin has pardoned`,
      );
  }
}
