// The protected folders of this machine: their keys, snapshotters and watchers. Takes a snapshot when a folder may have
// changed, hands it to the core, and tells whoever waits when it is acknowledged.

import { join } from 'node:path';
import { countText, minutes, seconds, type UnixMs } from '../../datasets/index.ts';
import type { Redundancy } from '../../optimizer/index.ts';
import {
  createRecoveryPhrase,
  type DriveKeys,
  type PackDescriptor,
  personFromPhrase,
} from '../codec/index.ts';
import type { ProtectAnswer } from '../control/index.ts';
import { savedSayEveryMs } from '../limits.ts';
import type { Timer } from '../ports.ts';
import { type DriveId, driveId } from '../units.ts';
import { createSnapshotter, type SnapshotOutcome, startWatcher } from './data-path/index.ts';
import { nameDiskError } from './disk-full.ts';
import { driveDeleted, noPlanYet, snapshotCancelled } from './drive-errors.ts';
import { createDrive, DriveLocks, openStoredKeys } from './drive-keys.ts';
import { ownFolders } from './home.ts';
import { heldOutcome, heldText, massChangeText, outcomeWhenLeft } from './mass-changes.ts';
import { powerWait } from './power.ts';
import { folderToProtect, leftOutOf, overlapOf, type WantedFolder } from './protected-folder.ts';
import { type DrivesParts, quietDrive, type RunningDrive, type TakenSnapshot } from './running-drive.ts';
import { readDrives, type StoredDrive, writeDrives } from './stored-drives.ts';
import { Outbox } from './outbox.ts';
import { Turns } from './turns.ts';

const retryMs = seconds(20);
const planWaitMs = seconds(1);
/** A plug is noticed within this time. */
const powerLookMs = minutes(2);

export class Drives {
  readonly #parts: DrivesParts;
  readonly #locks: DriveLocks;
  readonly #running = new Map<DriveId, RunningDrive>();
  readonly outbox: Outbox;
  #person: string | undefined;
  #unseen: string | undefined;
  #isStopped = false;
  #leftTimer: Timer | undefined;
  /** Folders come and go one after the other: else two commands at once make two drives of one folder, and words for each. */
  readonly #turns = new Turns();

  constructor(parts: DrivesParts) {
    this.#parts = parts;
    this.#locks = new DriveLocks({ ...parts, note: (drive, change) => this.note(drive, change) });
    this.outbox = new Outbox(parts, this);
    const stored = readDrives(parts.home);
    this.#person = stored?.person;
    this.#unseen = stored?.unseen;
    for (const drive of stored?.drives ?? []) this.#open(drive, openStoredKeys(parts.key, drive));
  }

  get running(): ReadonlyMap<DriveId, RunningDrive> {
    return this.#running;
  }

  /** Starts watching; each drive gets a look at once. */
  start(): void {
    for (const drive of this.#running.values()) if (drive.stored.leftMs === undefined) this.#watch(drive);
    this.#sayLeft();
  }

  /** Of a folder that is not protected any more nothing is missing: others would tell of it as not saved, after days. */
  #sayLeft(): void {
    const now = this.#parts.clock.now();
    for (const [drive, { stored }] of this.#running)
      if (stored.leftMs !== undefined) this.#parts.tell({ kind: 'driveSaved', drive, savedMs: now, now });
    this.#leftTimer = this.#parts.clock.start(savedSayEveryMs, () => this.#sayLeft());
  }

  /** Takes no more snapshots of a drive of this machine; those that are there stay, also for this machine's own restores. */
  unprotect(drive: RunningDrive): Promise<void> {
    return this.#turns.take(() => this.#unprotect(drive));
  }

  #unprotect(drive: RunningDrive): void {
    this.note(drive, { leftMs: this.#parts.clock.now() });
    drive.snapshotter.cancel(snapshotCancelled());
    // Nobody waits for it: a watcher that is still going through a mount that does not answer ends when that does.
    void this.#rest(drive);
    const lastOutcome = outcomeWhenLeft(drive.stored);
    Object.assign(drive, { failure: undefined, wait: undefined, first: undefined, lastOutcome });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#leftTimer?.cancel();
    for (const drive of this.#running.values()) await this.#rest(drive);
  }

  async #rest(drive: RunningDrive): Promise<void> {
    drive.retry?.cancel();
    const { watcher } = drive;
    drive.watcher = undefined;
    await watcher?.stop();
  }

  /** The keys of a drive of this machine; undefined for others'. */
  keysOf(drive: DriveId): DriveKeys | undefined {
    return this.#running.get(drive)?.keys;
  }

  /** Whether anybody's words open what is saved from now on. */
  readonly hasPerson = (drive: RunningDrive): boolean => this.#locks.personOf(drive) !== undefined;

  /**
   * Makes a drive of a folder. The phrase of the person is needed only where it is another's than this machine's; a new
   * person's phrase is returned once. Throws `folder-missing`, `not-a-folder`, `folder-unreadable`, `folder-is-the-agents`, `phrase-wrong`.
   */
  protect(wanted: WantedFolder): Promise<ProtectAnswer> {
    return this.#turns.take(() => this.#protect(wanted));
  }

  async #protect(wanted: WantedFolder): Promise<ProtectAnswer> {
    const folder = folderToProtect(wanted.path, this.#parts.home.folder);
    const place = { folder, ...overlapOf(folder, this.#running.values()) };
    const known = [...this.#running.values()].find(({ stored }) => stored.folder === folder);
    if (known !== undefined && !this.#isDeleted(known)) {
      const changed = this.#change(known, wanted);
      await this.#giveTo(known, wanted.phrase);
      return { ...place, drive: driveId(known.stored.drive), isNew: false, ...changed, ...this.#toShow() };
    }
    if (known !== undefined) await this.#leave(known);
    const { person, made } = this.#personFor(wanted.phrase);
    const { drive, keys, record, ...first } = createDrive(this.#parts.key, { folder, person });
    await this.#parts.ownWords().write([record]);
    const before = [this.#person, this.#unseen] as const;
    this.#take(person, made);
    const running = this.#open({ drive, folder, ignore: leftOutOf(folder, wanted), ...first }, keys);
    this.#saveOr(() => {
      this.#running.delete(drive);
      [this.#person, this.#unseen] = before;
    });
    this.#watch(running);
    return { ...place, drive, isNew: true, hasBegun: true, ...this.#toShow() };
  }

  /** A command has shown the words to its person: they are nowhere here any more. */
  phraseSeen(): void {
    this.#unseen = undefined;
    this.#save();
  }

  /** Words that nobody has seen yet stay so: a second folder of the same person must not hide them. */
  #take(person: string, made: string | undefined): void {
    if (person !== this.#person) this.#unseen = made;
    this.#person = person;
  }

  /** New words until a command says that they were seen: it, or this agent, may be killed before. */
  readonly #toShow = () => (this.#unseen === undefined ? {} : { phrase: this.#unseen });

  /** Whoever's words are given, else the machine's person, else a new one. */
  #personFor(phrase: string | undefined): { readonly person: string; readonly made?: string } {
    const { membership } = this.#parts.core;
    const own = this.#person !== undefined && membership.isPersonOut(this.#person) ? undefined : this.#person;
    if (phrase === undefined && own !== undefined) return { person: own };
    const made = phrase === undefined ? createRecoveryPhrase() : undefined;
    const { recipient } = personFromPhrase(phrase ?? made ?? '');
    return made === undefined ? { person: recipient } : { person: recipient, made };
  }

  /** A drive that is there goes on where it was left, and leaves out what is said now; either begins a snapshot. */
  #change(drive: RunningDrive, wanted: WantedFolder): Pick<ProtectAnswer, 'hasBegun' | 'ignore'> {
    const { leftMs, ...stored } = drive.stored;
    const ignore = [...(wanted.ignore ?? stored.ignore)];
    const isOther = ignore.join('\n') !== stored.ignore.join('\n');
    if (leftMs === undefined && !isOther) return { hasBegun: false };
    this.#store(drive, { ...stored, ignore });
    void this.#rest(drive);
    this.#watch(drive);
    return { hasBegun: true, ...(isOther ? { ignore } : {}) };
  }

  /** A drive that is there gets other words, where some are given or where nobody's open it. */
  async #giveTo(drive: RunningDrive, phrase: string | undefined): Promise<void> {
    if (phrase === undefined && this.#locks.isOpenToSomebody(drive)) return;
    const { person, made } = this.#personFor(phrase);
    await this.#locks.settle(drive, person);
    this.#take(person, made);
    this.#save();
  }

  /** The snapshot that `protect` began, for the command that said so; a new one where it failed. */
  takeFirst(drive: RunningDrive): Promise<TakenSnapshot> {
    const { first } = drive;
    drive.first = undefined;
    return first?.catch(() => this.take(drive)) ?? this.take(drive);
  }

  /** Takes a snapshot now, after waiting for a plan. */
  async take(drive: RunningDrive): Promise<TakenSnapshot> {
    if (this.#isDeleted(drive)) throw driveDeleted();
    await this.#planned();
    await this.#locks.settle(drive);
    await this.#parts.keeper().resume(drive);
    await this.outbox.settle(drive);
    if (drive.stored.leftMs !== undefined) throw snapshotCancelled();
    const startedMs = this.#parts.clock.now();
    const outcome = await drive.snapshotter.snapshot();
    this.#parts.telemetry()?.countAccess(outcome.accesses);
    Object.assign(drive, {
      failure: undefined,
      wait: undefined,
      takenMs: startedMs,
      unread: outcome.unreadable,
    });
    this.#warnOfChange(drive, outcome);
    const taken = { ...outcome, acknowledged: this.outbox.submit(drive, outcome, startedMs) };
    void this.#parts.keeper().consider(drive, taken);
    void this.#tellSaved(drive, taken, startedMs);
    return taken;
  }

  async #tellSaved(drive: RunningDrive, taken: TakenSnapshot, savedMs: UnixMs): Promise<void> {
    await taken.acknowledged;
    const now = this.#parts.clock.now();
    this.#parts.tell({ kind: 'driveSaved', drive: driveId(drive.stored.drive), savedMs, now });
  }

  #warnOfChange(drive: RunningDrive, { massChange }: SnapshotOutcome): void {
    const isNew = drive.lastOutcome?.massChange === undefined;
    drive.lastOutcome = heldOutcome(massChange, drive.stored);
    const { massChange: held } = drive.lastOutcome;
    if (held === undefined) return;
    if (held.atMs !== drive.stored.heldChange?.atMs) this.note(drive, { heldChange: held });
    if (isNew) this.#parts.report('problem', `${massChangeText(held)}; ${heldText}`);
  }

  /** Looks at the folder again, as if it had changed. */
  takeSoon(drive: RunningDrive): void {
    void this.#look(drive);
  }

  /** Changes what is noted of a drive, on the disk when this returns. */
  note(drive: RunningDrive, change: Partial<StoredDrive>): void {
    this.#store(drive, { ...drive.stored, ...change });
  }

  #store(drive: RunningDrive, stored: StoredDrive): void {
    const before = drive.stored;
    drive.stored = stored;
    this.#saveOr(() => (drive.stored = before));
  }

  /** What is not on the disk does not hold: a new key would be gone with the next start. */
  #saveOr(undo: () => void): void {
    try {
      this.#save();
    } catch (error) {
      undo();
      throw nameDiskError(error);
    }
  }

  #open(stored: StoredDrive, keys: DriveKeys): RunningDrive {
    const { home, key, workers, clock } = this.#parts;
    const drive = driveId(stored.drive);
    const running = (): RunningDrive => this.#running.get(drive)!;
    const snapshotter = createSnapshotter({
      drive,
      get driveKey() {
        return running().keys.driveKey;
      },
      get formerKeys() {
        return running().keys.formerKeys;
      },
      get keyEpoch() {
        return running().stored.keyEpoch;
      },
      owner: key.peer,
      folder: stored.folder,
      get ignore() {
        return running().stored.ignore;
      },
      exclude: ownFolders(home),
      stateFolder: join(home.drives, drive),
      workers,
      stagePack: (descriptor, shards) => this.#stage(descriptor, shards),
      redundancyFor: (placementClass) => this.#redundancyFor(placementClass),
      now: () => clock.now(),
      acceptedMs: () => running().stored.acceptedMs,
      pace: this.#parts.pacing,
    });
    const lastOutcome = stored.leftMs === undefined ? undefined : outcomeWhenLeft(stored);
    const opened = quietDrive({ stored, keys, snapshotter, lastOutcome });
    this.#running.set(drive, opened);
    return opened;
  }

  async #stage(descriptor: PackDescriptor, shards: readonly Uint8Array[]): Promise<void> {
    await this.#parts.disk.stage(descriptor, shards);
    this.#parts.tell({ kind: 'packStaged', descriptor, now: this.#parts.clock.now() });
  }

  #redundancyFor(placementClass: PackDescriptor['placementClass']): Redundancy {
    const classes = this.#parts.core.election.plan?.classes ?? [];
    const found =
      classes.find(({ name, groups }) => name === placementClass && groups.length > 0) ??
      classes.find(({ groups }) => groups.length > 0);
    if (found !== undefined) return found.redundancy;
    throw noPlanYet();
  }

  #planned(): Promise<void> {
    const { core, clock } = this.#parts;
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#isStopped) return;
        const isThere = core.election.plan?.classes.some(({ groups }) => groups.length > 0) === true;
        if (isThere) resolve();
        else clock.start(planWaitMs, look);
      };
      look();
    });
  }

  #watch(drive: RunningDrive): void {
    const { home, clock } = this.#parts;
    const look = async (why: 'hint' | 'look'): Promise<void> => {
      const outcome = await this.#look(drive);
      if (why === 'look' && outcome === 'staged') drive.watcher?.foundByLook();
    };
    drive.watcher = startWatcher({
      folder: drive.stored.folder,
      ignore: drive.stored.ignore,
      exclude: ownFolders(home),
      clock,
      onChange: (why) => void look(why),
    });
    drive.first = this.take(drive);
    void this.#look(drive, drive.first);
  }

  /** Admins had all of it deleted: nothing more of it is kept by anybody. */
  #isDeleted({ stored }: RunningDrive): boolean {
    return this.#parts.core.shelf.wiped.has(driveId(stored.drive));
  }

  async #leave(drive: RunningDrive): Promise<void> {
    await this.#rest(drive);
    this.#running.delete(driveId(drive.stored.drive));
  }

  /** Undefined when no snapshot was taken. */
  async #look(
    drive: RunningDrive,
    taking?: Promise<TakenSnapshot>,
  ): Promise<TakenSnapshot['outcome'] | undefined> {
    if (this.#isStopped || drive.stored.leftMs !== undefined || this.#isDeleted(drive)) return undefined;
    if (taking === undefined && (await this.#hasToWait(drive))) return undefined;
    try {
      const taken = await (taking ?? this.take(drive));
      if (taken.unreadable.length > 0)
        this.#parts.report(
          'warning',
          `${countText(taken.unreadable.length, 'file')} of a drive could not be read`,
        );
      return taken.outcome;
    } catch (error) {
      // Whatever ends with the agent has not failed.
      if (this.#isStopped || drive.stored.leftMs !== undefined) return undefined;
      const before = drive.failure;
      drive.failure = error instanceof Error ? error.message : String(error);
      // Told once, however often it fails so.
      if (drive.failure !== before)
        this.#parts.report('problem', `a snapshot failed and is tried again: ${drive.failure}`);
      drive.retry?.cancel();
      drive.retry = this.#parts.clock.start(retryMs, () => void this.#look(drive));
      return undefined;
    }
  }

  /** On battery: looks again later. What a person asks for does not come here. */
  async #hasToWait(drive: RunningDrive): Promise<boolean> {
    const { power, pacing, clock } = this.#parts;
    drive.wait = pacing().pauseReason ?? powerWait(await power(), drive.takenMs, clock.now());
    if (drive.wait === undefined || this.#isStopped) return this.#isStopped;
    drive.retry?.cancel();
    drive.retry = clock.start(powerLookMs, () => void this.#look(drive));
    return true;
  }

  #save(): void {
    const drives = [...this.#running.values()].map(({ stored }) => stored);
    const person = this.#person === undefined ? {} : { person: this.#person };
    const unseen = this.#unseen === undefined ? {} : { unseen: this.#unseen };
    writeDrives(this.#parts.home, { ...person, ...unseen, drives });
  }
}
