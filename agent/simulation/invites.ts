// Invites for one machine that two admins answer at once, each in another log: two machines come, and everybody must put out the same one.

import { days, hours, minutes, type Random, unixMs } from '../../datasets/index.ts';
import { sha256Hex, signStatement } from '../codec/index.ts';
import { inviteId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** Whoever wrote the word may have crashed, or nobody was there: it is said again. */
const againMs = hours(1);

/** Over the first half of the days, at random moments. */
export function scheduleTwins(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  timesApart(
    scheduler,
    { count: Math.ceil(fleet.options.faults.twinInviteCount), share: 0.5 },
    (random, time) => comeTwice(fleet, random, time),
  );
}

function comeTwice(fleet: Fleet, random: Random, time: number): void {
  const [first, second] = fleet.admins;
  const now = Math.floor(fleet.queue.nowMs);
  const publicKey = sha256Hex(Buffer.from(`invite ${time} ${fleet.options.seed}`));
  const invite = inviteId(publicKey.slice(0, 32));
  const inviting = signStatement(first, {
    kind: 'invite',
    invite,
    publicKey,
    usesMax: 1,
    notAfterMs: unixMs(now + days(1)),
  });
  const early = fleet.addMachine({ invite, by: first, notBeforeMs: unixMs(now) });
  const late = fleet.addMachine({ invite, by: second, notBeforeMs: unixMs(now + minutes(1)) });
  const left = new Set(['invite', 'early', 'late']);
  const said = (what: string): void => {
    left.delete(what);
    if (left.size === 0) fleet.noteOut(late, 'machine that came too late by its invite');
  };
  const anywhere = (): number => random.below(fleet.options.agentCount);
  const write = (what: string, bytes: Uint8Array, machine?: Machine): void => {
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      if (machine !== undefined) arrive(fleet, machine);
      said(what);
    };
    const again = (): void => {
      if (isDone || now + days(1) < fleet.queue.nowMs) return;
      fleet.publishStatement(bytes, done, anywhere());
      fleet.queue.schedule(fleet.queue.nowMs + againMs, again);
    };
    again();
  };
  // Nobody has its certificate before that is written.
  for (const machine of [early, late]) machine.isDestroyed = true;
  write('invite', inviting.bytes);
  write('early', early.certificate, early);
  write('late', late.certificate, late);
}

function arrive(fleet: Fleet, machine: Machine): void {
  machine.isDestroyed = false;
  machine.powerOn(fleet);
}
