// Deletions that admins ask for in a simulated fleet: some by a quorum, some that are stopped again, some by a thief who has one admin's key.
// What may be freed, and from when, is known here, and held against what machines believe.

import { hours, type Random, type UnixMs, unixMs } from '../../datasets/index.ts';
import { type AdminKey, sha256Hex, signStatement, type Statement } from '../codec/index.ts';
import { wipeWaitMsMin } from '../limits.ts';
import { type DriveId, type PeerId, type WipeId, wipeId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import { driveOf, type Written } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, times } from './scheduling.ts';

/** Holders wait by their own clocks, which may be set forwards meanwhile. */
const wrongClocksMs = hours(12);
/** An admin who stops a wipe has seen it by then. */
const seenMs = hours(2);

/** Schedules wishes over the days. Of three admins the last one's key was stolen. */
export function scheduleWipes(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, days } = fleet.options;
  times(scheduler, faults.wipesPerDay * days, (random, time) => begin(fleet, random, time));
}

function begin(fleet: Fleet, random: Random, time: number): void {
  const { agentCount } = fleet.options;
  const { peer } = fleet.machines[random.below(agentCount)]!;
  const wish = {
    fleet,
    drive: driveOf(peer),
    wipe: wipeId(sha256Hex(Buffer.from(`wipe ${time} ${peer}`)).slice(0, 32)),
  };
  const kind = random.fraction();
  const isOfSurplus = Number.isFinite(fleet.options.keepLast) && random.fork('scope').fraction() < 0.5;
  if (kind < 0.4 && isOfSurplus) hasten(wish, peer, random);
  else if (kind < 0.4) agree(wish, random);
  else if (kind < 0.6) stop(wish, random);
  else steal(wish, random);
}

type WipeScope = Extract<Statement, { kind: 'wipe' }>['scope'];

interface Wish {
  readonly fleet: Fleet;
  readonly drive: DriveId;
  readonly wipe: WipeId;
}

const now = ({ fleet }: Wish): UnixMs => unixMs(Math.floor(fleet.queue.nowMs));

const asking = (wish: Wish, atMs = now(wish), scope: WipeScope = 'drive'): Statement => ({
  kind: 'wipe',
  wipe: wish.wipe,
  drive: wish.drive,
  scope,
  reason: 'simulated',
  atMs,
});

const word = (
  wish: Wish,
  which: 'agree' | 'stop',
  { atMs = now(wish), scope = 'drive' }: { readonly atMs?: UnixMs; readonly scope?: WipeScope } = {},
): Statement => ({
  kind: 'wipeWord',
  wipe: wish.wipe,
  word: which,
  about: { drive: wish.drive, scope },
  reason: 'simulated',
  atMs,
});

interface Saying {
  readonly by: AdminKey;
  /** The log in which it stands: of this machine, or the next that may write. */
  readonly at?: number;
  readonly statement: Statement;
}

const signedBy = (by: AdminKey, statement: Statement): string =>
  sha256Hex(signStatement(by, statement).bytes);

/** `done` when it is on a machine's disk: a crash may lose it before. */
const say = (
  { fleet }: Wish,
  { by, statement, at }: Saying,
  done = (_author: Machine): void => {},
): boolean => fleet.publishStatement(signStatement(by, statement).bytes, done, at);

/** Two admins: from now on the drive's shards may go when the time is over, and must when both words were written. */
function agree(wish: Wish, random: Random): void {
  const { fleet, drive } = wish;
  const [first, second] = fleet.admins;
  const words: Written[] = [];
  const note = ({ peer: by }: Machine): void => void words.push({ by, atMs: fleet.queue.nowMs });
  if (!say(wish, { by: first, statement: asking(wish) }, note)) return;
  fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * hours(20), () => {
    const fromMs = fleet.queue.nowMs + wipeWaitMsMin - wrongClocksMs;
    const isSaid = say(wish, { by: second, statement: word(wish, 'agree') }, (author) => {
      note(author);
      if (words.length === 2) fleet.ledger.noteWiped(drive, words);
    });
    if (!isSaid) return;
    fleet.noteFault('deletion by a quorum');
    fleet.ledger.mayWipe(drive, fromMs);
  });
}

/** Two admins: what the owner gave up may go sooner, and nothing else. */
function hasten(wish: Wish, owner: PeerId, random: Random): void {
  const { fleet, drive } = wish;
  const [first, second] = fleet.admins;
  const isStolen = (): boolean => fleet.machineOf(owner)?.isRevoked === true;
  const asked = asking(wish, now(wish), 'given up');
  if (isStolen() || !say(wish, { by: first, statement: asked })) return;
  fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * hours(20), () => {
    const agreed = word(wish, 'agree', { scope: 'given up' });
    if (isStolen() || !say(wish, { by: second, statement: agreed })) return;
    fleet.ledger.noteHastening(drive, [signedBy(first, asked), signedBy(second, agreed)]);
    fleet.noteFault('what was given up is hastened by a quorum');
    fleet.ledger.mayHasten(drive, fleet.queue.nowMs);
  });
}

/** Two admins, and the first one thinks better of it. */
function stop(wish: Wish, random: Random): void {
  const { fleet } = wish;
  const [first, second] = fleet.admins;
  if (
    !say(wish, { by: first, statement: asking(wish) }) ||
    !say(wish, { by: second, statement: word(wish, 'agree') })
  )
    return;
  let left = 2;
  const again = (): void => {
    fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * seenMs, () => {
      // Said again where the machine that took it crashed, or where nobody was there.
      const isSaid = say(wish, { by: first, statement: word(wish, 'stop') }, () => left--);
      if (!isSaid || left > 0) again();
    });
  };
  fleet.noteFault('deletion that was stopped');
  again();
}

/** One key, twice, in any log, and dated long ago: it stays one. */
function steal(wish: Wish, random: Random): void {
  const { fleet } = wish;
  const thief = fleet.admins[2];
  const logs = random.fork('logs');
  const anywhere = (): number => logs.below(fleet.options.agentCount);
  if (!say(wish, { by: thief, statement: asking(wish, fleet.startMs) })) return;
  fleet.noteFault('deletion by a thief of one key');
  const atMs = (): number => fleet.queue.nowMs + random.fraction() * hours(6);
  fleet.queue.schedule(
    atMs(),
    () =>
      void say(wish, { by: thief, at: anywhere(), statement: word(wish, 'agree', { atMs: fleet.startMs }) }),
  );
  fleet.queue.schedule(atMs(), () => {
    const rule = { kind: 'wipeRule', adminCount: 1, waitMs: 0, atMs: fleet.startMs } as const;
    say(wish, { by: thief, at: anywhere(), statement: rule });
  });
}

/** No machine may believe that a drive's packs are to be freed before enough admins said so for long enough. */
export function lookForWipes(fleet: Fleet): void {
  const { checks, ledger, machines, queue } = fleet;
  for (const { shell, liar, isRevoked, index } of machines) {
    if (shell === undefined || liar !== undefined || isRevoked) continue;
    checks.counts.wiped++;
    for (const drive of shell.core.shelf.wiped)
      if (!ledger.isWipeable(drive, queue.nowMs))
        checks.violate(
          'wiped',
          `machine ${index} frees drive ${drive.slice(0, 8)} without a quorum, or too early, on ${checks.dayText(queue.nowMs)}`,
        );
  }
}
